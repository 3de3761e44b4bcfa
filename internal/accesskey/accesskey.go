// Package accesskey holds Keytend's nouns: accounts, users, keys and what is
// known about them at one moment. It imports the standard library alone, does
// no I/O, and decides nothing.
package accesskey

import (
	"fmt"
	"regexp"
	"time"
)

// ID is an access key ID (AKIA… for a long-lived key, ASIA… for a temporary
// one). It is not secret.
type ID string

// idForm is IAM's own pattern and length for AccessKeyId:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
var idForm = regexp.MustCompile(`^A(KIA|SIA)[A-Z0-9]{12,124}$`)

// ParseID returns s as a key ID, or an error where s cannot be one.
func ParseID(s string) (ID, error) {
	if !idForm.MatchString(s) {
		return "", fmt.Errorf("access key ID %q: want AKIA or ASIA followed by 12 or more capitals and digits", s)
	}
	return ID(s), nil
}

// Temporary reports whether the ID belongs to a session (ASIA…) rather than to
// a user's long-lived key.
func (id ID) Temporary() bool { return len(id) >= 4 && id[:4] == "ASIA" }

// Status is a key's state as IAM says it (StatusType).
type Status string

// The states IAM documents. Any other is unknown and must never be taken for
// one of these.
const (
	Active   Status = "Active"
	Inactive Status = "Inactive"
	Expired  Status = "Expired"
)

// Known reports whether s is a state that this program understands.
func (s Status) Known() bool { return s == Active || s == Inactive || s == Expired }

// Key is one access key of a user. Each fact says for itself whether it could
// be read, when and from where. The credential report knows no key IDs, so ID
// may be unknown while the rest is known.
type Key struct {
	ID       Fact[ID]
	Status   Fact[Status]
	Created  Fact[time.Time] // UTC, to the second
	LastUsed Fact[LastUse]
	// Shared is why the key is taken to be in the hands of two consumers; empty:
	// what is on record of its uses doesn't show that. Unread: nothing is.
	Shared Fact[string]
}

// LastUse is the latest use of a key that AWS has published. Publication lags,
// and never used means "not since 2015-04-22", when AWS began to record it.
type LastUse struct {
	At      time.Time // UTC; zero: never used
	Region  string
	Service string
}

// Never reports that AWS knows of no use.
func (l LastUse) Never() bool { return l.At.IsZero() }

// User is an IAM user as observed.
type User struct {
	Name    string
	ID      string // UserId (AIDA…); names can be reused, this can't
	ARN     string
	Path    string
	Created time.Time // UTC

	Tags            Fact[map[string]string]
	Groups          Fact[[]string] // names
	ManagedPolicies Fact[[]string] // ARNs attached to the user directly
	Privilege       Fact[Privilege]
	Keys            Fact[[]Key]

	Password            Fact[Password]
	SigningCertificates Fact[[]SigningCertificate]
	ServiceCredentials  Fact[[]ServiceCredential]
}

// Privilege says how much harm the user's keys could do.
type Privilege struct {
	Admin bool   // can do anything, or give itself the right to
	Why   string // one sentence naming the policy; empty where not Admin
}

// Password is a user's console password.
type Password struct {
	Enabled     bool
	LastUsed    time.Time // UTC; zero: never
	LastChanged time.Time // UTC; zero: not said
	MFA         bool
}

// SigningCertificate is an X.509 signing certificate (IAM "signing
// certificates", used by old SOAP and AMI tools).
type SigningCertificate struct {
	Active  bool
	Changed time.Time // UTC; last rotated
}

// ServiceCredential is a service-specific credential (CodeCommit, Keyspaces,
// Bedrock API keys): long-lived like a key, judged by the same controls.
type ServiceCredential struct {
	ID      string
	Service string // codecommit.amazonaws.com, …
	Status  Status
	Created time.Time // UTC
	Expires time.Time // UTC; zero: never
}

// Root is an account's root user. AWS shows no IDs of its keys.
type Root struct {
	Keys                Fact[[]Key]
	Password            Fact[Password]
	SigningCertificates Fact[[]SigningCertificate]
}

// Account names an AWS account.
type Account struct {
	ID        string // twelve digits
	Partition string // aws, aws-us-gov, aws-cn
	Alias     string // sign-in alias; may be empty
	NoAlias   string // why it is not known what the alias is; empty: it is known
	Name      string // from Organizations; may be empty
}

// Inventory is every user's keys in one account as observed at one moment.
type Inventory struct {
	Account    Account
	ObservedAt time.Time // UTC, by AWS's clock (Date header), when collection ended

	// CredentialReport is when AWS generated the report that was used (UTC).
	// Unknown where none could be had; Why then says so.
	CredentialReport Fact[time.Time]

	Root     Root
	Users    []User // by name
	Groups   Fact[[]Group]
	Failures []Failure // what could not be read
}

// Group is an IAM group, whose policies every user in it has.
type Group struct {
	Name            string
	ManagedPolicies []string // ARNs attached to the group
}

// Failure is one thing that could not be read. What depends on it is unknown,
// never assumed.
type Failure struct {
	Account string
	User    string // empty where the call is about the whole account
	Call    string // iam:ListAccessKeys
	Class   string // Denied, Throttled, Network, …: awsapi's classes
	Err     string // what AWS or the network said, redacted
	Hint    string // what to do next
}
