package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// measuring counts keys for CloudWatch, where that is asked for.
type measuring struct {
	what choice // empty: not asked for

	lock    sync.Mutex
	metrics *report.Metrics
	seen    int
	left    leftRotations
}

// leftRotations are those that nobody goes on with, for their secret is gone: to find
// out takes a scan.
type leftRotations struct {
	asked, unsure bool // unsure: there may be more
	n             int
}

// leftOf counts those among an account's findings. unread are the users of whom it is
// not known.
func (m *measuring) leftOf(findings []policy.Finding, unread []accesskey.Failure) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.left.asked, m.left.unsure = true, m.left.unsure || len(unread) > 0
	for _, f := range findings {
		if f.Rule == policy.SecretGone && f.Severity == policy.High { // a rotation was under way
			m.left.n++
		}
	}
}

// data are no zero that may not be true: it would end an alarm.
func (l leftRotations) data() []report.Datum {
	if !l.asked || l.unsure && l.n == 0 {
		return nil
	}
	return []report.Datum{report.RotationsFailed(l.n)}
}

// byAccount is the value of --cloudwatch with metrics for each account.
const byAccount = "accounts"

func (m *measuring) addTo(command *cobra.Command) {
	m.what.allowed = []string{"total", byAccount}
	m.what.addTo(command, "cloudwatch", "", "put Keytend's own metrics into CloudWatch: all accounts together, or (--cloudwatch=accounts) each as well")
	command.Flags().Lookup("cloudwatch").NoOptDefVal = "total"
}

func (m *measuring) asked() bool { return m.what.value != "" }

// account counts one account. findings are all that there are, whatever is
// reported of them.
func (m *measuring) account(inv accesskey.Inventory, findings []policy.Finding, at time.Time) {
	if !m.asked() {
		return
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	m.counting().Account(inv, findings, at)
	m.seen++
}

func (m *measuring) counting() *report.Metrics {
	if m.metrics == nil {
		m.metrics = report.NewMetrics(m.what.value == byAccount)
	}
	return m.metrics
}

// send puts what was counted, and more, into CloudWatch. came is what the
// command came to; missing is how many accounts could not be read. Where
// nothing was read at all nothing is sent: no data is what tells of it.
func (m *measuring) send(ctx context.Context, a *app, session *awsapi.Session, at time.Time, missing int, came error, more ...report.Datum) error {
	if !m.asked() || m.seen == 0 || ctx.Err() != nil || errors.Is(came, errDeclined) {
		return came
	}
	if missing > 0 {
		m.counting().Unread()
		m.left.unsure = true
	}
	data := slices.Concat(m.counting().Data(), m.left.data(), more)
	if a.function {
		if err := report.EmbedMetrics(a.stdout, at, data); came == nil {
			came = err
		}
		return came
	}
	var metrics []awsapi.Metric
	for _, d := range data {
		metrics = append(metrics, awsapi.Metric{Name: d.Name, Unit: d.Unit, Dimensions: d.Dimensions, Value: d.Value})
	}
	if err := session.PutMetrics(ctx, report.CloudWatchNamespace, at, metrics); err != nil {
		if a.say(err); came == nil {
			return verdict{code: exitFailed, text: "everything else is done, the metrics were not put into CloudWatch"}
		}
		return came
	}
	region, _ := session.Region()
	a.aside("cloudwatch: %s put in %s", count(len(metrics), "value"), region)
	return came
}

// fleetBase is the session whose account and region have what is told of many
// accounts together: of the credentials in use or, where profiles are named
// alone, of the first.
func (a *app) fleetBase(ctx context.Context, f *fleetFlags) (*awsapi.Session, error) {
	if len(f.profiles) > 0 && !f.organization {
		return a.openProfile(ctx, f.profiles[0])
	}
	return a.open(ctx)
}
