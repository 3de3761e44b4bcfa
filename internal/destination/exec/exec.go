// Package exec delivers a key by running a program of the user's.
//
// # The contract with the program
//
// The program is run without arguments and without a shell. It reads one JSON
// object from standard input:
//
//	{"version": 1, "action": "deliver",
//	 "access_key_id": "AKIA…", "secret_access_key": "…",
//	 "previous_access_key_id": "AKIA…"}
//
// previous_access_key_id is the key that the new one replaces, as Keytend has it
// on record; it is left out where there is none.
//
// action is "deliver", or "check", which has no secret and must change nothing
// but find out whether a delivery would work. The same delivery may come more
// than once; it must come to the same.
//
// Exit status 0 says that it is done. Status 75 (EX_TEMPFAIL of sysexits.h)
// says that nothing was changed. Any other says that nobody knows: Keytend
// will deliver again, and never take the key away as if nobody had it.
//
// The program's standard error is shown to people, up to 2,000 bytes, with the
// secret taken out where it stands there. Its standard output is not read. The
// environment is Keytend's own without AWS_* variables. It gets one minute.
package exec

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

// Kind is the name before the colon.
const Kind = "exec"

// Version is the version of the contract in use.
const Version = 1

const (
	patience   = time.Minute
	shown      = 2000 // bytes of standard error
	notChanged = 75   // EX_TEMPFAIL
)

// Program is a program that takes keys somewhere.
type Program struct {
	path    string
	environ []string
}

var _ rotation.Destination = (*Program)(nil)

// Open returns the destination of a program: a path, or a name looked for in
// PATH. environ is the environment, without which AWS_* variables are left out.
func Open(where string, environ []string) (*Program, error) {
	if where == "" {
		return nil, fmt.Errorf("destination %s: want exec:PROGRAM", Kind)
	}
	p := &Program{path: where}
	for _, kv := range environ {
		if !strings.HasPrefix(kv, "AWS_") {
			p.environ = append(p.environ, kv)
		}
	}
	return p, nil
}

// request is what the program reads.
type request struct {
	Version  int          `json:"version"`
	Action   string       `json:"action"`
	ID       accesskey.ID `json:"access_key_id,omitempty"`
	Secret   string       `json:"secret_access_key,omitempty"`
	Previous accesskey.ID `json:"previous_access_key_id,omitempty"`
}

// Name implements rotation.Destination.
func (p *Program) Name() string { return Kind + ":" + p.path }

// Current implements rotation.Destination: a program can't be read back.
func (p *Program) Current(context.Context) (rotation.Held, error) { return rotation.Held{}, nil }

// Check implements rotation.Destination.
func (p *Program) Check(ctx context.Context) error {
	if _, err := exec.LookPath(p.path); err != nil {
		return fmt.Errorf("check %s: %w", p.Name(), err)
	}
	if err := p.run(ctx, request{Version: Version, Action: "check"}); err != nil {
		return fmt.Errorf("check %s: %w", p.Name(), err)
	}
	return nil
}

// Deliver implements rotation.Destination. expect is the ID of the key that next
// replaces, for the program's use; nothing is compared here.
func (p *Program) Deliver(ctx context.Context, expect rotation.Version, next rotation.Credential) (rotation.Version, error) {
	r := request{Version: Version, Action: "deliver", ID: next.ID, Secret: next.Secret.Reveal()}
	if id, err := accesskey.ParseID(string(expect)); err == nil {
		r.Previous = id
	}
	if err := p.run(ctx, r); err != nil {
		return "", fmt.Errorf("deliver to %s: %w", p.Name(), err)
	}
	return rotation.Version(next.ID), nil
}

func (p *Program) run(ctx context.Context, r request) error {
	in, err := json.Marshal(r)
	if err != nil {
		return notDone(err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.path)
	cmd.Env = p.environ
	cmd.Stdin = bytes.NewReader(in)
	cmd.WaitDelay = 5 * time.Second
	said := &head{limit: shown}
	cmd.Stderr = said
	if err := rotation.InTime(ctx); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return notDone(err)
	}
	return outcome(ctx, cmd.Wait(), said.text(r.Secret))
}

// outcome turns the program's end into one of: done, not done, unknown.
func outcome(ctx context.Context, err error, said string) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("the program did not end in time: %w%s", ctx.Err(), said)
	case errors.As(err, &exit) && exit.ExitCode() == notChanged:
		return notDone(fmt.Errorf("the program says that nothing was changed (exit status %d)%s", notChanged, said))
	}
	return fmt.Errorf("the program failed: %w%s", err, said)
}

func notDone(err error) error { return fmt.Errorf("%w (%w)", err, rotation.ErrNotDone) }

// head keeps the first bytes written to it.
type head struct {
	bytes.Buffer
	limit int
}

// Write implements io.Writer and never fails: a program must not die of our
// not listening.
func (h *head) Write(b []byte) (int, error) {
	// Kept a little longer than shown, so that a secret across the limit is
	// still found.
	if room := h.limit + 200 - h.Len(); room > 0 {
		h.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// text is what was said, without the secret in any of its likely spellings,
// behind a colon; empty where nothing was said.
func (h *head) text(secret string) string {
	s := h.String()
	if secret != "" {
		for _, form := range spellings(secret) {
			s = strings.ReplaceAll(s, form, "REDACTED")
		}
	}
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if len(s) > h.limit {
		s = strings.ToValidUTF8(s[:h.limit], "") + "…"
	}
	if s == "" {
		return ""
	}
	return ": " + s
}

// spellings are the ways in which a program may have written the secret.
func spellings(secret string) []string {
	quoted, err := json.Marshal(secret)
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret)),
		strings.ReplaceAll(secret, "/", `\/`), fmt.Sprintf("%x", secret)}
	if err == nil {
		forms = append(forms, strings.Trim(string(quoted), `"`))
	}
	return forms
}
