package monitor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
)

// Verdict is what is said of a user's credentials, or of the root user's.
type Verdict string

// The verdicts.
const (
	Good    Verdict = "ok"
	Bad     Verdict = "bad"
	Nothing Verdict = "nothing to judge"
	Unread  Verdict = "unknown"
)

// Seen is one rule of AWS Config and what it found.
type Seen struct {
	Rule      awsapi.ConfigRule
	Evaluated time.Time // the zero time: never
	Verdicts  []awsapi.ConfigVerdict
}

// Row is one user held against one rule: AWS Config's verdict beside ours.
type Row struct {
	Identifier string
	Rule       string
	User       string // policy.RootUser for the root user
	Ours       Verdict
	Saw        string // what ours goes by
	Config     Verdict
	At         time.Time // of AWS Config's; the zero time: it has none
	Same       bool
	Why        string // they differ; empty where Same
	Explained  bool   // the reason holds: with it, our judgement comes to AWS Config's
}

// Compare holds every user against a rule. records tell when keys were switched
// off or on by Keytend, now is AWS's time.
func Compare(inv accesskey.Inventory, seen Seen, o Options, records []accesskey.Record, now time.Time) []Row {
	c := comparison{seen: seen, options: o, exits: exitsOf(records), now: now}
	if seen.Rule.Identifier == RootKey {
		return []Row{c.row(policy.Root(inv), inv.Account.ID)}
	}
	var rows []Row
	for i := range inv.Users {
		rows = append(rows, c.row(inv.Users[i], inv.Users[i].ID))
	}
	return rows
}

// comparison is one rule held against many users.
type comparison struct {
	seen    Seen
	options Options
	exits   map[accesskey.ID]accesskey.Exit
	now     time.Time
}

func exitsOf(records []accesskey.Record) map[accesskey.ID]accesskey.Exit {
	exits := map[accesskey.ID]accesskey.Exit{}
	for _, r := range records {
		exits[r.Old] = r.OldExit
		if !r.NewExit.Inactive().IsZero() {
			exits[r.New] = r.NewExit
		}
	}
	return exits
}

func (c comparison) row(u accesskey.User, id string) Row {
	r := Row{Identifier: c.seen.Rule.Identifier, Rule: c.seen.Rule.Name, User: u.Name, Config: Nothing, At: time.Time{}}
	r.Ours, r.Saw = c.judge(u, 0)
	for _, v := range c.seen.Verdicts {
		if v.ID == id {
			r.Config, r.At = configVerdict(v.Compliance), v.At
		}
	}
	r.Same = r.Ours == r.Config || r.Ours == Nothing && r.Config == Good
	if !r.Same {
		r.Why, r.Explained = c.explain(u, r)
	}
	return r
}

func configVerdict(compliance string) Verdict {
	switch compliance {
	case "COMPLIANT":
		return Good
	case "NON_COMPLIANT":
		return Bad
	case "NOT_APPLICABLE":
		return Nothing
	}
	return Unread
}

// tooLong reports whether more than the limit has passed.
func (c comparison) tooLong(since time.Time, w way) bool {
	at, _ := c.at(w)
	if w&itsDays != 0 {
		return at.Sub(since)/policy.Day > c.limit(w)/policy.Day
	}
	return at.Sub(since) > c.limit(w)
}

// judge judges a user by our rules, but for the reasons in w.
func (c comparison) judge(u accesskey.User, w way) (Verdict, string) {
	keys, known := u.Keys.Get()
	if !known {
		return Unread, u.Keys.Why()
	}
	_, asOf := c.at(w)
	verdict, saw := Nothing, ""
	for i := range keys {
		one, why := c.judgeKey(keys[i], w, asOf)
		if rank(one) > rank(verdict) {
			verdict, saw = one, why
		}
	}
	if w&itsPasswords != 0 {
		if one, why := c.judgePassword(u, w, asOf); rank(one) > rank(verdict) {
			verdict, saw = one, why
		}
	}
	return verdict, saw
}

// rank puts the verdict that decides for a user above others.
func rank(v Verdict) int { return slices.Index([]Verdict{Nothing, Good, Unread, Bad}, v) }

func (c comparison) judgeKey(k accesskey.Key, w way, asOf time.Time) (Verdict, string) {
	id, name := keyName(k)
	created, known := k.Created.Get()
	if !known {
		return Unread, "when " + name + " was created"
	}
	switch active, known := c.activeAt(k, id, asOf); {
	case created.After(asOf):
		return Nothing, name + " was not there yet"
	case !known:
		return Unread, "the status of " + name
	case !active:
		return Nothing, name + " is Inactive"
	}
	at, _ := c.at(w)
	switch c.seen.Rule.Identifier {
	case RootKey:
		return Bad, "the root user has an Active access key"
	case Rotated:
		return c.worded(c.tooLong(created, w), fmt.Sprintf("%s is %s old", name, exactly(at.Sub(created))))
	}
	last, known := k.LastUsed.Get()
	switch {
	case !known:
		return Unread, "when " + name + " was last used"
	case last.Never():
		return c.worded(c.tooLong(created, w), fmt.Sprintf("%s was never used and is %s old", name, exactly(at.Sub(created))))
	case last.At.After(asOf):
		return c.usedSince(created, w, fmt.Sprintf("%s was used at %s, after AWS Config looked", name, stamp(last.At)))
	}
	return c.worded(c.tooLong(last.At, w), fmt.Sprintf("%s was last used %s ago", name, exactly(at.Sub(last.At))))
}

// usedSince judges a key that was used after AWS Config looked: of its uses
// before, nothing is known, so it may have been taken for unused if it was old
// enough then.
func (c comparison) usedSince(created time.Time, w way, saw string) (Verdict, string) {
	return c.worded(c.tooLong(created, w), saw)
}

func (c comparison) worded(bad bool, saw string) (Verdict, string) {
	if bad {
		return Bad, saw
	}
	return Good, saw
}

// activeAt is whether a key was Active at a time. Before what AWS shows now,
// Keytend's own records alone tell.
func (c comparison) activeAt(k accesskey.Key, id accesskey.ID, at time.Time) (active, known bool) {
	status, known := k.Status.Get()
	if !known || !status.Known() {
		return false, false
	}
	exit := c.exits[id]
	switch {
	case status == accesskey.Active && exit.Reactivated.After(at):
		return exit.Deactivated.After(at), true
	case status != accesskey.Active && !exit.Inactive().IsZero():
		return exit.Inactive().After(at), true
	}
	return status == accesskey.Active, true
}

func (c comparison) judgePassword(u accesskey.User, w way, asOf time.Time) (Verdict, string) {
	p, known := u.Password.Get()
	switch {
	case !known:
		return Unread, "the password"
	case !p.Enabled:
		return Nothing, "no password"
	}
	at, _ := c.at(w)
	last, word := p.LastUsed, "the password was last used"
	if last.IsZero() || last.After(asOf) {
		last, word = later(p.LastChanged, u.Created), "the password was never used, and set"
	}
	return c.worded(c.tooLong(last, w), fmt.Sprintf("%s %s ago", word, exactly(at.Sub(last))))
}

func keyName(k accesskey.Key) (accesskey.ID, string) {
	if id, known := k.ID.Get(); known {
		return id, string(id)
	}
	if created, known := k.Created.Get(); known {
		return "", "the key of " + stamp(created)
	}
	return "", "a key"
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// exactly spells a time in its two greatest units: "90 days 12 minutes".
func exactly(d time.Duration) string {
	var parts []string
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"day", policy.Day}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		if n := d / u.size; n > 0 && len(parts) < 2 {
			parts = append(parts, count(int(n), u.name))
			d -= n * u.size
		}
	}
	if len(parts) == 0 {
		return "0 seconds"
	}
	return strings.Join(parts, " ")
}
