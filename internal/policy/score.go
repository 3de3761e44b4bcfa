package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Scorecard says how accounts stand by the six best practices for access keys.
type Scorecard struct {
	Accounts  int
	Now       time.Time  // UTC
	Practices []Practice // always the six, in order
}

// Practice is one best practice, measured.
type Practice struct {
	Name      string // "rotation", "roles-preferred", "automated-rotation", "monitoring", "unused-keys-off", "no-root-keys"; stable
	Title     string // for people
	Good, Of  int    // Good of Of hold it
	Unknown   int    // could not be judged; not counted in Of
	Percent   float64
	Target    string
	Status    Status
	Sentence  string // what was found
	Measured  string // how it is measured, and what that can't see
	Offenders []Offender
}

// Status is how a practice stands.
type Status string

// The statuses.
const (
	StatusOK      Status = "ok"
	StatusWarn    Status = "warn"
	StatusFail    Status = "fail"
	StatusUnknown Status = "unknown"
)

// Offender is one of the worst offenders against a practice.
type Offender struct {
	Account string
	User    string       // empty where it is the account
	KeyID   accesskey.ID // empty where unknown or not about one key
	Reason  string
}

// Monitoring is what watches an account's keys: its AWS Config rules and
// recorder.
type Monitoring struct {
	Recorder accesskey.Fact[bool]     // a configuration recorder is on
	Rules    accesskey.Fact[[]string] // source identifiers of AWS Config's managed rules present
}
