// Package rotationlambda rotates the IAM access key in a secret of AWS Secrets
// Manager, as a rotation function does: createSecret, setSecret, testSecret,
// finishSecret, and the reaper, which ends what Secrets Manager never asks for
// again. There is one protocol: the same record, the same policy.Decide, the
// same rotation.Rotator, with ports that lie in the secret itself.
//
// The journal is a handful of the secret's tags, the escrow is its version
// AWSPENDING, and the secret is the last of the destinations. The audit goes to
// the function's log.
//
// It never acts on staging labels' names alone, never overwrites what a person
// wrote into the secret, and never prints a secret.
package rotationlambda

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/destination/secretsmanager"
	"github.com/keytend/keytend/internal/rotation"
)

// The secret's tags that people set, and the prefix of our own.
const (
	UserTag    = "keytend:user"    // name of the IAM user whose key the secret holds
	DeliverTag = "keytend:deliver" // further destinations, separated by spaces
	OwnTags    = "keytend:rotation/"
)

// Store is Secrets Manager in the function's region. Its errors say by methods
// NotDone, Denied, NotFound and TooLate what they are; see package stored.
type Store interface {
	secretsmanager.Store
	Describe(ctx context.Context, id string) (awsapi.SecretDescription, error)
	// Tagged yields the secrets that carry a tag of the given key.
	Tagged(ctx context.Context, key string) iter.Seq2[awsapi.SecretDescription, error]
	// ValueOf reads a version, which must carry the label where one is given.
	ValueOf(ctx context.Context, id, version, label string) (accesskey.Secret, error)
	PutPending(ctx context.Context, id, version, rotationToken string, text accesskey.Secret, until time.Time) error
	Tag(ctx context.Context, id string, tags map[string]string, until time.Time) error
	Untag(ctx context.Context, id string, keys []string) error
}

// Function is a rotation function in one account and region. No two of its
// invocations may run at the same time: its reserved concurrency is 1.
type Function struct {
	// Rotator holds every port that ends at AWS. Its Journal, Escrow, Holders,
	// Freezer and Holder are the function's own affair; Destination opens the
	// further destinations.
	Rotator rotation.Rotator
	Store   Store
	Past    rotation.Past // by which a lost record is rebuilt
	Account string        // twelve digits
	Region  string
	ARN     string // of the function, without alias or version; empty: this is none

	// Terms are those in force for a user's key.
	Terms func(accesskey.User, accesskey.Key) (accesskey.Terms, error)
	// MarkUser writes the user tag policy.SecretTag, so that others leave the
	// user alone.
	MarkUser func(ctx context.Context, subject accesskey.Subject, arn string, p rotation.Permit) error
	// Sleep waits for a while, or until the context ends.
	Sleep func(context.Context, time.Duration) error
	Log   *slog.Logger // audit and alarms, one line each
	Name  string       // this invocation: its request ID

	alarms int // raised by now
}

// Alarms is how many alarms this invocation has raised in its log. Blocks are not among
// them: Reaped counts what is blocked, for as long as it is.
func (f *Function) Alarms() int { return f.alarms }

// Event is what the function is invoked with.
type Event struct {
	Step          string
	SecretID      string `json:"SecretId"`
	Token         string `json:"ClientRequestToken"`
	RotationToken string `json:"RotationToken"`
	Task          string `json:"task"`
}

// Reap is the Task of the scheduled reaper.
const Reap = "reap"

// Handle answers one invocation: a step of a rotation, or the reaper. An error
// is for people: Secrets Manager shows it in the RotationFailed event.
func (f *Function) Handle(ctx context.Context, payload []byte) ([]byte, error) {
	var e Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	switch {
	case e.Step != "":
		return []byte("null"), f.Step(ctx, e)
	case e.Task == Reap:
		reaped, err := f.Reap(ctx)
		out, badly := json.Marshal(reaped)
		if err == nil {
			err = badly
		}
		return out, err
	}
	return nil, fmt.Errorf(`the event is neither a rotation step of Secrets Manager ("Step") nor {"task":%q}`, Reap)
}

// functionTerms are the times of a rotation through the function: between two
// steps others may be at work, so a key that was never tried is not given up in
// the meantime.
func functionTerms(t accesskey.Terms) accesskey.Terms {
	t.ProveMax = max(t.ProveMax, t.DeliverMax)
	return t
}
