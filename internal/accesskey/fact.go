package accesskey

import (
	"reflect"
	"time"
)

// Fact is something observed about AWS, with when and from where, or not
// known, with why. The zero Fact is not known: what nobody has looked at can't
// be mistaken for an answer.
type Fact[T any] struct {
	value  T
	at     time.Time
	source string
	why    string
	known  bool
	partly bool
}

// FromReport is the source of facts from AWS's credential report. What it
// tells of a key's creation is when the key was created or last changed.
const FromReport = "credential report"

// Observed returns a known fact: v, true of AWS at the moment at (UTC), read
// from source (FromReport, "iam:ListAccessKeys").
func Observed[T any](v T, at time.Time, source string) Fact[T] {
	return Fact[T]{value: v, at: at.UTC(), source: source, known: true}
}

// Unread returns a fact that is not known, and why.
func Unread[T any](why string) Fact[T] { return Fact[T]{why: why} }

// Partial returns a fact that is not known yet: v is what was read of it by now,
// why says what is missing. Asking again gets on.
func Partial[T any](v T, why string) Fact[T] { return Fact[T]{value: v, why: why, partly: true} }

// Partly reports that a fact is not known yet, and that asking again gets on.
func (f Fact[T]) Partly() bool { return f.partly }

// Get returns the value and whether it is known. Where it is not, the value is
// the zero T and means nothing, or what was read of a partial fact by now: what
// that shows is so, and what it doesn't show may be so.
func (f Fact[T]) Get() (T, bool) { return f.value, f.known }

// Known reports whether the fact was read.
func (f Fact[T]) Known() bool { return f.known }

// At returns the moment (UTC) at which the fact was true of AWS.
func (f Fact[T]) At() time.Time { return f.at }

// Source returns what the fact was read from.
func (f Fact[T]) Source() string { return f.source }

// Why returns the reason for which the fact is not known; empty where it is.
func (f Fact[T]) Why() string {
	if f.known {
		return ""
	}
	if f.why == "" {
		return "not read"
	}
	return f.why
}

// Equal reports whether both facts say the same, for go-cmp.
func (f Fact[T]) Equal(g Fact[T]) bool {
	return f.known == g.known && f.partly == g.partly && f.source == g.source && f.Why() == g.Why() &&
		f.at.Equal(g.at) && reflect.DeepEqual(f.value, g.value)
}
