package accesskey

import (
	"maps"
	"slices"
	"strings"
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
	Reserved  []Reserved `json:"reserved,omitempty"`  // budgets drawn on
	Outcome   Reason     `json:"outcome,omitempty"`   // why it ended as it did, or why it is rolled back

	// WatchedFrom is when a person had a key that is still used watched once more:
	// overlap_max counts from then; zero: from the delivery.
	WatchedFrom time.Time `json:"watched_from"`

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

// Claim is what was written down before CreateAccessKey.
type Claim struct {
	Token string `json:"token"` // travels in the user agent and the user's tag
	// Former are the tokens of this record's earlier claims: a request made
	// under one of them may still have made a key.
	Former []string  `json:"former,omitempty"`
	Read   time.Time `json:"read"` // the first of the two readings; zero: none yet
	At     time.Time `json:"at"`   // the second, agreeing one; zero: not claimed
	Keys   []ID      `json:"keys"` // every key of the user at Read, sorted
	// Tagged is when our tag was written; zero: not (yet).
	Tagged time.Time `json:"tagged"`
	// Untaggable says that tagging was denied: exclusion between journals is
	// not guaranteed.
	Untaggable bool `json:"untaggable,omitempty"`
	// Waited is what the claim before this one waited for when it was made anew,
	// and WaitedFrom since when: a claim does not last, and a wait goes on.
	Waited     Reason    `json:"waited,omitempty"`
	WaitedFrom time.Time `json:"waited_from"`
}

// Proof is a run of consecutive successes as a key.
type Proof struct {
	First  time.Time `json:"first"` // of the run
	Last   time.Time `json:"last"`
	Tried  time.Time `json:"tried"` // the latest round, successful or not
	Count  int       `json:"count"`
	Passed time.Time `json:"passed"`          // when the run was long enough; zero: not yet
	Error  string    `json:"error,omitempty"` // of the latest round that failed, until Passed; never holds a secret
}

// Delivery is one destination getting the new key.
type Delivery struct {
	Destination string    `json:"destination"`        // Destination.Name
	Expect      string    `json:"expect"`             // the version our next write expects there
	Previous    string    `json:"previous,omitempty"` // what stood there, sealed
	Done        time.Time `json:"done"`               // when it got the new key; zero: not yet
	Version     string    `json:"version,omitempty"`  // what our write made
	ReadBack    time.Time `json:"read_back"`          // when the new key was last read there; zero: never (or unreadable)
	Tries       int       `json:"tries"`
	Tried       time.Time `json:"tried"`           // the latest try
	Error       string    `json:"error,omitempty"` // of the last try; never holds a secret
	Restored    time.Time `json:"restored"`        // in a rollback
	Dropped     bool      `json:"dropped,omitempty"`
}

// Exit is how a key leaves.
type Exit struct {
	Deactivated time.Time `json:"deactivated"` // our own recorded deactivation; zero: none
	Theirs      time.Time `json:"theirs"`      // somebody else switched it off: first continuous sighting
	// KnownUse is the latest use known when it was switched off. A later one
	// shows that the silence claimed was none.
	KnownUse    time.Time `json:"known_use"`
	Ordered     bool      `json:"ordered,omitempty"` // no silence was claimed: a person's order
	Reactivated time.Time `json:"reactivated"`
	Deleted     time.Time `json:"deleted"`
}

// Inactive is since when the key has been Inactive as far as we can prove; zero
// where we can't.
func (e Exit) Inactive() time.Time {
	if !e.Deactivated.IsZero() {
		return e.Deactivated
	}
	return e.Theirs
}

// Watch holds the moments since which something has been seen without a break,
// so that one stale read proves nothing. Zero: not seen at the last look.
type Watch struct {
	OldGone     time.Time `json:"old_gone"`
	NewGone     time.Time `json:"new_gone"`
	OldInactive time.Time `json:"old_inactive"`
	NewInactive time.Time `json:"new_inactive"`
	OldActive   time.Time `json:"old_active"`
	// OldRevived and NewRevived are when a key that had been Inactive was last
	// seen Active, too late for a stale read: somebody switched it on.
	OldRevived time.Time        `json:"old_revived"`
	NewRevived time.Time        `json:"new_revived"`
	Others     map[ID]time.Time `json:"others,omitempty"` // keys of neither, Inactive since; replaced whole
	// OldSeen and NewSeen are when it was last read where the key is used:
	// where that could be had before, a look-up that fails is waited for.
	OldSeen time.Time `json:"old_seen"`
	NewSeen time.Time `json:"new_seen"`
	// NewOurs is when our own requests were last signed with the new key: since
	// then its last use may be ours. NewTaken is the latest use of it that is
	// known to be somebody else's.
	NewOurs     time.Time `json:"new_ours"`
	NewTaken    time.Time `json:"new_taken"`
	Waiting     Reason    `json:"waiting,omitempty"`
	WaitingFrom time.Time `json:"waiting_from"` // since when it waits for Waiting
}

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

// Reservation asks the journal to draw on a budget in the transaction of a
// replacement.
type Reservation struct {
	Budget string    // "account 123456789012"
	Limit  int       // refused where so many are drawn already
	Since  time.Time // zero: live records count; else draws since then, of ended records too
	Until  time.Time // with Since: when it begins anew; zero: not known
}

// Reserved is a draw on a budget.
type Reserved struct {
	Budget string    `json:"budget"`
	At     time.Time `json:"at"`
}

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
