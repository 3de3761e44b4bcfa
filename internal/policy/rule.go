package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Rule is a rule's name, stable for machines.
type Rule string

// The rules. The last three are report-only: they are not about access keys,
// but the same controls judge them.
const (
	KeyQuarantined     Rule = "key-quarantined"
	RootAccessKey      Rule = "root-access-key"
	KeyTooOld          Rule = "key-too-old"
	KeyDueSoon         Rule = "key-due-soon"
	KeyUnused          Rule = "key-unused"
	KeyNeverUsed       Rule = "key-never-used"
	MultipleActiveKeys Rule = "multiple-active-keys"
	ConsoleKeyAtSetup  Rule = "console-key-at-setup"
	KeyShared          Rule = "key-shared"
	InactiveKey        Rule = "inactive-key"
	PasswordUnused     Rule = "password-unused"
	SigningCertificate Rule = "signing-certificate"
	ServiceCredential  Rule = "service-credential"
)

// AllRules returns every rule in the order in which they are checked and
// explained.
func AllRules() []Rule {
	all := make([]Rule, len(checks))
	for i := range checks {
		all[i] = checks[i].rule
	}
	return all
}

// Summary says in one line what breaks the rule; empty for a rule unknown here.
func (r Rule) Summary() string {
	i := slices.IndexFunc(checks, func(c check) bool { return c.rule == r })
	switch {
	case r == SecretWithoutRotation:
		return "a secret of Secrets Manager holds a user's key, and nobody rotates it"
	case r == SecretGone:
		return "the secret through which a user's key was rotated does not exist any more"
	case i < 0:
		return ""
	}
	return checks[i].summary
}

// ReportOnly reports whether the rule is about something other than access
// keys: Keytend tells of it and never acts on it.
func (r Rule) ReportOnly() bool {
	return r == PasswordUnused || r == SigningCertificate || r == ServiceCredential
}

// Severity says how bad a finding is. Greater is worse.
type Severity int

// The severities. The zero Severity is none of them.
const (
	Info Severity = iota + 1
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{Info: "info", Low: "low", Medium: "medium", High: "high", Critical: "critical"}

// Severities returns every severity, worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low, Info} }

// ParseSeverity reads a severity's name, in any case.
func ParseSeverity(s string) (Severity, error) {
	for i, name := range severityNames {
		if name != "" && strings.EqualFold(s, name) {
			return Severity(i), nil
		}
	}
	return 0, fmt.Errorf("severity %q: want critical, high, medium, low or info", s)
}

// String returns the severity's name in lower case; "none" for the zero one.
func (s Severity) String() string {
	if s < Info || s > Critical {
		return "none"
	}
	return severityNames[s]
}

// MarshalText writes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *Severity) UnmarshalText(text []byte) error {
	v, err := ParseSeverity(string(text))
	if err != nil {
		return err
	}
	*s = v
	return nil
}

// raised is one step worse, at most critical.
func (s Severity) raised() Severity { return min(s+1, Critical) }
