package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Stream writes a scan one account at a time, for organizations too large to
// hold: Account as often as there are accounts, then Close once. It is not for
// use by several goroutines.
type Stream struct {
	out    emitter
	now    time.Time
	rules  policy.Rules
	errors []accesskey.Failure
}

// emitter is one format's way to write the parts of a scan in their order.
type emitter interface {
	begin(now time.Time, rules policy.Rules) error
	account(inv accesskey.Inventory, findings []policy.Finding, rules policy.Rules, now time.Time) error
	end(findings, known []policy.Finding, errors []accesskey.Failure) error
}

// NewStream begins a scan in JSON, NDJSON or CSV. Ages are counted up to now
// (UTC, AWS's clock).
func NewStream(w io.Writer, f Format, now time.Time, rules policy.Rules, o Options) (*Stream, error) {
	s := &Stream{now: now, rules: rules}
	switch f {
	case JSON:
		s.out = &jsonEmitter{w: w}
	case NDJSON:
		s.out = &ndjsonEmitter{w: w}
	case CSV:
		s.out = newCSVEmitter(w, o.All)
	default:
		return nil, fmt.Errorf("stream scan: format %q can't be written one account at a time", f)
	}
	return s, s.out.begin(now, rules)
}

// Account writes one account. The findings are those about it; they are
// written themselves by Close, when their ranks are known.
func (s *Stream) Account(inv accesskey.Inventory, findings []policy.Finding) error {
	s.errors = append(s.errors, inv.Failures...)
	return s.out.account(inv, findings, s.rules, s.now)
}

// Close writes the findings of all accounts in the order given, and what could
// not be read. Known findings are those a baseline has already. It doesn't
// close the writer.
func (s *Stream) Close(findings, known []policy.Finding) error {
	return s.out.end(findings, known, s.errors)
}

// marshal encodes v as JSON that is safe to show on a terminal: encoding/json
// escapes C0 control characters alone, so the rest that doesn't print is
// escaped here. Outside strings JSON has only ASCII. No line feed at the end.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return escapeUnprintable(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))), nil
}

func escapeUnprintable(in []byte) []byte {
	var out []byte
	done := 0
	for i := 0; i < len(in); {
		r, size := utf8.DecodeRune(in[i:])
		if r >= 0x7f && !unicode.IsPrint(r) {
			out = append(append(out, in[done:i]...), jsonEscape(r)...)
			done = i + size
		}
		i += size
	}
	if done == 0 {
		return in
	}
	return append(out, in[done:]...)
}

// jsonEscape spells a rune as JSON does, in UTF-16.
func jsonEscape(r rune) string {
	if r < 0x10000 {
		return fmt.Sprintf(`\u%04x`, r)
	}
	r -= 0x10000
	return fmt.Sprintf(`\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
}
