package awsapi

import (
	"errors"
	"fmt"
	"net"
	"testing"
)

func TestUnreachableGivesUpEarly(t *testing.T) {
	retryer := newRetryers(8, 0).paced()
	dial := fmt.Errorf("send: %w", &net.OpError{Op: "dial", Err: errors.New("connection refused")})
	host := fmt.Errorf("send: %w", &net.DNSError{Name: "iam.example.com"})
	read := fmt.Errorf("send: %w", &net.OpError{Op: "read", Err: errors.New("connection reset")})
	for _, test := range []struct {
		attempt int
		err     error
		again   bool
	}{
		{dialAttempts - 1, dial, true}, {dialAttempts, dial, false}, {dialAttempts, host, false}, {dialAttempts, read, true},
	} {
		_, err := retryer.RetryDelay(test.attempt, test.err)
		if again := err == nil; again != test.again {
			t.Errorf("after attempt %d, %v: again = %v", test.attempt, test.err, again)
		}
		if err != nil && !errors.Is(err, test.err) {
			t.Errorf("the error is lost: %v", err)
		}
	}
}
