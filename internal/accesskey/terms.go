package accesskey

import (
	"time"
)

// Terms are the times in force for one record, fixed when it begins.
type Terms struct {
	Window     time.Duration `json:"window"`      // after which IAM's reads and every endpoint agree
	Lease      time.Duration `json:"lease"`       // how long after looking a request may still be signed
	TrailLag   time.Duration `json:"trail_lag"`   // after which CloudTrail has an event
	ClaimMax   time.Duration `json:"claim_max"`   // a claim older than this is made anew
	ProveCount int           `json:"prove_count"` // consecutive successes …
	ProveSpan  time.Duration `json:"prove_span"`  // … over at least this
	ProveMax   time.Duration `json:"prove_max"`   // then the key is given up
	DeliverMax time.Duration `json:"deliver_max"` // then a person is asked
	Cache      time.Duration `json:"cache"`       // how long declared consumers may hold a key they have read
	Overlap    time.Duration `json:"overlap"`     // both keys Active at least so long
	OverlapMax time.Duration `json:"overlap_max"` // then people are told where the old key is used
	Idle       time.Duration `json:"idle"`        // silence wanted before a key is switched off
	LagMargin  time.Duration `json:"lag_margin"`  // how late last-used data may be
	Schedule   time.Duration `json:"schedule"`    // longest period a consumer was declared to have; 0: none
	Notice     time.Duration `json:"notice"`      // retirement: time between telling and switching off
	Rest       time.Duration `json:"rest"`        // Inactive and revivable at least so long
	Keep       bool          `json:"keep"`        // never delete: the record ends with the key Inactive
	Patience   time.Duration `json:"patience"`    // how long a fact may stay unknown before people are told
}

// DefaultTerms are the protocol's defaults.
func DefaultTerms() Terms {
	const day = 24 * time.Hour
	return Terms{
		Window: time.Minute, Lease: 2 * time.Minute, TrailLag: 20 * time.Minute, ClaimMax: time.Hour,
		ProveCount: 3, ProveSpan: 10 * time.Second, ProveMax: 5 * time.Minute,
		DeliverMax: day, Overlap: day, OverlapMax: 21 * day,
		Idle: 7 * day, LagMargin: day, Notice: 14 * day, Rest: 7 * day, Patience: 6 * time.Hour,
	}
}

// Flags are what a person asked for.
type Flags struct {
	Now          bool `json:"now,omitempty"`           // every consumer is declared: no waiting for silence
	Force        bool `json:"force,omitempty"`         // switch off at overlap_max though it is still used
	Replace      bool `json:"replace,omitempty"`       // revocation: make a new key as well
	ReplaceFirst bool `json:"replace_first,omitempty"` // … before the leaked one is switched off
	Offered      bool `json:"offered,omitempty"`       // the new secret has left us, or a delivery was tried: never discard it at once
	Revealed     bool `json:"revealed,omitempty"`      // the new secret was shown to a person, who takes it where it is needed
	NewLeaked    bool `json:"new_leaked,omitempty"`    // rollback: the new key is switched off at once, whoever uses it
}
