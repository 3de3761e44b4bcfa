package awsapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go/middleware"
)

// Once is how a call that changes something is made: one attempt, by no retryer
// ever a second one.
type Once struct {
	// Mark is the application ID in the user agent, in place of the session's:
	// CloudTrail records it as app/MARK. What stands in it must be letters,
	// digits and !#$%&'*+-.^_`|~: the SDK makes - of everything else.
	Mark string
	// Until is when the call may no longer be signed, by AWS's clock.
	Until time.Time
}

// Errors of calls made Once, besides what the SDK says.
var (
	ErrTooLate = errors.New("too late to be signed")
	errNotSent = errors.New("not sent")
)

// patience is how long a single attempt is waited for: the SDK would wait for a
// silent connection for ever.
const patience = time.Minute

// once makes one call of IAM. Whatever fails before the request leaves this
// process is marked as not sent.
func once[In, Out any](ctx context.Context, s *Session, call string, how Once, do func(context.Context, In, ...func(*iam.Options)) (Out, error), in In) (Out, error) {
	sent := false
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := do(ctx, in, func(o *iam.Options) {
		o.Retryer = aws.NopRetryer{}
		o.AppID = how.Mark
		o.APIOptions = append(o.APIOptions, s.inTime(how.Until), whenSent(&sent))
	})
	if err != nil && !sent {
		err = fmt.Errorf("%w: %w", errNotSent, withoutWrapping(err))
	}
	return out, s.fail(call, err)
}

// inTime refuses to sign from until on. Credentials have been fetched by then.
func (s *Session) inTime(until time.Time) func(*middleware.Stack) error {
	check := middleware.FinalizeMiddlewareFunc("keytend:inTime",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			if !s.Now().Before(until) {
				return middleware.FinalizeOutput{}, middleware.Metadata{}, ErrTooLate
			}
			return next.HandleFinalize(ctx, in)
		})
	return func(stack *middleware.Stack) error { return stack.Finalize.Insert(check, "Signing", middleware.Before) }
}

// signedBefore is inTime for calls that may have no such bound: a zero until.
func (s *Session) signedBefore(until time.Time) []func(*middleware.Stack) error {
	if until.IsZero() {
		return nil
	}
	return []func(*middleware.Stack) error{s.inTime(until)}
}

// whenSent notes that a request goes to the network.
func whenSent(sent *bool) func(*middleware.Stack) error {
	note := middleware.DeserializeMiddlewareFunc("keytend:whenSent",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			if err := ctx.Err(); err != nil {
				return middleware.DeserializeOutput{}, middleware.Metadata{}, err
			}
			*sent = true
			return next.HandleDeserialize(ctx, in)
		})
	return func(stack *middleware.Stack) error { return stack.Deserialize.Add(note, middleware.After) }
}
