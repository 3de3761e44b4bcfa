package notice

import (
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Lately is how long after a record's end people are still told of it.
const Lately = 30 * day

// Gathering puts together what is known of each key: what the plan says, what is
// on record, and what can't wait, of one account. The zero Gathering is empty.
type Gathering struct {
	Name string // of the account; may be empty

	matters []Matter
	at      map[[3]string]int
}

// of is the matter of a key, which owner is told.
func (g *Gathering) of(account, user, thing, owner string) *Matter {
	key := [3]string{account, user, thing}
	i, ok := g.at[key]
	if !ok {
		if g.at == nil {
			g.at = map[[3]string]int{}
		}
		i = len(g.matters)
		g.at[key] = i
		g.matters = append(g.matters, Matter{Account: account, Name: g.Name, User: user, Thing: thing, Owner: owner})
	}
	return &g.matters[i]
}

// thing names a key by its ID, else by when it was made.
func thing(id accesskey.ID, created time.Time, other string) string {
	switch {
	case id != "":
		return string(id)
	case !created.IsZero():
		return "key created " + stamp(created)
	}
	return other
}

// Finding takes what can't wait: worse than medium, and due at once. What has a
// due date comes with the plan, which knows the policy.
func (g *Gathering) Finding(f policy.Finding, owner string) {
	if f.Rule.ReportOnly() || !f.Due.IsZero() || f.Severity < policy.High {
		return
	}
	m := g.of(f.Account, f.User, thing(f.KeyID, f.Created, f.Subject), owner)
	m.AtOnce = true
	m.Reasons = append(m.Reasons, f.Reason)
}

// Planned takes what the plan says about one key. Exempt keys and what could not
// be judged are nobody's matter; of keys that the policy leaves alone the owner
// hears that they grow old all the same.
func (g *Gathering) Planned(i policy.Item, active bool, r policy.Ruling) {
	due, reason := i.Due, i.Saw
	switch {
	case !active || i.Action == policy.Unjudged || i.Reason == policy.WhyExempt:
		return
	case (i.Action == policy.Leave || i.Reason == policy.WhyManaged) && r.Rules.MaxAge > 0 && !i.Created.IsZero():
		due = i.Created.Add(r.Rules.MaxAge)
		reason = fmt.Sprintf("keytend leaves it alone: %s", i.Saw)
	}
	if !i.Limit.IsZero() { // the day that notice would be over on, if it began today, is another one tomorrow
		due = i.Limit
	}
	if due.IsZero() {
		return
	}
	m := g.of(i.Account, i.User, thing(i.Key, i.Created, ""), Named(r))
	m.Due, m.Plan = due, planOf(i, r.Mode)
	if reason != "" {
		m.Reasons = append(m.Reasons, reason)
	}
}

// Named is the owner that a ruling names; empty where it is only the fallback.
func Named(r policy.Ruling) string {
	if len(r.OwnerFrom) >= len(fallback) && r.OwnerFrom[:len(fallback)] == fallback {
		return ""
	}
	return r.Owner
}

// fallback is how rulings say that nobody is known.
const fallback = "fallback"

// planOf is what Keytend will do by itself, or what a person can do about it.
func planOf(i policy.Item, mode policy.Mode) string {
	if i.Todo != "" {
		return i.Todo
	}
	if mode != policy.Approve && mode != policy.Enforce || i.Action != policy.Begin && i.Action != policy.Comes && i.Action != policy.PutOff {
		return ""
	}
	does := "keytend replaces it by itself"
	if i.Work == accesskey.Retirement {
		does = "keytend switches it off, unless it is used before"
	}
	if mode == policy.Approve {
		does += ", once that is approved"
	}
	if !i.At.IsZero() {
		does += ", from " + dayOf(i.At)
	}
	return does
}

// Record takes what is under way, or has ended lately.
func (g *Gathering) Record(r accesskey.Record, owner string, now time.Time) {
	if !r.Live() && now.Sub(r.Ended) >= Lately {
		return
	}
	m := g.of(r.Subject.Account, r.Subject.User, string(r.Old), owner)
	if m.Record == nil || r.Live() {
		m.Record = &r
	}
}

// Dues are the due dates known of a user's keys, or of one of them.
func (g *Gathering) Dues(user, thing string) []time.Time {
	var dues []time.Time
	for _, m := range g.matters {
		if m.User == user && (thing == "" || thing == m.Thing) && !m.Due.IsZero() {
			dues = append(dues, m.Due)
		}
	}
	return dues
}

// Pressing returns the matters of which somebody may have to hear now: the
// others, by far the most, need not be kept.
func (g *Gathering) Pressing(l Ladder, now time.Time) []Matter {
	var pressing []Matter
	never := func(string) time.Time { return time.Time{} }
	for _, m := range g.matters {
		if len(m.rungs(l, never, now)) > 0 {
			pressing = append(pressing, m)
		}
	}
	return pressing
}

// Longest is the longest time before the due time at which somebody is told.
func (l Ladder) Longest() time.Duration {
	var longest time.Duration
	for _, d := range l {
		longest = max(longest, d)
	}
	return longest
}
