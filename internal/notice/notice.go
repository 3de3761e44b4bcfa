// Package notice decides who has to hear what about which key, and when: the
// rungs of the ladder, one digest an owner and day, what an acknowledgement
// silences, and when what could not be sent is tried again.
//
// It does no I/O, reads no clock, sends nothing, and writes no layout: rooms
// around it keep what was told, render digests and send them. All times are
// UTC.
package notice

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Kind is what a notice is about.
type Kind string

// The kinds, the most pressing first.
const (
	Blocked     Kind = "blocked"     // a person must choose; which command
	StillUsed   Kind = "still used"  // at the end of the overlap; where
	Deactivated Kind = "deactivated" // how to undo
	Overdue     Kind = "overdue"     // every week
	DueNow      Kind = "due"
	Waiting     Kind = "waiting" // past its deadline: operators are told
	Noticed     Kind = "notice"  // a retirement: when the key will be switched off at the earliest
	DueSoon     Kind = "due soon"
)

// kinds is the order in which a digest lists them.
var kinds = []Kind{Blocked, StillUsed, Deactivated, Overdue, DueNow, Waiting, Noticed, DueSoon}

// Matter is one key about which its owner may have to hear something.
type Matter struct {
	Account string // twelve digits
	Name    string // of the account; may be empty
	User    string // name
	Thing   string // the key ID; else what of the user it is about, the same at every look
	Owner   string // as the policy says; empty: nobody is known

	Due     time.Time // when it must be replaced or off; zero: not known, or at once where AtOnce
	AtOnce  bool      // it can't wait: due since the owner was first told
	Reasons []string  // sentences
	Plan    string    // what Keytend will do by itself, a sentence; empty: nothing

	Record *accesskey.Record // under way, or ended lately; nil: none
	Uses   []string          // where the key is used, as far as it is on record, a sentence each
}

// Rung is one step of the ladder that a matter has reached.
type Rung struct {
	Kind Kind
	// Occasion tells apart what happens twice to one key: the due date, the
	// record and its moment.
	Occasion string
	// Step orders the rungs of one occasion: seconds from the due time to the
	// rung, negative before. Of a later rung, the earlier ones are never told.
	Step int64
	At   time.Time // when it was reached, or of what it warns
}

// Told is a rung that somebody was told, or is being told: it stands in the
// outbox.
type Told struct {
	To                   string // who
	Account, User, Thing string
	Occasion             string
	Step                 int64
	At                   time.Time
}

// Entry is one line of a digest.
type Entry struct {
	Kind    Kind      `json:"kind"`
	Account string    `json:"account"`
	Name    string    `json:"account_name,omitempty"`
	User    string    `json:"user"`
	Key     string    `json:"key"`             // the key ID, or what of the user it is about
	Owner   string    `json:"owner,omitempty"` // as the policy says
	Why     string    `json:"why,omitempty"`   // why it goes to the fallback, where it does
	Says    string    `json:"says"`            // one sentence: what happened or will
	Reasons []string  `json:"reasons,omitempty"`
	Do      string    `json:"do,omitempty"`      // what the reader can do about it
	Command string    `json:"command,omitempty"` // the command that does it
	At      time.Time `json:"at"`                // when it happened, or will

	Occasion string `json:"-"`
	Step     int64  `json:"-"`
}

// Digest is everything that one owner hears in one day.
type Digest struct {
	ID      string    `json:"id"`
	To      string    `json:"to"`  // an address or name; empty: nobody is known and there is no fallback
	Day     string    `json:"day"` // 2026-11-23, UTC
	At      time.Time `json:"at"`
	Test    bool      `json:"test,omitempty"` // nothing has happened
	Entries []Entry   `json:"entries"`
}

// Told is what the digest tells, for the journal.
func (d Digest) Told() []Told {
	told := make([]Told, 0, len(d.Entries))
	for _, e := range d.Entries {
		told = append(told, Told{d.To, e.Account, e.User, e.Key, e.Occasion, e.Step, d.At})
	}
	return told
}

// Kinds returns every kind, the most pressing first.
func Kinds() []Kind { return append([]Kind(nil), kinds...) }
