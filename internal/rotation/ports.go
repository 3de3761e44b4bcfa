// Package rotation acts: one pass looks at one user, lets package policy decide
// one step, writes the intent down, takes the step and writes down what became
// of it. Every pass looks at the world again, so it can die anywhere, run twice
// or run on another machine.
//
// It never decides, never holds truth in memory, never reads a clock or sleeps
// by itself, and never prints a secret.
package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// What journals and destinations answer, where a caller branches.
var (
	ErrNoRecord  = errors.New("no live record")
	ErrExists    = errors.New("the user has a live record already")
	ErrConflict  = errors.New("the record has been replaced by somebody else")
	ErrBudget    = errors.New("the budget is used up")
	ErrChanged   = errors.New("the destination holds something else than expected")
	ErrLeaseOver = errors.New("not sent: too long since the last look")
	// ErrNotDone is wrapped by errors of mutating calls and of deliveries that
	// are certain to have changed nothing and never to do so: refused, denied,
	// throttled, never sent. Any other error leaves the outcome unknown.
	ErrNotDone = errors.New("not done")
	ErrDenied  = errors.New("denied") // besides ErrNotDone
	ErrNoKey   = errors.New("no such key")
)

// Journal keeps records and the audit. Each write puts record and event down in
// one transaction, or nothing. An error other than those named leaves it open
// whether that happened.
type Journal interface {
	// Fetch returns the live record of a user (Account and User of subject), or
	// ErrNoRecord.
	Fetch(ctx context.Context, subject accesskey.Subject) (accesskey.Record, error)
	// Create stores a new record with Version 1, or ErrExists where its user
	// has a live one.
	Create(ctx context.Context, record accesskey.Record, event accesskey.Event) (accesskey.Record, error)
	// Replace puts next in the place of old, by old.ID and old.Version, and
	// returns it with its new Version; ErrConflict where another version stands
	// there. Reservations are counted in the same transaction, the record's own
	// draws left out: ErrBudget where one is used up.
	Replace(ctx context.Context, old, next accesskey.Record, event accesskey.Event, reserve ...accesskey.Reservation) (accesskey.Record, error)
	// Head returns the time of the latest event about a user that proves that we
	// acted on AWS (accesskey.Event.Act: an intent, its outcome, a recovery), live
	// or ended records alike; zero: none. What people ask for, and what a pass
	// merely noted, doesn't count: the head is compared with CloudTrail's word on
	// our acts, to know a journal that was put back from a copy.
	Head(ctx context.Context, subject accesskey.Subject) (time.Time, error)
}

// History reads what is on record: for status, audit and resume.
type History interface {
	List(ctx context.Context, account string, ended bool) ([]accesskey.Record, error) // account "": all
	Events(ctx context.Context, subject accesskey.Subject) ([]accesskey.Event, error) // oldest first
}

// Escrow seals what must outlive a process.
type Escrow interface {
	// Check finds a missing or wrong identity before a key is made.
	Check(ctx context.Context) error
	// Seal returns a text safe to store. purpose ("new secret", "previous") is
	// bound to it.
	Seal(ctx context.Context, purpose string, plain []byte) (string, error)
	Open(ctx context.Context, purpose, sealed string) ([]byte, error)
}

// Keeper is an Escrow in which a sealed secret can be found again that no record
// knows of: the process died after Seal.
type Keeper interface {
	// Kept returns what Seal returned for the new secret of a key; empty: it isn't
	// there, or what it was sealed for has changed since.
	Kept(ctx context.Context, key accesskey.ID) (sealed string, err error)
}

// The purposes things are sealed for.
const (
	ForNewSecret = "new secret"
	ForOldSecret = "old secret"
	ForPrevious  = "previous value"
)

// Credential is a key as a consumer needs it.
type Credential struct {
	ID     accesskey.ID
	Secret accesskey.Secret
}

// Version names what a destination holds at one moment. Equal versions mean
// that nobody wrote in between.
type Version string

// Held is what a destination holds.
type Held struct {
	Key      accesskey.ID // empty: none, or nothing that could be understood
	Version  Version
	Readable bool // false: this kind of destination can't be read back (exec)
}

// Destination is a place from which a consumer reads its key. No error of it
// ever holds a secret. Errors of Deliver and Restore wrap ErrNotDone where
// nothing was changed.
type Destination interface {
	Name() string // "credentialsfile:/home/ana/.aws/credentials#default"
	// Check finds beforehand what would make Deliver fail, and changes nothing.
	Check(ctx context.Context) error
	// Current reads what stands there.
	Current(ctx context.Context) (Held, error)
	// Deliver writes next where expect still stands there, whole or not at all;
	// ErrChanged (and ErrNotDone) where it doesn't. Delivering what is there
	// already succeeds. Neighbours stay untouched. Destinations that can't be
	// read compare nothing: they get the ID of the key being replaced for expect.
	// What is signed for it must not be signed from Until(ctx) on; what is not
	// signed asks InTime(ctx) right before its last step.
	Deliver(ctx context.Context, expect Version, next Credential) (Version, error)
}

// Regional is a destination in a region of AWS, whose consumers call AWS there.
type Regional interface{ Region() string }

// Noted is a destination with something to say that Check can't find out.
type Noted interface{ Note() string }

// Restorer is a destination that can be put back.
type Restorer interface {
	// Previous returns what stands there, to be sealed, with its version.
	Previous(ctx context.Context) ([]byte, Version, error)
	// Restore puts the pair in it back where expect still stands there, and
	// leaves everything else as it is by now.
	Restore(ctx context.Context, expect Version, previous []byte) (Version, error)
}

// Keys reads one account. Facts that could not be read are unread facts, with
// the reason, never errors.
type Keys interface {
	// User returns the user with UserId, tags and every key: status, creation
	// and last use. Where there is none of that name, the zero User, observed.
	User(ctx context.Context, subject accesskey.Subject) accesskey.Fact[accesskey.User]
	// Quota is how many keys a user may have in this account.
	Quota(ctx context.Context) accesskey.Fact[int]
	// Managed says who else manages the key ("Terraform state s3://…"); empty
	// where nobody does as far as we were told to look.
	Managed(ctx context.Context, subject accesskey.Subject, key accesskey.ID) accesskey.Fact[string]
}

// Permit goes with every mutating call: the claim's token travels in its user
// agent, and it must not be signed after Until (AWS's time): ErrLeaseOver and
// ErrNotDone then. A request is signed once, sent once and valid for 15 minutes.
type Permit struct {
	Token string
	Until time.Time
}

type lease struct {
	until time.Time
	now   func() time.Time
}

type leaseKey struct{}

// Within returns a context for a Deliver or Restore of which nothing must be
// signed, renamed or started from until on (AWS's time, as now tells it), as a
// Permit says it of other calls: whoever was stopped after looking, and goes on
// later, finds another world.
func Within(ctx context.Context, until time.Time, now func() time.Time) context.Context {
	return context.WithValue(ctx, leaseKey{}, lease{until, now})
}

// Until is what Within was given; zero: there is no bound.
func Until(ctx context.Context) time.Time {
	l, _ := ctx.Value(leaseKey{}).(lease)
	return l.until
}

// InTime is asked right before the one step of a Deliver or Restore that others
// see: ErrLeaseOver and ErrNotDone where it comes too late.
func InTime(ctx context.Context) error {
	l, bound := ctx.Value(leaseKey{}).(lease)
	if !bound || l.now().Before(l.until) {
		return nil
	}
	return fmt.Errorf("%w (%w)", ErrLeaseOver, ErrNotDone)
}

// Mutations changes one account. Errors that wrap ErrNotDone are certain to have
// changed nothing.
type Mutations interface {
	// CreateAccessKey makes one attempt, never a second one.
	CreateAccessKey(ctx context.Context, subject accesskey.Subject, p Permit) (Credential, error)
	// SetStatus is UpdateAccessKey.
	SetStatus(ctx context.Context, subject accesskey.Subject, key accesskey.ID, status accesskey.Status, p Permit) error
	DeleteAccessKey(ctx context.Context, subject accesskey.Subject, key accesskey.ID, p Permit) error
	// DenySessions denies the user's sessions issued before the given time.
	DenySessions(ctx context.Context, subject accesskey.Subject, before time.Time, p Permit) error
}

// Tags marks a user as claimed by one journal, and keeps keys described.
type Tags interface {
	// Tag writes our token into the user's tag, over whatever stands there;
	// ErrDenied where we may not.
	Tag(ctx context.Context, subject accesskey.Subject, p Permit) error
	// Untag removes the tag where it holds our token.
	Untag(ctx context.Context, subject accesskey.Subject, p Permit) error
	// MoveDescription makes one key's description another's, where there is
	// one; a description that the other has stays.
	MoveDescription(ctx context.Context, subject accesskey.Subject, from, to accesskey.ID, p Permit) error
}

// ClaimTag is the user tag that holds the token of the claim in force.
const ClaimTag = policy.ClaimTag

// SecretTag is the user tag that names the secret through which a rotation
// function replaces the user's key.
const SecretTag = policy.SecretTag

// Rights asks AWS, and changes nothing.
type Rights interface {
	// MayRotate is SimulatePrincipalPolicy on ourselves for create, update and
	// delete of this user's keys. The error says what is denied, and by what.
	MayRotate(ctx context.Context, subject accesskey.Subject) error
}

// Prover calls AWS as a key: STS in each region given and one IAM call, where
// AccessDenied counts as authenticated. It makes one round and returns the
// caller's UserId; any error is a failed round.
type Prover interface {
	Prove(ctx context.Context, c Credential, regions []string) (userID string, err error)
}

// Freeze is a time in which nothing is changed; without an Until, for good.
type Freeze = policy.Span

// Freezer knows what a person has ordered to stop.
type Freezer interface {
	// Freezes are those in force at the given time, and those to come.
	Freezes(ctx context.Context, now time.Time) ([]Freeze, error)
}

// Authorship is what CloudTrail says about who made a key.
type Authorship = policy.Authorship

// Trail reads CloudTrail.
type Trail interface {
	// Author looks for the CreateAccessKey event of a key.
	Author(ctx context.Context, subject accesskey.Subject, key accesskey.ID) accesskey.Fact[Authorship]
	// Uses returns sightings of a key, oldest first; unread where CloudTrail
	// can't be had.
	Uses(ctx context.Context, key accesskey.ID) accesskey.Fact[[]accesskey.Sighting]
	// LatestAct is when one of our own mutating calls on this user, under any
	// token of this journal, was last seen by AWS; zero: never, also where we are
	// not permitted to look, which the source says. Unread where looking failed.
	LatestAct(ctx context.Context, subject accesskey.Subject) accesskey.Fact[time.Time]
}

// Roles reads the roles that take a key's place.
type Roles interface {
	// RoleUsed is when a role was last used by anybody; zero: never, or there is
	// none of that name, which the source says.
	RoleUsed(ctx context.Context, subject accesskey.Subject, role string) accesskey.Fact[time.Time]
}

// Act is a call that changed a user's keys, as CloudTrail tells it.
type Act struct {
	At     time.Time
	Action accesskey.Action // CreateKey, Deactivate, Reactivate, DeleteKey or DenySessions
	Key    accesskey.ID     // empty: DenySessions is about the user
	Token  string           // of the claim under which we made it; empty: somebody else did
}

// Past is what AWS still tells of acts whose records were lost.
type Past interface {
	// Acts returns the successful acts on a user, by anybody, oldest first, of
	// the 90 days that CloudTrail keeps. Where there are too many to go through,
	// the oldest are left out.
	Acts(ctx context.Context, subject accesskey.Subject) accesskey.Fact[[]Act]
}

// OwnAgent is the word in Place.Agent of our own calls, whichever claim they are
// made under.
const OwnAgent = policy.OwnAgent

// Signer is what our own requests are signed with.
type Signer interface {
	// BaseKey is the long-lived key at the bottom, also under assumed roles;
	// empty where there is none (instance roles).
	BaseKey(ctx context.Context) accesskey.Fact[accesskey.ID]
	// Use goes on with another key from now on.
	Use(ctx context.Context, c Credential) error
}

// Clock is AWS's time and how far ours is off.
type Clock interface {
	Now() time.Time                                         // AWS's, UTC
	Skew(ctx context.Context) accesskey.Fact[time.Duration] // host clock − AWS's
}

// Holders says of other processes whether they are dead for certain: the lock
// each holds on the state file is free.
type Holders interface {
	Dead(ctx context.Context, holder string) bool
}

// Asker asks change management about a step, before its intent is written down.
// Steps that put something back, or cut off a leaked key, are not asked about.
type Asker interface {
	// Ask returns the answer; the same question may be asked again. An error is
	// no yes.
	Ask(ctx context.Context, r accesskey.Record, step policy.Step) (policy.Answer, error)
}
