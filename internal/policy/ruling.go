package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Ruling is what the policy in force says about one user's keys, every override
// applied. The zero Ruling changes nothing: it observes.
type Ruling struct {
	Mode  Mode
	Rules Rules // what findings judge by

	Rotate  bool            // keys are replaced before they reach Rules.MaxAge
	Terms   accesskey.Terms // of a rotation
	Margin  time.Duration   // kept free before the due time
	Spread  time.Duration   // rotations begin up to so much earlier, by the hash of the user
	Deliver []string        // destinations, by name; none: the key can't be replaced by machine

	Disable   time.Duration   // an Active key unused for so long is retired; 0: never
	NeverUsed bool            // so is one that was never used, by its age
	Retire    accesskey.Terms // of a retirement: Notice, Idle, Rest, Keep
	Inactive  time.Duration   // an Inactive key is deleted when it was so for so long; 0: never

	Owner     string // who is told; empty: nobody is known
	OwnerFrom string // how that is known: `tag "team"`, "owners.csv line 7", "fallback"

	Exempt   *Exemption // nothing is changed while it is in force
	LeftOut  string     // why nothing is changed: "admin-like, and not named"; empty: it may be
	Wave     int        // burn-down: lower first
	Windows  []Weekly
	Freezes  []Span
	Budgets  []accesskey.Reservation
	Deciders []string // who may approve: ARNs, * stands for anything
}

// Exemption is a person's word that a rule doesn't hold for a key, for a time.
type Exemption struct {
	Until    time.Time // UTC; from then on it is void, and said to be
	Reason   string
	Approver string
	Where    string // "keytend.yaml:41"
}

// InForce reports whether the exemption holds.
func (e *Exemption) InForce(now time.Time) bool { return e != nil && now.Before(e.Until) }

// Gate is the ruling's part in the admission of a record. What is exempt or left
// out is only observed. A record that a person began needs no approval, nor
// leave to act: that was their word; only freezes hold it up.
func (r Ruling) Gate(record accesskey.Record, now time.Time) Gate {
	if !record.Planned {
		return Gate{Mode: Enforce, Freezes: r.Freezes}
	}
	g := Gate{Mode: r.Mode, Freezes: r.Freezes, Windows: r.Windows, Budgets: r.Budgets}
	if r.Exempt.InForce(now) || r.LeftOut != "" {
		g.Mode = ObserveOnly
	}
	return g
}
