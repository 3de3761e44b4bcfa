package awsapi

import (
	"errors"
	"net"
	"time"
)

// dialAttempts is how often a call is tried where no connection comes about
// (no network, no such host, nobody listening): with more, a command on a
// computer without network would take minutes to say so.
const dialAttempts = 3

// unreachable reports whether err means that the call never left.
func unreachable(err error) bool {
	var operation *net.OpError
	var lookup *net.DNSError
	return errors.As(err, &operation) && operation.Op == "dial" || errors.As(err, &lookup)
}

// RetryDelay ends the tries early where there is nobody to talk to, or only
// somebody who fails.
func (p *pacedRetryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	switch class := ClassOf(err); {
	case attempt >= dialAttempts && unreachable(err), attempt >= p.failing && class == Service:
		return 0, err
	}
	return p.AdaptiveMode.RetryDelay(attempt, err)
}
