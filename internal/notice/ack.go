package notice

import (
	"fmt"
	"time"
)

// AckMax is how long after the due date an acknowledgement holds at most.
const AckMax = 30 * day

// Ack is an owner's word that they know and will see to it: up to a date
// nobody is reminded. Blocked and deactivated keys are told all the same.
type Ack struct {
	Account string
	User    string
	Thing   string    // the key ID; empty: all of the user
	Until   time.Time // holds before then
	At      time.Time // when it was given
	By      string
	Why     string
}

// Silences reports whether an acknowledgement keeps a rung from being told.
func (a Ack) Silences(m Matter, r Rung, now time.Time) bool {
	switch {
	case a.Account != m.Account || a.User != m.User || a.Thing != "" && a.Thing != m.Thing:
		return false
	case r.Kind == Blocked || r.Kind == Deactivated || r.Kind == Waiting:
		return false
	}
	until := a.Until
	if last := a.last(m.Due); last.Before(until) {
		until = last
	}
	return now.Before(until)
}

// last is until when it may hold about a key of that due date; zero: of none.
func (a Ack) last(due time.Time) time.Time {
	if due.IsZero() {
		due = a.At
	}
	return due.Add(AckMax)
}

// Check refuses an acknowledgement that would silence nothing: past dates, and
// dates after those which any of the due dates allows. None: counted from now.
func (a Ack) Check(dues []time.Time) error {
	if !a.Until.After(a.At) {
		return fmt.Errorf("until %s: that is past", a.Until.UTC().Format(time.DateOnly))
	}
	last := a.last(time.Time{})
	for i, due := range dues {
		if l := a.last(due); i == 0 || l.After(last) {
			last = l
		}
	}
	if a.Until.After(last) {
		return fmt.Errorf("until %s: at most %s, %d days after it is due (%s)", a.Until.UTC().Format(time.DateOnly),
			last.UTC().Format(time.DateOnly), AckMax/day, last.Add(-AckMax).UTC().Format(time.DateOnly))
	}
	return nil
}
