package monitor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// way is how AWS Config's judgement differs from ours: a set of reasons.
type way uint

const (
	itsLimit way = 1 << iota
	itsDays      // whole ones
	itsTime
	itsReport // which may be four hours older than its judgement
	itsPasswords
	allWays = itsLimit | itsDays | itsTime | itsReport | itsPasswords
)

// reportAge is how old a credential report may be that AWS Config goes by.
const reportAge = 4 * time.Hour

// ways are all sets of reasons, those of few first.
func ways() []way {
	var all []way
	for w := itsLimit; w <= allWays; w++ {
		if w&itsReport == 0 || w&itsTime != 0 {
			all = append(all, w)
		}
	}
	slices.SortStableFunc(all, func(a, b way) int { return cmp.Compare(a.size(), b.size()) })
	return all
}

func (w way) size() int {
	n := 0
	for ; w > 0; w &= w - 1 {
		n++
	}
	return n
}

// explain finds the fewest reasons with which our judgement comes to AWS
// Config's.
func (c comparison) explain(u accesskey.User, r Row) (string, bool) {
	switch {
	case r.Ours == Unread:
		return "Keytend could not read what it needs: " + r.Saw, true
	case c.seen.Evaluated.IsZero() && r.At.IsZero():
		return "AWS Config has not judged by this rule yet", true
	case r.Config == Unread:
		return "AWS Config says that it has too little data", true
	}
	c.seen.Evaluated = later(r.At, c.seen.Evaluated)
	if !r.At.IsZero() {
		c.seen.Evaluated = r.At
	}
	for _, w := range ways() {
		if !c.applies(w) {
			continue
		}
		if verdict, saw := c.judge(u, w); verdict == r.Config || verdict == Nothing && r.Config == Good {
			return c.because(w, saw), true
		}
	}
	return "unexplained" + c.hint(u, r), false
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// applies leaves reasons out that make no difference for the rule.
func (c comparison) applies(w way) bool {
	switch {
	case w&itsPasswords != 0 && c.seen.Rule.Identifier != Unused:
		return false
	case w&(itsLimit|itsDays) != 0 && c.seen.Rule.Identifier == RootKey:
		return false
	case w&itsLimit != 0 && c.limit(0) == c.limit(itsLimit):
		return false
	}
	return true
}

func (c comparison) limit(w way) time.Duration {
	switch {
	case w&itsLimit != 0:
		return time.Duration(DaysOf(c.seen.Rule)) * policy.Day
	case c.seen.Rule.Identifier == Unused:
		return c.options.Unused
	}
	return c.options.MaxAge
}

// at is when is judged, asOf the time up to which facts are known then.
func (c comparison) at(w way) (at, asOf time.Time) {
	at, asOf = c.now, c.now
	if w&itsTime != 0 {
		at, asOf = c.seen.Evaluated, c.seen.Evaluated
	}
	if w&itsReport != 0 {
		asOf = at.Add(-reportAge)
	}
	return at, asOf
}

// because says the reasons.
func (c comparison) because(w way, saw string) string {
	var parts []string
	if w&itsPasswords != 0 {
		parts = append(parts, "the rule judges passwords too, Keytend's limit is for keys")
	}
	if w&itsLimit != 0 {
		parts = append(parts, fmt.Sprintf("the rule's limit is %s, Keytend's %s", spell(c.limit(itsLimit)), spell(c.limit(0))))
	}
	if w&itsDays != 0 {
		parts = append(parts, "AWS Config counts whole days, Keytend counts to the second")
	}
	if w&itsTime != 0 {
		parts = append(parts, fmt.Sprintf("AWS Config judged at %s, %s ago", stamp(c.seen.Evaluated), exactly(c.now.Sub(c.seen.Evaluated).Truncate(time.Minute))))
	}
	if w&itsReport != 0 {
		parts = append(parts, "by a credential report that may have been 4 hours older")
	}
	text := strings.Join(parts, "; ")
	if saw != "" {
		text += ": " + saw
	}
	return text
}

// hint is what could be the reason and can't be known.
func (c comparison) hint(u accesskey.User, r Row) string {
	keys, _ := u.Keys.Get()
	for _, k := range keys {
		status, _ := k.Status.Get()
		if _, name := keyName(k); r.Config == Bad && status == accesskey.Inactive {
			return ": " + name + " is Inactive, and AWS does not tell since when"
		}
	}
	if r.Config == Bad {
		return ": a key that has been deleted since would be a reason, and leaves no trace in IAM"
	}
	return ""
}
