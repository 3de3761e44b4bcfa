package awsapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
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

// CertainlyUndone reports whether a call made Once is certain to have changed
// nothing and never to do so: it did not leave this process, nobody was there
// to take it, or AWS refused it (4xx, in AWS's words). Timeouts, broken
// connections, 5xx and answers that can't be read leave it open.
func CertainlyUndone(err error) bool {
	return errors.Is(err, errNotSent) || unconnected(err) || refused(err)
}

// unconnected: no connection came about on which anything could be written.
func unconnected(err error) bool {
	var step *net.OpError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &step) && (step.Op == "dial" || step.Op == "proxyconnect") || errors.As(err, &certificate)
}

// refused: a 4xx with a code of AWS's own. A 408, and a 4xx in other words than
// AWS's, may come from something in between that had passed the request on.
func refused(err error) bool {
	var answer *smithyhttp.ResponseError
	var said smithy.APIError
	if !errors.As(err, &answer) || !errors.As(err, &said) || answer.Response == nil {
		return false
	}
	status, code := answer.HTTPStatusCode(), said.ErrorCode()
	switch {
	case status < 400 || status >= 500 || status == http.StatusRequestTimeout:
		return false
	case code == "" || code == "UnknownError" || strings.HasPrefix(code, "RequestTimeout"):
		return false
	}
	return ClassOf(err) != Service
}
