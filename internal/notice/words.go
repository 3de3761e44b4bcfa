package notice

import (
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// entry puts a rung into words.
func (m Matter) entry(r Rung, now time.Time) Entry {
	e := Entry{
		Kind: r.Kind, Account: m.Account, Name: m.Name, User: m.User, Key: m.Thing, Owner: m.Owner, At: r.At,
		Occasion: r.Occasion, Step: r.Step,
	}
	switch r.Kind {
	case Blocked, StillUsed:
		m.sayBlocked(&e)
	case Deactivated:
		m.sayDeactivated(&e)
	case Noticed:
		m.sayNoticed(&e)
	case Waiting:
		m.sayWaiting(&e)
	default:
		m.sayDue(&e, now)
	}
	return e
}

func (m Matter) sayBlocked(e *Entry) {
	b := m.Record.Block
	e.Says = fmt.Sprintf("the %s of key %s stands still: %s", m.Record.Work, m.Record.Old, b.Reason)
	if e.Kind == StillUsed {
		e.Says = fmt.Sprintf("key %s is to go and is still used", m.Record.Old)
		e.Do = "move what still uses it to the new key; it is not switched off meanwhile"
	}
	e.Reasons = append(sentences(b.Saw), m.Uses...)
	e.Command = b.Command
}

func (m Matter) sayDeactivated(e *Entry) {
	r := m.Record
	e.Says = fmt.Sprintf("key %s was switched off at %s", r.Old, minute(r.OldExit.Deactivated))
	if r.New != "" {
		e.Says += fmt.Sprintf("; %s has replaced it", r.New)
	}
	switch {
	case !r.OldExit.Deleted.IsZero():
		e.Do = "it is deleted and can't come back"
	case r.Work == accesskey.Revocation:
		e.Do = "it leaked: don't switch it on again"
	case r.Live():
		e.Do = "does anything fail? Switch it on again, before it is deleted"
		if r.Terms.Keep {
			e.Do = "does anything fail? Switch it on again"
		}
		e.Command = "keytend rollback " + r.Subject.User + in(r)
	default:
		e.Do = "does anything fail? Switch it on again"
		e.Command = fmt.Sprintf("aws iam update-access-key --user-name %s --access-key-id %s --status Active", r.Subject.User, r.Old)
	}
}

func (m Matter) sayNoticed(e *Entry) {
	r := m.Record
	e.Says = fmt.Sprintf("key %s will be switched off on %s at the earliest, unless it is used before", r.Old, dayOf(e.At))
	e.Reasons = append(append([]string(nil), m.Reasons...), m.Uses...)
	e.Do = "is it needed, though seldom? Say so; once it is off, `keytend rollback " + r.Subject.User + in(r) + "` switches it on again"
	e.Command = "keytend hold " + r.Subject.User + in(r) + " --why '...'"
}

// in names the account to a command: users of many have the same name.
func in(r *accesskey.Record) string { return " --account " + r.Subject.Account }

func (m Matter) sayWaiting(e *Entry) {
	r := m.Record
	e.Says = fmt.Sprintf("the %s of key %s waits longer than it should, since %s: %s", r.Work, r.Old, minute(e.At), r.Watch.Waiting)
	e.Command = "keytend status " + r.Subject.User
}

func (m Matter) sayDue(e *Entry, now time.Time) {
	e.Reasons = append(append([]string(nil), m.Reasons...), m.Uses...)
	switch {
	case m.AtOnce:
		e.Says = "must be seen to at once"
	case e.Kind == DueSoon:
		e.Says = fmt.Sprintf("is due on %s, in %s", dayOf(m.Due), days(m.Due.Sub(now)+day-1))
	case e.Kind == Overdue:
		e.Says = fmt.Sprintf("was due on %s, %s ago", dayOf(m.Due), days(now.Sub(m.Due)))
	default:
		e.Says = fmt.Sprintf("is due since %s", dayOf(m.Due))
	}
	switch {
	case m.Plan != "":
		e.Do = m.Plan
	case m.Record != nil && m.Record.Live():
		e.Do = fmt.Sprintf("its %s is under way", m.Record.Work)
	default:
		e.Do = "replace it, or end it where nobody needs it"
	}
	e.Command = "keytend explain " + m.User
}

func sentences(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// days spells a stretch of time in whole days.
func days(d time.Duration) string {
	n := int64(d / day)
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
