package accesskey

import (
	"time"
)

// Block is why a person must choose.
type Block struct {
	Reason      Reason    `json:"reason"`
	Saw         string    `json:"saw"`     // what was seen, a sentence
	Command     string    `json:"command"` // what resolves it: "keytend resolve ana retry|drop"
	Resume      Phase     `json:"resume"`  // the phase to go on with
	Since       time.Time `json:"since"`
	Key         ID        `json:"key,omitempty"`
	Destination string    `json:"destination,omitempty"`
}

// Hold is a person's "don't touch".
type Hold struct {
	By    string    `json:"by"`
	Why   string    `json:"why"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until"` // people are reminded then; zero: after Terms.Patience
}

// Approval is a person's yes to a record, up to its end.
type Approval struct {
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Version int64     `json:"version"` // of the record that was shown to them
}

// Rejection is a person's no to a record that nothing was done for yet.
type Rejection struct {
	By    string    `json:"by"`
	Why   string    `json:"why"`
	At    time.Time `json:"at"`
	Until time.Time `json:"until"` // the same is not planned again before
}

// Allowance is change management's yes to one question, kept while it counts.
type Allowance struct {
	Question string    `json:"question"` // its ID
	By       string    `json:"by"`       // the answer in words, with its ticket
	At       time.Time `json:"at"`
}
