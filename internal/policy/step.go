package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Kind is what a step does.
type Kind string

// The kinds of step. RollBack only turns the record around; DenySessions cuts
// off the sessions made from a leaked key.
const (
	Wait         Kind = "wait"
	Check        Kind = "check"
	Claim        Kind = "claim"
	Create       Kind = "create"
	Discard      Kind = "discard"
	Prove        Kind = "prove"
	Deliver      Kind = "deliver"
	Deactivate   Kind = "deactivate"
	Reactivate   Kind = "reactivate"
	Restore      Kind = "restore"
	Delete       Kind = "delete"
	DenySessions Kind = "deny sessions"
	WipeEscrow   Kind = "wipe escrow"
	RollBack     Kind = "roll back"
	Finish       Kind = "finish"
	Block        Kind = "block"
)

// Destructive reports whether the step takes a working key from somebody who
// may be using it, for good or until it is reversed.
func (k Kind) Destructive() bool { return k == Deactivate || k == Delete || k == Discard }

// Step is the next thing to do about one record. A Wait always has both times:
// look again at NotBefore; tell people where it still waits at Deadline.
type Step struct {
	Kind        Kind
	Key         accesskey.ID
	Destination string
	Reason      accesskey.Reason
	NotBefore   time.Time
	Deadline    time.Time
	Saw         string // for a Wait or Block: what was seen, one sentence
}

// Reading is what a destination held when it was just read.
type Reading struct {
	Key      accesskey.ID // empty: nothing that could be understood
	Version  string
	Readable bool // false: this kind of destination can't be read back
}

// Authorship is what CloudTrail says about who made a key.
type Authorship struct {
	Found bool   // the CreateAccessKey event is there
	Token string // the token in its user agent or session name; empty: none
	By    string // who made the call, for people
}

// Input is everything that Decide looks at besides the time.
type Input struct {
	Record     accesskey.Record
	ObservedAt time.Time // when looking began (AWS's time); nothing below is older
	Me         string    // this process, as in Intent.Holder
	Journal    string    // what every token of this journal begins with, before a dot
	HolderDead bool      // the process that wrote the intent down is proved dead

	User    accesskey.Fact[accesskey.User] // the zero User: there is none of that name
	Quota   accesskey.Fact[int]
	Managed map[accesskey.ID]accesskey.Fact[string] // who else manages each of AskManaged; empty: nobody

	Destinations map[string]accesskey.Fact[Reading]
	OldUses      accesskey.Fact[[]accesskey.Sighting]
	NewUses      accesskey.Fact[[]accesskey.Sighting]
	Authors      map[accesskey.ID]accesskey.Fact[Authorship] // of keys nobody told us about
	RoleUses     map[string]accesskey.Fact[time.Time]        // last use of each of Record.Successors; zero: never

	BaseKey   accesskey.Fact[accesskey.ID] // what our own requests are signed with
	Skew      accesskey.Fact[time.Duration]
	Head      time.Time                 // the journal's latest act on the user: Journal.Head
	LatestAct accesskey.Fact[time.Time] // our latest mutating call on the user as CloudTrail shows it
}

// SignatureLife is how long AWS accepts a signed request: a request that was
// sent may still be carried out until then.
const SignatureLife = 15 * time.Minute

// MaxSkew is how far the host's clock may be off before nothing destructive is
// done.
const MaxSkew = time.Minute
