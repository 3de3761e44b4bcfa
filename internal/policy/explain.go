package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// State is how a user or key stands to a rule.
type State string

// The states.
const (
	Broken  State = "broken"
	Kept    State = "kept"    // also where the rule does not apply; the sentence says so
	Unknown State = "unknown" // a fact that would decide it could not be read
)

// Explanation is everything known about one user and why it is or isn't a
// finding.
type Explanation struct {
	Account    accesskey.Account
	User       string // RootUser for the root user
	UserARN    string
	ObservedAt time.Time // UTC, of the inventory
	Now        time.Time // UTC, the time it was judged at

	Owner      string // empty: none or unknown
	OwnerWhy   string // how it was derived: which tag, or why there is none
	Privileged bool
	Privilege  string // one sentence: why admin-like, that it is not, or why unknown

	Facts      []Evidence // of the user
	Keys       []ExplainedKey
	Judgements []Judgement // about the user as a whole
}

// ExplainedKey is one key's share of an Explanation.
type ExplainedKey struct {
	ID         accesskey.ID // empty: not looked up
	Name       string       // the ID, or "key created …" where there is none
	Facts      []Evidence
	Judgements []Judgement // every rule about keys, in order
}

// Judgement is one rule applied.
type Judgement struct {
	Rule    Rule
	State   State
	Why     string   // one sentence
	Finding *Finding // where Broken, else nil
}
