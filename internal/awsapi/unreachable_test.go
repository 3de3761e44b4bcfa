package awsapi

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

func unsent(err error) error {
	return &smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "https://iam.example.com/", Err: err}}
}

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
		{1, unsent(http.ErrSchemeMismatch), false}, {1, unsent(errors.New(`unsupported protocol scheme "localhost"`)), false},
		{1, unsent(&tls.CertificateVerificationError{Err: errors.New("unknown authority")}), false}, {1, unsent(io.ErrUnexpectedEOF), true},
		{dialAttempts, fmt.Errorf("send: %w", &net.OpError{Op: "proxyconnect", Err: dial}), false},
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

func TestWhatCannotWorkIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"no scheme": {unsent(errors.New(`unsupported protocol scheme "localhost"`)), "http://127.0.0.1:4599"},
		"no host":   {unsent(errors.New("http: no Host in request URL")), "whole URL"},
		"no TLS":    {unsent(http.ErrSchemeMismatch), "http:// in place of https://"},
		"distrust":  {unsent(&tls.CertificateVerificationError{Err: errors.New("unknown authority")}), "AWS_CA_BUNDLE"},
		"proxy":     {unsent(&net.OpError{Op: "proxyconnect", Err: errors.New("refused")}), "HTTPS_PROXY"},
		"refused":   {unsent(&net.OpError{Op: "dial", Err: errors.New("refused")}), "AWS_ENDPOINT_URL and region"},
		"no AWS":    {answer(403, "UnknownError", "UnknownError"), "another language"},
	} {
		err := newError("sts:GetCallerIdentity", "", &retry.MaxAttemptsError{Attempt: 1, Err: c.err})
		if hint := Hint(err); !strings.Contains(hint, c.want) {
			t.Errorf("%s: %q, want %q in it", name, hint, c.want)
		}
		if text := err.Error(); strings.Contains(text, "StatusCode: 0") || strings.Contains(text, "number of attempts") {
			t.Errorf("%s: the SDK's layers are told: %s", name, text)
		}
	}
}
