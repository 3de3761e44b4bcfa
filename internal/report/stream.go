package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// Stream writes a scan one account at a time, for organizations too large to
// hold: Account as often as there are accounts, Missing and LeftOut if need be,
// then Finish once. What it keeps of an account is a line. It is not for use by
// several goroutines.
type Stream struct {
	out     emitter
	now     time.Time
	rules   policy.Rules
	options Options
	gist    *gist
	errors  []accesskey.Failure
	more    int // errors beyond mostErrors
}

// emitter is one format's way to write the parts of a scan in their order:
// accounts, then findings, then the rest.
type emitter interface {
	begin(now time.Time, rules policy.Rules) error
	account(inv accesskey.Inventory, findings []policy.Finding, rules policy.Rules, now time.Time) error
	finding(policy.Finding) error
	end(rest) error
}

// rest is what comes last.
type rest struct {
	known   []string // identities of findings that a baseline has
	leftOut []LeftOut
	errors  []accesskey.Failure
	gist    *gist
}

// Findings that the formats for people show of a stream: the first so many.
// The formats for machines have them all.
const (
	tableFindings    = 100
	markdownFindings = 500 // GitHub cuts an issue off at 64 Ki characters
	htmlFindings     = 5000
)

// mostErrors is how many errors are listed one by one; the others are counted.
const mostErrors = 20000

// NewStream begins a scan in a format of ScanFormats. Ages are counted up to
// now (UTC, AWS's clock). The formats for people are written by Finish; they
// show the first findings only, and no list of every key.
func NewStream(w io.Writer, f Format, now time.Time, rules policy.Rules, o Options) (*Stream, error) {
	s := &Stream{now: now, rules: rules, options: o, gist: newGist(now, rules)}
	s.gist.keep = worst // for Digest
	switch f {
	case JSON:
		s.out = &jsonEmitter{w: w}
	case NDJSON:
		s.out = &ndjsonEmitter{w: w}
	case CSV:
		s.out = newCSVEmitter(w, o.All)
	case SecurityHub:
		s.out = &asffEmitter{w: w, region: o.Region}
	case OCSF:
		s.out = &ocsfEmitter{w: w, version: o.Version}
	case Controls:
		s.out = newControlsEmitter(w, o.All)
	case ControlsHTML:
		s.out = newControlsPage(w)
	case Prometheus:
		s.out = newMetricsEmitter(w)
	case Table:
		s.gist.keep = tableFindings
		s.out = lateEmitter(func(g *gist) error { return writeTable(w, g, o) })
	case Markdown:
		s.gist.keep = markdownFindings
		s.out = lateEmitter(func(g *gist) error { return writeMarkdown(w, g, o) })
	case HTML:
		s.gist.keep = htmlFindings
		s.out = lateEmitter(func(g *gist) error { return writeHTML(w, g) })
	default:
		return nil, fmt.Errorf("write scan: unknown format %q", f)
	}
	return s, s.out.begin(now, rules)
}

// Account writes one account. The findings are those about it; they are
// written themselves by Finish, when their ranks are known.
func (s *Stream) Account(inv accesskey.Inventory, findings []policy.Finding) error {
	s.gist.addAccount(inv)
	s.addErrors(inv.Failures)
	return s.out.account(inv, findings, s.rules, s.now)
}

// Missing notes accounts that could not be looked at.
func (s *Stream) Missing(failed []accesskey.Failure) {
	s.gist.addFailures(failed)
	s.addErrors(failed)
}

func (s *Stream) addErrors(failed []accesskey.Failure) {
	room := min(len(failed), mostErrors-len(s.errors))
	s.errors = append(s.errors, failed[:room]...)
	s.more += len(failed) - room
}

// LeftOut notes accounts that were not looked at because they can't be used.
func (s *Stream) LeftOut(accounts []LeftOut) { s.gist.leftOut = append(s.gist.leftOut, accounts...) }

// Finish writes the findings of all accounts in the order given, and what could
// not be read. Findings that known picks are left out and only named: a
// baseline has them already. It doesn't close the writer.
func (s *Stream) Finish(ranked iter.Seq2[policy.Finding, error], known func(policy.Finding) bool) error {
	var names []string
	for f, err := range ranked {
		switch {
		case err != nil:
			return err
		case known(f):
			names = append(names, f.Identity())
			continue
		}
		s.gist.addFinding(f)
		if err := s.out.finding(f); err != nil {
			return err
		}
	}
	return s.end(names)
}

func (s *Stream) end(known []string) error {
	s.gist.known = len(known)
	errors := s.errors
	slices.SortStableFunc(errors, func(a, b accesskey.Failure) int { return strings.Compare(a.Account, b.Account) })
	if s.more > 0 {
		errors = append(errors, accesskey.Failure{Err: thousands(s.more) + " more errors are not listed"})
	}
	return s.out.end(rest{known: known, leftOut: s.gist.leftOut, errors: errors, gist: s.gist})
}

// Digest is as the function Digest; call it after Finish.
func (s *Stream) Digest() (title, text string) { return s.gist.digest(s.options) }

// Found returns how many findings were written.
func (s *Stream) Found() int { return s.gist.found }

// Failed returns how many things could not be read.
func (s *Stream) Failed() int { return s.gist.failed }

// Troubles sums up what could not be read, as the function Troubles.
func (s *Stream) Troubles() []Trouble { return s.gist.troubles() }

// lateEmitter writes nothing before the end.
type lateEmitter func(*gist) error

func (lateEmitter) begin(time.Time, policy.Rules) error { return nil }
func (lateEmitter) account(accesskey.Inventory, []policy.Finding, policy.Rules, time.Time) error {
	return nil
}
func (lateEmitter) finding(policy.Finding) error { return nil }
func (e lateEmitter) end(r rest) error           { return e(r.gist) }

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
