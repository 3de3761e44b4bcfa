package fakeaws

import (
	"encoding/csv"
	"strconv"
	"strings"
	"time"
)

// The credential report.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html

const (
	// reportKept is how long a stored report is handed out instead of a new one.
	reportKept = 4 * time.Hour
	// reportTime and reportUserTime are how long AWS works on a report: some
	// time, and some more for each user. AWS publishes no numbers.
	reportTime     = 500 * time.Millisecond
	reportUserTime = 200 * time.Microsecond
	// Generating is limited; AWS publishes no numbers either.
	reportRate  = 1.0
	reportBurst = 10.0
	// useSpan: only the first use in each 15 minutes is recorded.
	useSpan = 15 * time.Minute
)

// report is the stored credential report of an account.
type report struct {
	working   bool
	generated time.Time // zero: there is none
	content   []byte
}

func (r *report) fresh(now time.Time) bool {
	return !r.generated.IsZero() && now.Sub(r.generated) < reportKept
}

func reportActions() map[string]action {
	return map[string]action{
		"GenerateCredentialReport": {do: generateReport},
		"GetCredentialReport":      {do: getReport},
	}
}

type reportState struct{ State, Description string }

func generateReport(r *request) (any, *apiError) {
	key := bucketKey{account: r.account.id, service: "iam", action: "credential report"}
	if !r.aws.take(key, reportRate, reportBurst, r.now) {
		return nil, errLimit("Rate of credential report generation requests exceeded.")
	}
	acct := r.account
	switch stored := &acct.report; {
	case stored.working:
		return reportState{State: "INPROGRESS"}, nil
	case stored.fresh(r.now):
		return reportState{State: "COMPLETE"}, nil
	}
	acct.report.working = true
	takes := reportTime + time.Duration(acct.users.len())*reportUserTime
	r.aws.later(r.now.Add(takes), func(now time.Time) { acct.storeReport(second(now), r.aws.config.LastUsedLag) })
	return reportState{"STARTED", "No report exists. Starting a new report generation task"}, nil
}

// getReport refuses without any message, as AWS does (prowler issue 272,
// introspector issue 17).
func getReport(r *request) (any, *apiError) {
	switch stored := &r.account.report; {
	case stored.working:
		return nil, &apiError{Status: 404, Code: "ReportInProgress"}
	case stored.generated.IsZero():
		return nil, &apiError{Status: 410, Code: "ReportNotPresent"}
	case !stored.fresh(r.now):
		return nil, &apiError{Status: 410, Code: "ReportExpired"}
	}
	return struct {
		Content       []byte
		ReportFormat  string
		GeneratedTime time.Time
	}{r.account.report.content, "text/csv", r.account.report.generated}, nil
}

var reportColumns = []string{
	"user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed", "password_next_rotation", "mfa_active",
	"access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date", "access_key_1_last_used_region", "access_key_1_last_used_service",
	"access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date", "access_key_2_last_used_region", "access_key_2_last_used_service",
	"cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
}

// reportWriter writes the report of an account as it was at one time.
type reportWriter struct {
	account *account
	at      time.Time
	lag     time.Duration
	row     []string
}

// storeReport keeps a report of the account as it is at now. A time in the past
// shows what was there already and nothing of what came later.
func (acct *account) storeReport(now time.Time, lag time.Duration) {
	w := reportWriter{account: acct, at: now, lag: lag}
	var b strings.Builder
	rows := csv.NewWriter(&b)
	header := reportColumns
	if acct.spec.ReportExtraColumn {
		header = append(header[:len(header):len(header)], "additional_credentials_info")
	}
	_ = rows.Write(header) // a strings.Builder takes everything
	_ = rows.Write(w.rootRow())
	for _, u := range acct.users.all() {
		if !u.created.After(now) {
			_ = rows.Write(w.userRow(u))
		}
	}
	rows.Flush()
	acct.report = report{generated: now, content: []byte(strings.TrimSuffix(b.String(), "\n"))}
}

func (w *reportWriter) add(values ...string) { w.row = append(w.row, values...) }

func (w *reportWriter) rootRow() []string {
	acct := w.account
	w.row = nil
	w.add("<root_account>", acct.arn("iam", "root"), w.date(acct.created), "not_supported")
	w.add(w.passwordUsed(acct.root.passwordUsed), "not_supported", "not_supported", strconv.FormatBool(acct.root.mfa))
	w.credentials(acct.root.keys, acct.root.certificates)
	return w.row
}

func (w *reportWriter) userRow(u *user) []string {
	w.row = nil
	w.add(u.name, w.account.userARN(u), w.date(u.created))
	if p := u.password; p != nil && !p.Created.After(w.at) {
		w.add("true", w.passwordUsed(p.LastUsed), w.date(p.changed()), "N/A")
	} else {
		w.add("false", "N/A", "N/A", "N/A")
	}
	w.add(strconv.FormatBool(len(u.devices) > 0))
	w.credentials(u.keys, u.certificates)
	return w.row
}

func (w *reportWriter) passwordUsed(at time.Time) string {
	if at.IsZero() || at.After(w.at) {
		return "no_information"
	}
	return w.date(at)
}

// credentials adds both key slots, both certificate slots and, where the
// account has the column, what found no slot.
func (w *reportWriter) credentials(keys []*accessKey, certificates []CertificateSpec) {
	var known []*accessKey
	for _, k := range byID(keys) {
		if !k.created.After(w.at) {
			known = append(known, k)
		}
	}
	for slot := range 2 {
		if slot < len(known) {
			w.key(known[slot])
		} else {
			w.add("false", "N/A", "N/A", "N/A", "N/A")
		}
	}
	for slot := range 2 {
		if slot < len(certificates) {
			c := certificates[slot]
			w.add(strconv.FormatBool(c.Status == "" || c.Status == active), w.date(c.Uploaded))
		} else {
			w.add("false", "N/A")
		}
	}
	if w.account.spec.ReportExtraColumn {
		w.add(additionalInfo(len(known)-2, len(certificates)-2))
	}
}

// key adds one slot. An inactive key keeps its dates, whatever the guide says
// (see aws-facts: "inactive keys have been seen keeping it").
func (w *reportWriter) key(k *accessKey) {
	w.add(strconv.FormatBool(k.status() == active), w.date(k.created))
	last := k.lastUsedInReport(w.at, w.lag)
	if last == nil {
		w.add("N/A", "N/A", "N/A")
		return
	}
	w.add(w.date(last.At), last.Region, last.Service)
}

// lastUsedInReport is the last use as the report has it: uses that follow
// another within the same 15 minutes are not recorded.
func (k *accessKey) lastUsedInReport(now time.Time, lag time.Duration) *KeyUse {
	last := k.lastUsed(now, lag)
	if last == nil {
		return nil
	}
	span := last.At.Truncate(useSpan)
	for i := range k.uses {
		if u := &k.uses[i].KeyUse; u.At.Truncate(useSpan).Equal(span) {
			return u
		}
	}
	return last
}

func (w *reportWriter) date(t time.Time) string {
	if w.account.spec.ReportDateOffset {
		return t.UTC().Format("2006-01-02T15:04:05+00:00")
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// additionalInfo is additional_credentials_info: how many keys and
// certificates have no column of their own, and which calls list them.
func additionalInfo(keys, certificates int) string {
	var parts []string
	if keys > 0 {
		parts = append(parts, strconv.Itoa(keys)+" additional access key(s): use ListAccessKeys")
	}
	if certificates > 0 {
		parts = append(parts, strconv.Itoa(certificates)+" additional certificate(s): use ListSigningCertificates")
	}
	if parts == nil {
		return "N/A"
	}
	return strings.Join(parts, "; ")
}
