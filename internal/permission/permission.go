// Package permission knows which AWS actions each part of Keytend needs, what
// each is for and on what, and writes them down as IAM policies: JSON,
// Terraform, CloudFormation.
//
// It grants nothing, calls nothing, and lists no action that Keytend can do
// without: cmd/keytend's TestPermissionsAreEnoughAndNoMore takes each away.
package permission

import (
	"fmt"
	"slices"
	"strings"
)

// Feature is a part of Keytend that a policy can be for.
type Feature string

// The features.
const (
	Scan           Feature = "scan"
	Scorecard      Feature = "scorecard"
	Local          Feature = "local"        // keys found on this computer
	Organization   Feature = "organization" // of the caller, not of the role in each account
	ByTag          Feature = "organization-by-tag"
	ByUnit         Feature = "organization-by-ou"
	ExplainMember  Feature = "organization-explain"
	Rotate         Feature = "rotate"
	Retire         Feature = "retire"
	Revoke         Feature = "revoke"
	SecretsManager Feature = "secretsmanager" // as a destination
	SSM            Feature = "ssm"            // as a destination
	EscrowKMS      Feature = "escrow-kms"
	SecurityHub    Feature = "security-hub"    // beside scan, in each account
	TerraformState Feature = "terraform-state" // in S3
	MakingStacks   Feature = "cloudformation"  // who made a key
	AllStacks      Feature = "cloudformation-everywhere"
	IdentityStore  Feature = "identity-store"
	Locate         Feature = "locate"
	LocateValues   Feature = "locate-values" // beside locate: of secrets and SecureStrings
	Migrate        Feature = "migrate"       // beside usage
	Usage          Feature = "usage"
	UsageLogs      Feature = "usage-logs"   // beside usage: a bucket of log files
	UsageAthena    Feature = "usage-athena" // beside usage
	UsageLake      Feature = "usage-lake"   // beside usage
	Root           Feature = "root"         // of the caller, not of the role in each account
	SNS            Feature = "sns"          // as a channel of notices
	EventBridge    Feature = "eventbridge"  // as a channel of notices
	CloudWatch     Feature = "cloudwatch"   // as a receiver of metrics
	Monitor        Feature = "monitor"      // beside scan
	MonitorAll     Feature = "monitor-organization"
	Lambda         Feature = "lambda" // the function's four steps of a rotation
	Reap           Feature = "reap"   // the function, of what comes after
	SecretAdopt    Feature = "secret-adopt"
	SecretCreate   Feature = "secret-create"
	SecretStatus   Feature = "secret-status"
	SecretResolve  Feature = "secret-resolve"
	ScanSecrets    Feature = "scan-secrets" // beside scan
)

// Kind groups actions by how much harm they can do, so that each can be given
// to another role.
type Kind string

// The kinds, the harmless first.
const (
	Read       Kind = "read"
	Enter      Kind = "enter"      // other accounts
	Create     Kind = "create"     // keys, and the tag that claims a user
	Deliver    Kind = "deliver"    // keys, and notices; read the places that keys are delivered to
	Watch      Kind = "watch"      // make and remove what watches over keys in AWS
	Deactivate Kind = "deactivate" // and reactivate: one action of IAM
	Delete     Kind = "delete"
)

// target is what an action is done to.
type target string

const (
	anything   target = "anything"
	users      target = "users"
	ourselves  target = "ourselves"
	members    target = "members" // the role in each account
	secrets    target = "secrets"
	parameters target = "parameters"
	escrowKey  target = "escrow key"
	states     target = "states"         // objects of S3
	shelves    target = "shelves"        // buckets of S3
	roots      target = "roots"          // root users of member accounts
	storeKeys  target = "keys of stores" // KMS keys that destinations are encrypted with
	topics     target = "topics"
	buses      target = "buses"
	metrics    target = "metrics" // Keytend's own
	rules      target = "rules of AWS Config"
	alarms     target = "alarms"      // whose names begin with keytend-
	eventRules target = "event rules" // likewise
	ownTopic   target = "own topic"
	functions  target = "rotation functions" // as the Terraform module names them
)

// Need is one action that a feature needs.
type Need struct {
	Action string // "iam:CreateAccessKey"
	Kind   Kind
	Why    string // what for, a few words
	on     target
	// only, where set, are the tag keys that it may write.
	only []string
}

// Features are all there are, in the order in which they are told of.
func Features() []Feature {
	return []Feature{Scan, Scorecard, Local, Organization, ByTag, ByUnit, ExplainMember, Rotate, Retire, Revoke, SecretsManager, SSM, EscrowKMS, SecurityHub, TerraformState, MakingStacks, AllStacks, IdentityStore, Locate, LocateValues, Usage, Migrate, UsageLogs, UsageAthena, UsageLake, Root, SNS, EventBridge, CloudWatch, Monitor, MonitorAll, Lambda, Reap, SecretAdopt, SecretCreate, SecretStatus, SecretResolve, ScanSecrets}
}

// ParseFeature returns the feature of that name.
func ParseFeature(name string) (Feature, error) {
	if f := Feature(name); slices.Contains(Features(), f) {
		return f, nil
	}
	var names []string
	for _, f := range Features() {
		names = append(names, string(f))
	}
	return "", fmt.Errorf("no feature %q: want %s", name, strings.Join(names, ", "))
}

// Needs are the actions of a feature, each once, by name. An action that writes
// tags may write those of every feature.
func Needs(features ...Feature) []Need {
	var out []Need
	for _, f := range features {
		for _, n := range needs[f] {
			i := slices.IndexFunc(out, func(m Need) bool { return m.Action == n.Action && m.on == n.on })
			if i < 0 {
				out = append(out, n)
				continue
			}
			out[i].only = union(out[i].only, n.only)
		}
	}
	slices.SortFunc(out, func(a, b Need) int { return strings.Compare(a.Action, b.Action) })
	return out
}

// union is what either list has; an empty one stands for everything.
func union(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	out := slices.Clone(a)
	for _, word := range b {
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

// About is what a feature is, in a few words.
func About(f Feature) string { return about[f] }

var about = map[Feature]string{
	Scan:           "scan and explain one account; in an organization, the role in each",
	Scorecard:      "scan, and whether AWS Config watches",
	Local:          "scan --local; explain a key of another account",
	Organization:   "the caller of --organization",
	ByTag:          "--include or --exclude tag:...",
	ByUnit:         "--include or --exclude ou:Name",
	ExplainMember:  "explain --organization",
	Rotate:         "replace keys",
	Retire:         "switch unused keys off",
	Revoke:         "cut leaked keys off, and the sessions made from them; replace them",
	SecretsManager: "deliver keys to Secrets Manager",
	SSM:            "deliver keys to Parameter Store",
	EscrowKMS:      "--escrow-kms",
	SecurityHub:    "scan --securityhub, besides scan",
	TerraformState: "--terraform-state s3://...",
	MakingStacks:   "--cloudformation",
	AllStacks:      "managed.cloudformation in all regions",
	IdentityStore:  "--identity-store, owners.identity_store",
	Usage:          "usage: where a key is used",
	Migrate:        "migrate: the way from a key to a role, beside usage; --retire",
	UsageLogs:      "usage --logs s3://...",
	UsageAthena:    "usage --athena",
	UsageLake:      "usage --lake",
	Locate:         "where keys live (with --all: scan too; states in S3: terraform-state)",
	LocateValues:   "locate --read-parameters --read-secrets: whoever has it can read every secret",
	Root:           "the caller of root audit and root delete",
	SNS:            "notify through SNS, beside scan",
	EventBridge:    "notify through EventBridge, beside scan",
	CloudWatch:     "scan and apply --cloudwatch, besides scan",
	Monitor:        "monitor install, status and remove, besides scan",
	MonitorAll:     "monitor --organization, besides monitor",
	Lambda:         "rotate secrets as a Lambda function",
	Reap:           "that function's reaper, beside lambda",
	SecretAdopt:    "secret adopt: have that function rotate a secret",
	SecretCreate:   "secret create: make a secret with a user's first key",
	SecretStatus:   "secret status",
	SecretResolve:  "secret resolve",
	ScanSecrets:    "scan --secrets, besides scan",
}
