package awsapi

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// NotDone reports whether a failed call is certain to have changed nothing and
// never to do so: it did not leave this process, nobody was there to take it, or
// AWS refused it (4xx, in AWS's words). Timeouts, broken connections, 5xx and
// answers that can't be read leave it open.
//
// It speaks of the last attempt. Calls that change something and can't be
// repeated therefore are made Once, or try again only after a refusal: see
// onlyAfterRefusal.
func (e *Error) NotDone() bool {
	return e.Class == CredentialsMissing || errors.Is(e.err, errNotSent) || e.TooLate() || unconnected(e.err) || refused(e.err)
}

// TooLate reports whether the call was not made because it may no longer be.
func (e *Error) TooLate() bool { return errors.Is(e.err, ErrTooLate) }

// Denied reports whether the call was refused for want of a permission.
func (e *Error) Denied() bool { return e.Class == Denied || e.Class == DeniedByOrganization }

// NotFound reports whether what the call was about doesn't exist.
func (e *Error) NotFound() bool { return e.Class == NotFound }

// NotDone is (*Error).NotDone for any error; nil and errors of others are not
// certain.
func NotDone(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.NotDone()
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

// onlyAfterRefusal tries again only what AWS is certain not to have done. The
// SDK by itself also repeats calls whose answer was lost: harmless where a call
// is idempotent, but the outcome told would be the last attempt's, and a change
// that was made would be reported as refused.
//
// Beneath the SDK, net/http repeats a request only where no byte of it was
// written to the connection.
type onlyAfterRefusal struct{ aws.RetryerV2 }

// IsErrorRetryable implements aws.Retryer.
func (r onlyAfterRefusal) IsErrorRetryable(err error) bool {
	class := ClassOf(err)
	return (class == Throttled || class == ClockSkew) && r.RetryerV2.IsErrorRetryable(err)
}

// regional is the session's configuration for another region; empty: the
// session's own.
func (s *Session) regional(region string) aws.Config {
	cfg := s.config.Copy()
	if region != "" {
		cfg.Region = region
	}
	return cfg
}

// retrying gives an API its own retryer. careful: see onlyAfterRefusal.
func (s *Session) retrying(region, api string, careful bool) aws.Retryer {
	retryer := s.retryers.of(api + "@" + region)
	if careful {
		return onlyAfterRefusal{retryer}
	}
	return retryer
}
