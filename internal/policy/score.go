package policy

import (
	"strconv"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Scorecard says how accounts stand by the six best practices for access keys.
type Scorecard struct {
	Accounts  int
	Now       time.Time  // UTC
	Practices []Practice // always the six, in order
}

// Practice is one best practice, measured.
type Practice struct {
	Name      string  // "rotation", "roles-preferred", "automated-rotation", "monitoring", "unused-keys-off", "no-root-keys"; stable
	Title     string  // for people
	Good, Of  int     // Good of Of hold it
	Unknown   int     // could not be judged; not counted in Of
	Percent   float64 // of Of; 100 where there is nothing to judge
	Target    string
	Status    Status
	Sentence  string     // what was found
	Measured  string     // how it is measured, and what that can't see
	Offenders []Offender // the worst, at most five, worst first
}

// Status is how a practice stands.
type Status string

// The statuses. OK is said only where nothing is unknown.
const (
	StatusOK      Status = "ok"
	StatusWarn    Status = "warn"
	StatusFail    Status = "fail"
	StatusUnknown Status = "unknown"
)

// Offender is one of the worst offenders against a practice.
type Offender struct {
	Account string
	User    string       // empty where it is the account
	KeyID   accesskey.ID // empty where unknown or not about one key
	Reason  string
}

// Monitoring is what watches an account's keys: its AWS Config rules and
// recorder. Rules need a recorder that is on, in the same region.
type Monitoring struct {
	Recorder accesskey.Fact[bool]     // a configuration recorder is on
	Rules    accesskey.Fact[[]string] // source identifiers of AWS Config's managed rules present
}

// warnFrom is the share, in percent, from which a practice that is missed is a
// warning rather than a failure.
const warnFrom = 90

// Score measures the six best practices over any number of accounts.
// monitoring is by account ID; an account without an entry is unknown. The
// order of accounts and users does not matter.
func Score(invs []accesskey.Inventory, monitoring map[string]Monitoring, r Rules, now time.Time) Scorecard {
	s := NewScorer(r, now)
	for i := range invs {
		s.Add(invs[i], monitoring[invs[i].Account.ID])
	}
	return s.Card()
}

// Scorer makes a Scorecard one account at a time and keeps none of them. It is
// not for use by several goroutines.
type Scorer struct {
	rules    Rules
	now      time.Time
	counts   *counts
	accounts int
}

// NewScorer begins a scorecard as of now (UTC).
func NewScorer(r Rules, now time.Time) *Scorer {
	s := &Scorer{rules: r, now: now.UTC()}
	s.counts = newCounts(&s.rules)
	return s
}

// Add counts one account. The zero Monitoring is unknown.
func (s *Scorer) Add(inv accesskey.Inventory, m Monitoring) {
	s.accounts++
	s.counts.account(&inv, m, s.now)
}

// Card returns how the accounts added so far stand.
func (s *Scorer) Card() Scorecard {
	c := s.counts
	return Scorecard{
		Accounts: s.accounts,
		Now:      s.now,
		Practices: []Practice{
			c.rotationPractice(), c.rolesPractice(), c.automationPractice(),
			c.monitoringPractice(), c.unusedPractice(), c.rootPractice(),
		},
	}
}

// tally counts one practice.
type tally struct {
	good, of, unknown int
	worst             offenders
}

// judge counts one thing that could be judged.
func (t *tally) judge(good bool) {
	t.of++
	if good {
		t.good++
	}
}

func (t *tally) bad() int { return t.of - t.good }

func (t *tally) percent() float64 {
	if t.of == 0 {
		return 100
	}
	return 100 * float64(t.good) / float64(t.of)
}

// status is fail or warn by what is known to be bad, ok where all is known to
// be good, else unknown.
func (t *tally) status() Status {
	switch {
	case t.bad() > 0 && t.percent() >= warnFrom:
		return StatusWarn
	case t.bad() > 0:
		return StatusFail
	case t.unknown > 0:
		return StatusUnknown
	}
	return StatusOK
}

// practice fills in the numbers. none says what there is not, where there was
// nothing to judge: then nothing misses the target.
func (t *tally) practice(p Practice, none string) Practice {
	if t.of+t.unknown == 0 && none != "" {
		p.Sentence = none
	}
	p.Good, p.Of, p.Unknown, p.Percent = t.good, t.of, t.unknown, t.percent()
	if p.Status == "" {
		p.Status = t.status()
	}
	if t.unknown > 0 {
		p.Sentence += "; " + strconv.Itoa(t.unknown) + " more" + " could not be judged"
	}
	p.Offenders = t.worst.list
	return p
}
