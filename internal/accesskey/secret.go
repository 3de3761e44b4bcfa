package accesskey

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// redacted is what every printer sees in place of a secret.
const redacted = "REDACTED"

// Secret is a secret access key. It prints, logs and encodes as REDACTED,
// whatever the verb; only Reveal gives the value away. The value sits in a
// closure: fmt calls no methods on unexported fields and for %p, and would
// print a string there.
type Secret struct{ value func() string }

// NewSecret wraps a value at the moment it enters the program.
func NewSecret(value string) Secret { return Secret{value: func() string { return value }} }

// Reveal returns the value itself: for signing and for delivery, never for
// printing.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return s.value()
}

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// Format implements fmt.Formatter, so that no verb reaches the value.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON implements json.Marshaler.
func (Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
