package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// maxOffenders is how many of the worst a practice names.
const maxOffenders = 5

// offenders keeps the worst few of any number.
type offenders struct {
	list []Offender
	bad  []badness
}

// badness orders offenders: kind first (admin-like before others, say), then
// how long.
type badness struct {
	kind int
	long time.Duration
}

// add considers one more offender. The sentence is asked for only if it is
// among the worst so far.
func (o *offenders) add(b badness, who Offender, reason func() string) {
	at, _ := slices.BinarySearchFunc(o.bad, b, func(have, want badness) int {
		return cmp.Or(cmp.Compare(want.kind, have.kind), cmp.Compare(want.long, have.long))
	})
	for at < len(o.bad) && o.bad[at] == b && o.list[at].compare(who) < 0 {
		at++
	}
	if at >= maxOffenders {
		return
	}
	who.Reason = reason()
	o.list = slices.Insert(o.list, at, who)
	o.bad = slices.Insert(o.bad, at, b)
	o.list = o.list[:min(len(o.list), maxOffenders)]
	o.bad = o.bad[:len(o.list)]
}

func (who Offender) compare(other Offender) int {
	return cmp.Or(
		strings.Compare(who.Account, other.Account),
		strings.Compare(who.User, other.User),
		strings.Compare(string(who.KeyID), string(other.KeyID)),
	)
}
