// Package notify tells people through the chat, mail or pager that a URL names
// (shoutrrr's service URLs). It neither chooses whom to tell nor what to say,
// and it never prints a URL whole: such URLs hold tokens.
package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// patience is how long Send waits where the context sets no deadline.
const patience = 30 * time.Second

// manual tells how each service's URL is written.
const manual = "https://shoutrrr.nickfedor.com"

// ErrSaysNothing is returned for services that would swallow the message.
var ErrSaysNothing = errors.New("this service only logs: nobody would be told")

// Check reports whether rawURL is one that Send could send to, without sending
// anything. Call it before long work, so that a misspelt URL is told at once.
func Check(rawURL string) error {
	_, err := locate(rawURL)
	return err
}

// Send delivers a message to the service that rawURL names. Text longer than
// the service takes is trimmed, with a word about it. Services that know no
// title get it as the first line. The errors are redacted: fit for any log.
//
// A canceled context ends the waiting at once; the message may be delivered
// all the same.
func Send(ctx context.Context, rawURL, title, text string) error {
	service, err := locate(rawURL)
	if err != nil {
		return err
	}
	params := types.Params{}
	text = withoutMentions(text)
	if takesTitle(rawURL) {
		params[types.TitleKey] = oneLine(title)
	} else if title != "" {
		text = oneLine(title) + "\n\n" + text
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := deliver(ctx, service, trim(text, limitOf(rawURL)), params); err != nil {
		return fmt.Errorf("notify %s: %s", Redact(rawURL), scrub(rawURL, err.Error()))
	}
	return nil
}

// deliver waits for the service no longer than the context allows: shoutrrr's
// services take no context.
func deliver(ctx context.Context, service types.Service, text string, params types.Params) error {
	done := make(chan error, 1)
	go func() { done <- service.Send(text, &params) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer: %w", ctx.Err())
	}
}

// locate returns the service that rawURL configures.
func locate(rawURL string) (types.Service, error) {
	if scheme(rawURL) == "logger" {
		return nil, fmt.Errorf("notify %s: %w", Redact(rawURL), ErrSaysNothing)
	}
	service, err := (&router.ServiceRouter{}).Locate(withPort(rawURL))
	switch {
	case err == nil:
		return service, nil
	case errors.Is(err, router.ErrUnknownService):
		return nil, fmt.Errorf("notify %s: no such service: want slack://…, smtp://…, generic+https://… or another of shoutrrr's", Redact(rawURL))
	default:
		return nil, fmt.Errorf("notify %s: %s (how its URL is written: %s)", Redact(rawURL), scrub(rawURL, err.Error()), manual)
	}
}

// oneLine keeps a title out of mail headers and HTTP headers it doesn't belong
// to.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
