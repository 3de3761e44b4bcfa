package report

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// ScanSchema names the shape and version of a scan's JSON. Within a version
// fields are added, never taken away or changed in meaning.
const ScanSchema = "keytend.scan/v1"

// Document is a scan as JSON. Times are RFC 3339 in UTC. Lists are never null.
type Document struct {
	// Always keytend.scan/v1.
	Schema string `json:"schema" jsonschema:"enum=keytend.scan/v1"`
	// When the scan was made, by AWS's clock. Ages are counted up to this moment.
	GeneratedAt time.Time `json:"generated_at"`
	// The limits that keys were judged by.
	Rules RulesRecord `json:"rules"`
	// Every account that was looked at, with every key in it.
	Accounts []AccountRecord `json:"accounts"`
	// What breaks a rule, worst first. With a baseline: only what it doesn't have.
	Findings []FindingRecord `json:"findings"`
	// IDs of findings that were left out because a baseline has them, so that
	// this document can be the next baseline.
	Known []string `json:"known"`
	// Accounts of the organization that were not looked at because they can't be
	// used: suspended, being closed, not yet active.
	LeftOut []LeftOutRecord `json:"left_out"`
	// What could not be read. What depends on it is unknown, never assumed.
	Errors []ErrorRecord `json:"errors"`
}

// RulesRecord are the limits of a scan, as typed on the command line.
type RulesRecord struct {
	// A key may be this old, not a second older. Example: 90d.
	MaxAge string `json:"max_age"`
	// How long before that a key is due soon.
	Warn string `json:"warn"`
	// How long a key may rest unused.
	Unused string `json:"unused"`
	// The user tags that name an owner; the first found counts.
	OwnerTags []string `json:"owner_tags"`
}

// AccountRecord is one AWS account with every access key in it.
type AccountRecord struct {
	// Twelve digits.
	ID string `json:"id"`
	// aws, aws-us-gov or aws-cn.
	Partition string `json:"partition"`
	// The sign-in alias; empty where there is none.
	Alias string `json:"alias"`
	// The name in AWS Organizations; empty where unknown.
	Name string `json:"name"`
	// When the account was read, by AWS's clock.
	ObservedAt time.Time `json:"observed_at"`
	// The credential report that was used; null where none could be had.
	CredentialReport *CredentialReportRecord `json:"credential_report" jsonschema:"nullable"`
	// Why there is no credential report.
	CredentialReportUnknown string `json:"credential_report_unknown,omitempty"`
	// How much there is in the account.
	Counts CountsRecord `json:"counts"`
	// Every access key, the root user's first, then by user.
	Keys []KeyRecord `json:"keys"`
}

// CredentialReportRecord is an IAM credential report.
type CredentialReportRecord struct {
	// When AWS made it: it may be up to four hours old.
	GeneratedAt time.Time `json:"generated_at"`
}

// CountsRecord counts an account's users and keys.
type CountsRecord struct {
	// IAM users, without the root user.
	Users int `json:"users"`
	// Users whose keys could not be read.
	UsersUnknown int `json:"users_unknown"`
	// Access keys, the root user's included.
	Keys int `json:"keys"`
	// Keys by status.
	Active   int `json:"active"`
	Inactive int `json:"inactive"`
	Expired  int `json:"expired"`
	// Keys whose status could not be read or is none this program knows.
	StatusUnknown int `json:"status_unknown"`
	// The root user's keys; null where unknown.
	RootKeys *int `json:"root_keys" jsonschema:"nullable"`
	// Users that are known to be admin-like and have a key.
	PrivilegedUsers int `json:"privileged_users"`
}

// KeyRecord is one access key.
type KeyRecord struct {
	// The user's name; <root_account> for the root user.
	User string `json:"user"`
	// The user's ARN.
	ARN string `json:"arn"`
	// The access key ID; null where it was not looked up (see --ids).
	ID *accesskey.ID `json:"id" jsonschema:"nullable"`
	// As IAM says: Active, Inactive, Expired; "unknown" where it could not be read.
	Status string `json:"status"`
	// When the key was made; null where unknown.
	Created *time.Time `json:"created" jsonschema:"nullable"`
	// Whole days from created to generated_at; null where unknown.
	AgeDays *int `json:"age_days" jsonschema:"nullable"`
	// The latest use AWS tells of; null: never; "unknown": could not be read,
	// which is not the same.
	LastUsed LastUsedRecord `json:"last_used"`
	// From the user's tags; empty where there is none or it is unknown.
	Owner string `json:"owner"`
	// Whether the user is admin-like; null where unknown.
	Privileged *bool `json:"privileged" jsonschema:"nullable"`
	// How each fact is known.
	Freshness FreshnessRecord `json:"freshness"`
}

// UseRecord is a use of a key.
type UseRecord struct {
	// When, to AWS's precision.
	Date time.Time `json:"date"`
	// The AWS service, as AWS spells it: s3; N/A where AWS doesn't tell.
	Service string `json:"service"`
	// The region; N/A where AWS doesn't tell.
	Region string `json:"region"`
}

// FreshnessRecord says of each fact about a key when it was true and who said
// so.
type FreshnessRecord struct {
	ID         FactRecord `json:"id"`
	Status     FactRecord `json:"status"`
	Created    FactRecord `json:"created"`
	LastUsed   FactRecord `json:"last_used"`
	Owner      FactRecord `json:"owner"`
	Privileged FactRecord `json:"privileged"`
}

// FactRecord is either when and from where a fact was read, or why it wasn't.
type FactRecord struct {
	// The moment at which the fact was true of AWS.
	ObservedAt *time.Time `json:"observed_at,omitempty"`
	// "credential report" or the API call.
	Source string `json:"source,omitempty"`
	// Why the fact is not known.
	Unknown string `json:"unknown,omitempty"`
}

// FindingRecord is one rule broken.
type FindingRecord struct {
	// The same for the same finding in every scan: what baselines compare.
	ID string `json:"id"`
	// The rule's name, stable.
	Rule string `json:"rule"`
	// How bad.
	Severity string `json:"severity" jsonschema:"enum=critical,enum=high,enum=medium,enum=low,enum=info"`
	// Twelve digits.
	Account string `json:"account"`
	// The user's name; <root_account> for the root user.
	User string `json:"user"`
	// The user's ARN.
	UserARN string `json:"user_arn"`
	// The access key ID; null where it was not looked up or the finding is not about one key.
	KeyID *accesskey.ID `json:"key_id" jsonschema:"nullable"`
	// One sentence in plain words.
	Reason string `json:"reason"`
	// The facts that the finding rests on.
	Evidence []EvidenceRecord `json:"evidence"`
	// When the rule is or was to be met; null: at once.
	Due *time.Time `json:"due" jsonschema:"nullable"`
	// The numbers under which others ask for the same.
	Controls []ControlRecord `json:"controls"`
	// From the user's tags; empty where there is none or it is unknown.
	Owner string `json:"owner"`
	// Whether the user is known to be admin-like.
	Privileged bool `json:"privileged"`
	// 1 is to be dealt with first.
	Rank int `json:"rank"`
}

// EvidenceRecord is one fact that a finding rests on.
type EvidenceRecord struct {
	Fact  string `json:"fact"`
	Value string `json:"value"`
	// "credential report" or the API call; empty where unknown.
	Source string `json:"source"`
	// Null where unknown.
	ObservedAt *time.Time `json:"observed_at" jsonschema:"nullable"`
}

// ControlRecord is one number of one framework.
type ControlRecord struct {
	Framework string `json:"framework"`
	ID        string `json:"id"`
}

// LeftOutRecord is an account that can't be used.
type LeftOutRecord struct {
	// Twelve digits.
	Account string `json:"account"`
	// The name in AWS Organizations.
	Name string `json:"name"`
	// As AWS Organizations says: SUSPENDED, PENDING_CLOSURE, CLOSED, PENDING_ACTIVATION.
	State string `json:"state"`
}

// ErrorRecord is one thing that could not be read.
type ErrorRecord struct {
	// Twelve digits; "profile NAME" where its account could not be told.
	Account string `json:"account"`
	// Empty where the call is about the whole account.
	User string `json:"user"`
	// The API call: iam:ListAccessKeys.
	Call string `json:"call"`
	// The kind of failure: denied, throttled, network and so on.
	Class string `json:"class"`
	// What AWS or the network said.
	Error string `json:"error"`
	// What to do next.
	Hint string `json:"hint"`
}
