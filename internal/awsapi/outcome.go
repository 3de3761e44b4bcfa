package awsapi

import (
	"errors"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// NotDone reports whether a failed call is certain to have changed nothing and
// never to do so: AWS refused it, or it was never sent. It is false where the
// answer was lost, where AWS failed (5xx), and where the call was cancelled.
//
// It speaks of the last attempt. Calls that change something and can't be
// repeated therefore try again only after a refusal: see onlyAfterRefusal.
func (e *Error) NotDone() bool {
	switch e.Class {
	case Network:
		return neverConnected(e.err)
	case Service, Canceled:
		return false
	case CredentialsMissing:
		return true
	}
	return e.Code != ""
}

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

// neverConnected reports whether there was no connection to send anything over.
func neverConnected(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
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
