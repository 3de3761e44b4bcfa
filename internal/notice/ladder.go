package notice

import (
	"slices"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// Ladder is how long before the due time an owner is told, each once. Overdue
// ones are told every week.
type Ladder []time.Duration

// DefaultLadder is 14 days, 7 days, and the day itself.
func DefaultLadder() Ladder { return Ladder{14 * day, 7 * day, 0} }

// reached is the latest rung of a due time that has been reached; false: none
// yet.
func (l Ladder) reached(due, now time.Time) (Rung, bool) {
	past := now.Sub(due)
	if past >= week {
		at := past / week * week
		return Rung{Kind: Overdue, Step: seconds(at), At: due}, true
	}
	best, found := time.Duration(0), false
	for _, before := range l {
		if -before <= past && (!found || before < best) {
			best, found = before, true
		}
	}
	kind := DueNow
	if best > 0 {
		kind = DueSoon
	}
	return Rung{Kind: kind, Step: -seconds(best), At: due}, found
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// rungs are those that a matter has reached. first is when somebody was first
// told of an occasion; zero: never.
func (m Matter) rungs(l Ladder, first func(occasion string) time.Time, now time.Time) []Rung {
	var all []Rung
	if m.Record != nil {
		all = recordRungs(*m.Record, now)
	}
	if r, ok := m.dueRung(l, first, now); ok && !m.quiet(r) {
		all = append(all, r)
	}
	return all
}

func (m Matter) dueRung(l Ladder, first func(string) time.Time, now time.Time) (Rung, bool) {
	if m.AtOnce {
		due := first(atOnce)
		if due.IsZero() {
			due = now
		}
		r, ok := append(slices.Clone(l), 0).reached(due, now)
		r.Occasion = atOnce
		return r, ok
	}
	if m.Due.IsZero() {
		return Rung{}, false
	}
	r, ok := l.reached(m.Due, now)
	r.Occasion = "due " + m.Due.UTC().Format(time.DateOnly)
	return r, ok
}

// atOnce is the occasion of what is due since it was first told.
const atOnce = "at once"

// quiet: whose key is being replaced or retired in time has nothing to do.
// A record that is stuck speaks for itself.
func (m Matter) quiet(r Rung) bool {
	return r.Kind == DueSoon && m.Record != nil && m.Record.Live()
}
