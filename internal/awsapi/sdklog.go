package awsapi

import (
	"fmt"
	"log/slog"

	"github.com/aws/smithy-go/logging"
)

// sdkLog takes what the SDK has to say to the program's own log: left alone,
// it writes to stderr by itself.
type sdkLog struct{ log *slog.Logger }

// Logf implements logging.Logger. What the SDK warns of (a connection that
// can't be used again, a fallback) is of use only to those who look closely.
func (l sdkLog) Logf(class logging.Classification, format string, args ...any) {
	l.log.Debug(Redact(fmt.Sprintf(format, args...)), "sdk", string(class))
}
