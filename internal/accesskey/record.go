package accesskey

import (
	"maps"
	"slices"
	"time"
)

// Subject is whom a record is about. Names of users can be reused: UserID
// (AIDA…) is pinned when the record begins and compared before every act.
type Subject struct {
	Account string `json:"account"` // twelve digits
	User    string `json:"user"`    // name
	UserID  string `json:"user_id"` // UserId
}

// Work says what a record is for.
type Work string

// The three kinds of work.
const (
	Rotation   Work = "rotation"   // replace a key
	Retirement Work = "retirement" // end a key nobody uses
	Revocation Work = "revocation" // cut off a leaked key
)

// Phase is where a record stands. Rotation: Requested → Claimed → Created →
// Proven → Delivered → Overlap → Resting → Done. Retirement: Noticed → Resting
// → Done. Revocation: Requested → Deactivated → Resting → Done, with Claimed to
// Delivered in between or before where the key is replaced too.
type Phase string

// The phases. Requested is not yet a claim: it holds the first of the two
// readings that must agree.
const (
	Requested   Phase = "requested"
	Noticed     Phase = "noticed"
	Claimed     Phase = "claimed"
	Created     Phase = "created"
	Proven      Phase = "proven"
	Delivered   Phase = "delivered"
	Overlap     Phase = "overlap"
	Deactivated Phase = "deactivated"
	Resting     Phase = "resting"
	Blocked     Phase = "blocked"
	RollingBack Phase = "rolling back"
	Done        Phase = "done"
	RolledBack  Phase = "rolled back"
)

// Terminal reports whether nothing will happen any more in this phase.
func (p Phase) Terminal() bool { return p == Done || p == RolledBack }

// Reason is why a step is taken, waited for or refused. Package policy lists
// them all.
type Reason string

// Record is one piece of work on one user's key. It is replaced whole, by
// compare-and-swap on Version, and is state, lock and history in one. All times
// are AWS's, UTC. It holds no secret except sealed.
type Record struct {
	ID      string    `json:"id"`      // unique; chosen by the journal's user, not by the journal
	Version int64     `json:"version"` // 1 at creation, set by the journal, +1 with each replacement
	Work    Work      `json:"work"`
	Subject Subject   `json:"subject"`
	Phase   Phase     `json:"phase"`
	Since   time.Time `json:"since"`   // when Phase was entered
	Started time.Time `json:"started"` // when the record was made
	Ended   time.Time `json:"ended"`   // zero: live

	Old ID `json:"old,omitempty"` // the key to be replaced, retired or revoked
	New ID `json:"new,omitempty"` // the key that replaces it; empty until Created

	// Successors are the names of the roles that take the key's place, of a
	// Retirement whose consumers move to them: the key is switched off only once
	// each of them is in use.
	Successors []string `json:"successors,omitempty"`

	// Planned says that a policy began it, not a person: the policy's mode
	// binds it.
	Planned bool `json:"planned,omitempty"`

	Start time.Time `json:"start"` // not begun before; zero: at once
	Due   time.Time `json:"due"`   // when Old must be Inactive; zero: never
	Terms Terms     `json:"terms"`
	Flags Flags     `json:"flags"`
	// Elsewhere is where to look for who else manages the old key.
	Elsewhere Elsewhere `json:"elsewhere,omitzero"`
	// Probe is a command line of a person's that must succeed with the new key
	// before anybody gets it; empty: none. Every process that goes on runs it.
	Probe string `json:"probe,omitempty"`

	Claim      Claim      `json:"claim"`
	Checked    time.Time  `json:"checked"` // rights, destinations and escrow were last found in order
	Proof      Proof      `json:"proof"`
	OldProof   Proof      `json:"old_proof"` // of the old key, in a rollback, where its secret is known
	Deliveries []Delivery `json:"deliveries,omitempty"`
	OldExit    Exit       `json:"old_exit"`
	NewExit    Exit       `json:"new_exit"` // in a rollback the new key leaves
	Watch      Watch      `json:"watch"`

	Intent Intent   `json:"intent"`         // the latest mutating call
	Late   []Intent `json:"late,omitempty"` // settled as not done, yet their requests may still arrive
	// LostCreate says that a CreateAccessKey of ours once got no answer and was
	// settled as not done: a key nobody accounts for may still be its work.
	LostCreate bool `json:"lost_create,omitempty"`
	Orphans    []ID `json:"orphans,omitempty"` // proved ours by token, secret lost, never offered: to be discarded
	Spared     []ID `json:"spared,omitempty"`  // keys a person said are not ours

	Sealed    string `json:"sealed,omitempty"`     // the new secret, sealed; wiped when Resting begins
	SealedOld string `json:"sealed_old,omitempty"` // the old secret, sealed, where it is known (--self)

	Block     *Block     `json:"block,omitempty"` // set where Phase is Blocked
	Hold      *Hold      `json:"hold,omitempty"`
	Approval  *Approval  `json:"approval,omitempty"`
	Rejection *Rejection `json:"rejection,omitempty"` // a person's no: it has ended unharmed
	Allowed   *Allowance `json:"allowed,omitempty"`   // change management's latest yes
	Reserved  []Reserved `json:"reserved,omitempty"`  // budgets drawn on
	Outcome   Reason     `json:"outcome,omitempty"`   // why it ended as it did, or why it is rolled back

	// WatchedFrom is when a person had a key that is still used watched once more:
	// overlap_max counts from then; zero: from the delivery.
	WatchedFrom time.Time `json:"watched_from"`

	// Retried is when a person last had work that was blocked go on as it is; zero:
	// nobody has.
	Retried time.Time `json:"retried,omitzero"`

	RollbackAt time.Time `json:"rollback_at"`       // when the rollback began; zero: none
	Denied     time.Time `json:"denied"`            // revocation: sessions issued before this are denied; zero: not yet
	Amended    int64     `json:"amended,omitempty"` // the Version in which a person last changed terms, flags or deliveries
	Alerted    []Reason  `json:"alerted,omitempty"` // waits of this phase of which people were told

	// Failing is since when calls have not been carried out, each time they were
	// sent in this phase.
	Failing map[Action]time.Time `json:"failing,omitempty"`
}

// Live reports whether the record has still to end.
func (r Record) Live() bool { return !r.Phase.Terminal() }

// Stage is the phase the work is in, looking through Blocked to the phase that
// will be resumed.
func (r Record) Stage() Phase {
	if r.Phase == Blocked && r.Block != nil {
		return r.Block.Resume
	}
	return r.Phase
}

// Clone returns a copy that shares nothing with r that can be written to.
func (r Record) Clone() Record {
	r.Claim.Keys, r.Claim.Former = slices.Clone(r.Claim.Keys), slices.Clone(r.Claim.Former)
	r.Deliveries, r.Successors = slices.Clone(r.Deliveries), slices.Clone(r.Successors)
	r.Late = slices.Clone(r.Late)
	r.Orphans = slices.Clone(r.Orphans)
	r.Spared = slices.Clone(r.Spared)
	r.Reserved = slices.Clone(r.Reserved)
	r.Alerted = slices.Clone(r.Alerted)
	r.Failing = maps.Clone(r.Failing)
	r.Block, r.Hold, r.Approval, r.Rejection = cloned(r.Block), cloned(r.Hold), cloned(r.Approval), cloned(r.Rejection)
	r.Allowed = cloned(r.Allowed)
	return r
}

func cloned[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// Delivery returns the delivery to a destination, or nil. It points into r.
func (r *Record) Delivery(destination string) *Delivery {
	for i := range r.Deliveries {
		if r.Deliveries[i].Destination == destination {
			return &r.Deliveries[i]
		}
	}
	return nil
}
