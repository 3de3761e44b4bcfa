package report

import (
	"io"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// metricsEmitter writes a file for the textfile collector of Prometheus'
// node_exporter. No key or user is a label: series are as many as accounts, and
// rules times severities, whatever there is in the accounts. What is not known
// has no sample rather than a zero.
// https://github.com/prometheus/node_exporter#textfile-collector
type metricsEmitter struct {
	w        io.Writer
	registry *prometheus.Registry

	scanned, accounts, known   prometheus.Gauge
	failures                   *prometheus.GaugeVec // by class
	keys, oldest, root, unread *prometheus.GaugeVec // by account
	findings, bySeverity       *prometheus.GaugeVec
}

func newMetricsEmitter(w io.Writer) *metricsEmitter {
	e := &metricsEmitter{w: w, registry: prometheus.NewRegistry()}
	e.scanned = e.gauge("scan_timestamp_seconds", "When the scan was made, by AWS's clock.")
	e.accounts = e.gauge("scan_accounts", "Accounts that were read.")
	e.known = e.gauge("baseline_findings", "Findings left out of keytend_findings because a baseline has them.")
	e.failures = e.gauges("scan_failures", "Things that could not be read, by kind of failure; what depends on them is not counted here.", "class")
	e.keys = e.gauges("access_keys", "Access keys, the root user's included, by account and status.", "account", "status")
	e.oldest = e.gauges("access_key_oldest_age_seconds", "Age of the account's oldest access key that is Active.", "account")
	e.root = e.gauges("root_access_keys", "Access keys of the account's root user.", "account")
	e.unread = e.gauges("users_unread", "Users whose access keys could not be read.", "account")
	e.findings = e.gauges("findings", "Rules broken, in all accounts.", "rule", "severity")
	e.bySeverity = e.gauges("account_findings", "Rules broken in an account.", "account", "severity")
	return e
}

func (e *metricsEmitter) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "keytend", Name: name, Help: help})
	e.registry.MustRegister(g)
	return g
}

func (e *metricsEmitter) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "keytend", Name: name, Help: help}, labels)
	e.registry.MustRegister(g)
	return g
}

// begin sets to zero what is known to be countable, so that an alert ends when
// the last finding does.
func (e *metricsEmitter) begin(now time.Time, _ policy.Rules) error {
	e.scanned.Set(float64(now.Unix()))
	for _, rule := range policy.AllRules() {
		for _, severity := range policy.Severities() {
			e.findings.WithLabelValues(string(rule), severity.String()).Set(0)
		}
	}
	return nil
}

func (e *metricsEmitter) account(inv accesskey.Inventory, findings []policy.Finding, rules policy.Rules, now time.Time) error {
	e.accounts.Inc()
	account := clean(inv.Account.ID)
	c := counts(inv)
	for status, n := range map[string]int{"active": c.Active, "inactive": c.Inactive, "expired": c.Expired, unknown: c.StatusUnknown} {
		e.keys.WithLabelValues(account, status).Set(float64(n))
	}
	e.unread.WithLabelValues(account).Set(float64(c.UsersUnknown))
	if c.RootKeys != nil {
		e.root.WithLabelValues(account).Set(float64(*c.RootKeys))
	}
	if created, ok := oldestActive(inv, rules); ok {
		e.oldest.WithLabelValues(account).Set(max(0, now.Sub(created).Seconds()))
	}
	for _, severity := range policy.Severities() {
		e.bySeverity.WithLabelValues(account, severity.String()).Set(0)
	}
	for _, f := range findings {
		e.bySeverity.WithLabelValues(account, f.Severity.String()).Inc()
	}
	return nil
}

// oldestActive is when the oldest Active key was made; false: there is none, or
// none whose age is known.
func oldestActive(inv accesskey.Inventory, rules policy.Rules) (oldest time.Time, found bool) {
	for h := range held(inv, rules) {
		created, ok := h.key.Created.Get()
		status, _ := h.key.Status.Get()
		if ok && status == accesskey.Active && (!found || created.Before(oldest)) {
			oldest, found = created, true
		}
	}
	return oldest, found
}

func (e *metricsEmitter) finding(f policy.Finding) error {
	e.findings.WithLabelValues(clean(string(f.Rule)), f.Severity.String()).Inc()
	return nil
}

func (e *metricsEmitter) end(r rest) error {
	e.known.Set(float64(len(r.known)))
	for _, f := range r.errors {
		e.failures.WithLabelValues(clean(strings.ToLower(f.Class))).Inc()
	}
	families, err := e.registry.Gather()
	if err != nil {
		return err
	}
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(e.w, family); err != nil {
			return err
		}
	}
	return nil
}
