// Package onaws is one AWS account as package rotation needs it: its reads, its
// mutating calls, its proofs, and CloudTrail's word on who did what. It
// translates between rotation's ports and package awsapi.
//
// It never decides, never makes a mutating call twice, and holds no truth: what
// it remembers is what AWS can't change any more.
package onaws

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/rotation"
)

// Options of an account. The zero value will do.
type Options struct {
	// Journal is what every token of this journal begins with, before a dot.
	Journal string
	// Regions are those in which keys are used besides the partition's home
	// region and the regions of last use; CloudTrail is read in all of them.
	Regions []string
	// Keyless is a person's word that temporary credentials from outside
	// (environment, files, a program) rest on no long-lived key, as those of CI
	// by OIDC don't. Where the SDK knows better, it isn't asked.
	Keyless bool
	// Notes is where what was read of CloudTrail is kept for other processes;
	// nil: nowhere.
	Notes *Notes
	// Function says that we are a rotation function: a user that is marked as
	// rotated through a secret is its own affair. Others leave such users alone.
	Function bool
	// Elsewhere says who else manages a key as far as this computer knows
	// (Terraform's state, another rotator); empty: nobody. nil: not asked.
	Elsewhere func(ctx context.Context, subject accesskey.Subject, key accesskey.ID) (string, error)
}

// Account implements every port of rotation that ends at AWS. It is safe for
// concurrent use.
type Account struct {
	session *awsapi.Session
	options Options

	lock    sync.Mutex
	named   map[naming]*awsapi.Session           // by the claim's token
	created map[accesskey.ID]time.Time           // of keys seen
	regions map[accesskey.ID]map[string]bool     // of last use, as seen
	authors map[accesskey.ID]rotation.Authorship // found
	marks   map[string]string                    // by user: the secret that its tag names, as last seen
	tracks  map[trackKey]*track

	actsTurn turn
	acts     acts
}

var (
	_ rotation.Keys      = (*Account)(nil)
	_ rotation.Mutations = (*Account)(nil)
	_ rotation.Tags      = (*Account)(nil)
	_ rotation.Rights    = (*Account)(nil)
	_ rotation.Prover    = (*Account)(nil)
	_ rotation.Trail     = (*Account)(nil)
	_ rotation.Past      = (*Account)(nil)
	_ rotation.Signer    = (*Account)(nil)
	_ rotation.Clock     = (*Account)(nil)
)

// New returns the account that a session is of. It makes no call.
func New(session *awsapi.Session, o Options) *Account {
	return &Account{
		session: session, options: o,
		named:    map[naming]*awsapi.Session{},
		created:  map[accesskey.ID]time.Time{},
		regions:  map[accesskey.ID]map[string]bool{},
		authors:  map[accesskey.ID]rotation.Authorship{},
		marks:    map[string]string{},
		tracks:   map[trackKey]*track{},
		actsTurn: newTurn(),
	}
}

// own refuses subjects of other accounts: a user of the same name is there too.
func (a *Account) own(ctx context.Context, subject accesskey.Subject) (awsapi.Identity, error) {
	id, err := a.session.Identity(ctx)
	if err != nil {
		return id, err
	}
	if id.Account != subject.Account {
		return id, fmt.Errorf("user %s is of account %s, and these credentials are of %s", subject.User, subject.Account, id.Account)
	}
	return id, nil
}

// mark is how our calls show in CloudTrail: SDK application ID, and session
// name where a role is assumed.
const mark = "keytend+"

// ProofMark is the application ID of the calls by which a new key is proved.
const ProofMark = "keytend-proof"

// tokenForm is what survives unchanged in a user agent, a session name (64 in
// all) and a tag.
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._+-]{1,56}$`)

// failed explains why a fact is not known.
func failed(err error) string {
	if hint := awsapi.Hint(err); hint != "" {
		return strings.TrimSuffix(err.Error(), ".") + ". " + hint
	}
	return err.Error()
}

func unread[T any](err error) accesskey.Fact[T] { return accesskey.Unread[T](failed(err)) }

// refusal is an error of a call that is certain to have changed nothing.
type refusal struct {
	err   error
	marks []error
}

// Error implements error.
func (r refusal) Error() string { return failed(r.err) }

// Unwrap returns rotation's words and what AWS said.
func (r refusal) Unwrap() []error { return slices.Concat(r.marks, []error{r.err}) }

// undone marks an error from before the call.
func undone(err error) error {
	if err == nil {
		return nil
	}
	return refusal{err, []error{rotation.ErrNotDone}}
}

// outcome translates what a mutating call said. about is rotation's word for
// AWS's "not found"; nil: none.
func outcome(err, about error) error {
	if err == nil || !awsapi.NotDone(err) {
		return err
	}
	marks := []error{rotation.ErrNotDone}
	switch class := awsapi.ClassOf(err); {
	case errors.Is(err, awsapi.ErrTooLate):
		marks = append(marks, rotation.ErrLeaseOver)
	case class == awsapi.Denied, class == awsapi.DeniedByOrganization:
		marks = append(marks, rotation.ErrDenied)
	case class == awsapi.NotFound && about != nil:
		marks = append(marks, about)
	}
	return refusal{err, marks}
}
