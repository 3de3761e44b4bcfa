package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Finding is one rule broken by one key, credential or user.
type Finding struct {
	Rule     Rule
	Severity Severity
	Account  string // twelve digits
	User     string // RootUser for the root user
	UserARN  string
	KeyID    accesskey.ID // empty: not looked up, or the finding is not about one access key

	// Subject says what of the user the finding is about, without the key ID:
	// see Identity.
	Subject string

	Created  time.Time // UTC, of the key or credential; zero: unknown or not about one
	Reason   string    // one sentence in plain words, with numbers
	Evidence []Evidence
	Due      time.Time // UTC, when the rule is or was to be met; zero: at once
	Controls []Control // shared between findings: don't change
	Owner    string    // from tags; empty: none or unknown, Explain says which

	Privileged bool // known to be admin-like, or the root user
	Exposure   Exposure
	Rank       int // 1 is first; set by Rank
}

// Evidence is one fact that a finding or explanation rests on.
type Evidence struct {
	Fact       string    // "created", "status", "last used", …
	Value      string    // times in RFC 3339, UTC; "unknown: why" where it could not be read
	Source     string    // "credential report", "iam:ListAccessKeys"; empty where unknown
	ObservedAt time.Time // UTC; zero where unknown
}

// Exposure says how near a key is to being misused, as far as AWS tells.
// Greater is worse.
type Exposure int

// The exposures.
const (
	Resting Exposure = iota // not used within Rules.Unused, or not known
	InUse                   // used within Rules.Unused
	Leaked                  // AWS has put its user in quarantine
)

// Identity names what is wrong, so that two scans can be compared: rule,
// account, user and subject, joined by "/".
//
// It holds for as long as the same thing is wrong with the same credential. It
// never depends on what varies between two scans of an unchanged account: not
// on the key ID, which a scan with --ids none doesn't know, nor on the time, the
// severity, the sentence or the rank. A key is named by its creation time
// instead, which the credential report and ListAccessKeys tell alike, to the
// second. So a key that replaces another one is new, as it should be. Of keys
// of one user created in the same second, the second and further ones to break
// the same rule are numbered #2, #3. Where the creation time can't be read the
// key ID stands in, and a scan that reads the time again shows it as new: too
// much is told rather than too little.
//
// IAM user names hold neither "/" nor "<", so no two identities run together:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
func (f Finding) Identity() string {
	return string(f.Rule) + "/" + f.Account + "/" + f.User + "/" + f.Subject
}
