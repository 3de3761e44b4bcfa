package notice

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Matters makes what owners have to hear of out of one account's findings and
// records. Findings about the same key become one matter, due when the first of
// them is. owner names who owns a user; empty: nobody is known. Records that
// ended longer than Lately ago are left out.
func Matters(findings []policy.Finding, records []accesskey.Record, owner func(account, user string) string, now time.Time) []Matter {
	var all []Matter
	at := map[[3]string]int{}
	find := func(account, user, thing string) *Matter {
		key := [3]string{account, user, thing}
		i, ok := at[key]
		if !ok {
			i = len(all)
			at[key] = i
			all = append(all, Matter{Account: account, User: user, Thing: thing, Owner: owner(account, user)})
		}
		return &all[i]
	}
	for _, f := range findings {
		if telling(f) {
			find(f.Account, f.User, thingOf(f)).take(f)
		}
	}
	for i := range records {
		if r := &records[i]; r.Live() || now.Sub(r.Ended) < Lately {
			find(r.Subject.Account, r.Subject.User, string(r.Old)).Record = r
		}
	}
	return all
}

// Lately is how long after a record's end people are still told of it.
const Lately = 30 * day

// telling: owners hear of keys that are due, and of what can't wait. The rest
// stands in the report.
func telling(f policy.Finding) bool {
	return !f.Rule.ReportOnly() && (!f.Due.IsZero() || f.Severity >= policy.High)
}

func thingOf(f policy.Finding) string {
	if f.KeyID != "" {
		return string(f.KeyID)
	}
	return f.Subject
}

func (m *Matter) take(f policy.Finding) {
	m.Reasons = append(m.Reasons, f.Reason)
	switch {
	case f.Due.IsZero():
		m.AtOnce = true
	case m.Due.IsZero() || f.Due.Before(m.Due):
		m.Due = f.Due
	}
}
