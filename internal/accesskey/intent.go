package accesskey

import (
	"time"
)

// Action is a mutating call.
type Action string

// The mutating calls.
const (
	TagClaim     Action = "tag"
	UntagClaim   Action = "untag"
	CreateKey    Action = "create"
	DiscardKey   Action = "discard" // delete a key of ours that was never offered
	Deliver      Action = "deliver"
	Restore      Action = "restore"
	Deactivate   Action = "deactivate"
	Reactivate   Action = "reactivate"
	DeleteKey    Action = "delete"
	DenySessions Action = "deny sessions"
	// MoveDescription moves the tag that IAM's console shows as a key's
	// description. Nothing depends on it: it is tried once.
	MoveDescription Action = "move description"
)

// Outcome is what became of a mutating call.
type Outcome string

// The outcomes. An intent without one is open: its holder may be about to send
// it, or may have died.
const (
	OutcomeDone    Outcome = "done"
	OutcomeNotDone Outcome = "not done"
	OutcomeUnknown Outcome = "unknown"
)

// Intent is a mutating call, written down before it is sent.
type Intent struct {
	Action      Action    `json:"action,omitempty"`
	Key         ID        `json:"key,omitempty"`
	Destination string    `json:"destination,omitempty"`
	At          time.Time `json:"at"`     // when it was written down
	Until       time.Time `json:"until"`  // not signed after
	Holder      string    `json:"holder"` // the process that wrote it down
	Outcome     Outcome   `json:"outcome,omitempty"`
	Settle      time.Time `json:"settle"` // outcome unknown: looked at from then on
	Why         Reason    `json:"why,omitempty"`
	KnownUse    time.Time `json:"known_use"` // deactivate: the latest use known
}

// Settled reports that nothing is left to find out about the call.
func (i Intent) Settled() bool {
	return i.Action == "" || i.Outcome == OutcomeDone || i.Outcome == OutcomeNotDone
}
