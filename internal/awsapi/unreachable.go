package awsapi

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// dialTimeout is how long a connection may take to come about. The SDK's half
// minute, three times, is long for an address that swallows packets.
const dialTimeout = 10 * time.Second

// dialAttempts is how often a call is tried where no connection comes about
// (no network, no such host, nobody listening): with more, a command on a
// computer without network would take minutes to say so.
const dialAttempts = 3

// unreachable reports whether err means that the call never left.
func unreachable(err error) bool {
	var operation *net.OpError
	var lookup *net.DNSError
	return errors.As(err, &operation) && (operation.Op == "dial" || operation.Op == "proxyconnect") || errors.As(err, &lookup)
}

// hopeless says what to do about an err that no further try can get over: the
// call can't leave as things are configured. Empty: another try may help.
func hopeless(err error) string {
	var distrust *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	switch {
	case nowhere(err):
		return "The endpoint has to be a whole URL with scheme and host, such as http://127.0.0.1:4599: see AWS_ENDPOINT_URL, and endpoint_url in the AWS config file."
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &noTLS):
		return "Who listens there speaks no TLS: where the endpoint (AWS_ENDPOINT_URL) is meant, write http:// in place of https://."
	case errors.As(err, &distrust):
		return "This computer does not trust the certificate it was shown. Where a proxy opens TLS, set AWS_CA_BUNDLE to a file with the proxy's CA."
	}
	return ""
}

// nowhere reports whether the URL asked is none that a request can be sent to;
// net/http has no error of its own for that.
func nowhere(err error) bool {
	var asked *url.Error
	if !errors.As(err, &asked) {
		return false
	}
	text := asked.Err.Error()
	return strings.HasPrefix(text, "unsupported protocol scheme") || strings.Contains(text, "no Host in request URL")
}

// networkHint says what to do where AWS gave no answer.
func networkHint(e *Error) string {
	if hint := hopeless(e.err); hint != "" {
		return hint
	}
	var operation *net.OpError
	if errors.As(e.err, &operation) && operation.Op == "proxyconnect" {
		return "The proxy didn't answer: check HTTPS_PROXY and HTTP_PROXY; NO_PROXY names the hosts to be reached without it."
	}
	return "AWS didn't answer: check network, proxy, AWS_ENDPOINT_URL and region."
}

// RetryDelay ends the tries early where there is nobody to talk to, or only
// somebody who fails.
func (p *pacedRetryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	switch class := ClassOf(err); {
	case attempt >= dialAttempts && unreachable(err), attempt >= p.failing && class == Service, hopeless(err) != "":
		return 0, err
	}
	return p.AdaptiveMode.RetryDelay(attempt, err)
}
