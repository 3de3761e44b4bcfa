// Package webhook posts JSON that its receiver can trust: signed with a shared
// secret over ID, time and body, as Standard Webhooks has it
// (https://www.standardwebhooks.com). It repeats what may get through later,
// never what was refused, and its errors show neither the secret nor more of the
// address than its host.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request.
const (
	IDHeader        = "webhook-id"
	TimestampHeader = "webhook-timestamp"
	SignatureHeader = "webhook-signature"
)

// ErrRefused is wrapped by errors of requests that would fail again: the receiver
// understood and said no, or the address makes no sense.
var ErrRefused = errors.New("refused")

// Endpoint is a receiver and the secret shared with it.
type Endpoint struct {
	URL    string
	Secret string // signs; empty: nothing is signed. "whsec_" and base64, or any text
	Client *http.Client
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error // between tries; nil: one try only
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// pauses are those between tries.
var pauses = []time.Duration{time.Second, 4 * time.Second}

// Check finds an address or secret that makes no sense.
func (e Endpoint) Check() error {
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("the webhook's address is no http:// or https:// URL: %w", ErrRefused)
	}
	if _, err := key(e.Secret); err != nil {
		return fmt.Errorf("webhook %s: %w (%w)", e.Host(), err, ErrRefused)
	}
	return nil
}

// Host is where it is, without anything that could be secret.
func (e Endpoint) Host() string {
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" {
		return "at an address that makes no sense"
	}
	return u.Scheme + "://" + u.Host
}

// Post sends a body and returns the answer to it, of status 2xx. It tries again
// after 429, 5xx and where the network fails; the ID stays the same.
func (e Endpoint) Post(ctx context.Context, id, contentType string, body []byte) ([]byte, error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		answer, err := e.once(ctx, id, contentType, body)
		if err == nil || errors.Is(err, ErrRefused) || e.Sleep == nil || try >= len(pauses) || ctx.Err() != nil {
			return answer, err
		}
		if e.Sleep(ctx, pauses[try]) != nil {
			return nil, err
		}
	}
}

func (e Endpoint) once(ctx context.Context, id, contentType string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("webhook %s: %w", e.Host(), ErrRefused)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("User-Agent", "keytend")
	if err := e.sign(request.Header, id, body); err != nil {
		return nil, err
	}
	answer, err := e.client().Do(request)
	if err != nil {
		return nil, fmt.Errorf("webhook %s: %w", e.Host(), withoutURL(err))
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return text, e.judge(answer.StatusCode, err)
}

func (e Endpoint) judge(status int, read error) error {
	switch {
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		return fmt.Errorf("webhook %s: status %d", e.Host(), status)
	case status < 200 || status >= 300:
		return fmt.Errorf("webhook %s: status %d: %w", e.Host(), status, ErrRefused)
	case read != nil:
		return fmt.Errorf("webhook %s: read the answer: %w", e.Host(), read)
	}
	return nil
}

func (e Endpoint) sign(header http.Header, id string, body []byte) error {
	header.Set(IDHeader, id)
	if e.Secret == "" {
		return nil
	}
	now := e.Now()
	signature, err := Sign(e.Secret, id, now, body)
	if err != nil {
		return fmt.Errorf("webhook %s: %w (%w)", e.Host(), err, ErrRefused)
	}
	header.Set(TimestampHeader, strconv.FormatInt(now.Unix(), 10))
	header.Set(SignatureHeader, signature)
	return nil
}

// client follows no redirect: the body was signed for this receiver.
func (e Endpoint) client() *http.Client {
	c := http.Client{Timeout: 30 * time.Second}
	if e.Client != nil {
		c = *e.Client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// withoutURL takes the address, which may hold a token, out of an error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Sign returns the signature of a body: "v1," and base64 of the HMAC-SHA256 over
// ID, seconds since 1970 and body, joined by dots.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	k, err := key(secret)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, k)
	_, _ = fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// key is the secret's bytes.
func key(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, "whsec_")
	if !ok {
		return []byte(secret), nil
	}
	k, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("its secret is not base64 after whsec_")
	}
	return k, nil
}

// Verify checks a request as its receiver should: signed with the secret, not
// longer ago than tolerance.
func Verify(secret string, header http.Header, body []byte, now time.Time, tolerance time.Duration) error {
	seconds, err := strconv.ParseInt(header.Get(TimestampHeader), 10, 64)
	if err != nil {
		return errors.New("no " + TimestampHeader)
	}
	at := time.Unix(seconds, 0)
	if now.Sub(at).Abs() > tolerance {
		return fmt.Errorf("signed at %s: too far from now", at.UTC().Format(time.RFC3339))
	}
	want, err := Sign(secret, header.Get(IDHeader), at, body)
	if err != nil {
		return err
	}
	for _, got := range strings.Fields(header.Get(SignatureHeader)) {
		if hmac.Equal([]byte(got), []byte(want)) {
			return nil
		}
	}
	return errors.New("the signature is not that of the secret")
}
