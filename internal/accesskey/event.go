package accesskey

import (
	"strings"
	"time"
)

// Event is one line of the audit: written in the transaction of the record's
// replacement and never changed after.
type Event struct {
	At          time.Time `json:"at"`     // AWS's time, UTC
	Who         string    `json:"who"`    // holder, or the person who gave the command
	What        string    `json:"what"`   // "intent deactivate", "deactivate done", "phase overlap", "hold", …
	Record      string    `json:"record"` // Record.ID
	Account     string    `json:"account"`
	User        string    `json:"user"`
	Key         ID        `json:"key,omitempty"`
	Destination string    `json:"destination,omitempty"`
	Why         Reason    `json:"why,omitempty"`
	Outcome     Outcome   `json:"outcome,omitempty"`
	Note        string    `json:"note,omitempty"` // a sentence; never holds a secret
	Alert       bool      `json:"alert,omitempty"`
}

// Recovered is the What of the event by which a person accepts what AWS shows
// as the new beginning of a user's records.
const Recovered = "recovered"

// intended is how the What of an intent's event begins.
const intended = "intent "

// Intended is the What of an intent's event.
func Intended(a Action) string { return intended + string(a) }

// Act reports whether the event proves that the journal acts on AWS, or knows of
// all that was: an intent, its outcome, a recovery. Nothing else moves
// the journal's head: a journal put back from a copy can be asked for work, held
// and released, and is as old as before.
func (e Event) Act() bool {
	return e.Outcome != "" || strings.HasPrefix(e.What, intended) || e.What == Recovered
}
