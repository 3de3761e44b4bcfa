package config

// Accounts says which AWS accounts are looked at.
type Accounts struct {
	// Organization takes the accounts of the AWS organization, each entered by assuming a role.
	Organization *Organization `yaml:"organization"`
	// Profiles are AWS profiles, besides the organization or instead of it.
	Profiles []string `yaml:"profiles"`
}

// Organization is the accounts of an AWS organization.
type Organization struct {
	// Role is the name of the role to assume in each account.
	Role string `yaml:"role"`
	// Roles are names of roles for one kind of act each; role does what none of them is for.
	Roles Roles `yaml:"roles"`
	// ExternalID is what the roles ask for. It is no secret.
	ExternalID string `yaml:"external_id"`
	// Include takes only these accounts: an ID in quotes, ou:Name/Name, ou:ou-…, tag:key=value.
	Include []string `yaml:"include"`
	// Exclude leaves these accounts out.
	Exclude []string `yaml:"exclude"`
}

// Roles are the names of roles in each account, by what is done as them. Each is
// assumed when its first act comes.
type Roles struct {
	// Read is for looking: all that plan needs.
	Read string `yaml:"read"`
	// Deliver is for reading and writing Secrets Manager and Parameter Store, where keys are delivered.
	Deliver string `yaml:"deliver"`
	// Create is for making keys, and for the tag that claims a user.
	Create string `yaml:"create"`
	// Deactivate is for switching keys off, and on again.
	Deactivate string `yaml:"deactivate"`
	// Delete is for deleting keys.
	Delete string `yaml:"delete"`
}

// None reports that no role is named.
func (r Roles) None() bool { return r == Roles{} }

// Owners says who is told about whose keys: the first of file, tags, paths and
// expression that knows, else the fallback.
type Owners struct {
	// File is a CSV file with the columns account, user, owner. An empty account stands for any.
	File string `yaml:"file"`
	// Tags are user tags that name the owner; the first one present wins.
	Tags []string `yaml:"tags"`
	// Paths are owners by IAM path; the longest that the user's path begins with wins.
	Paths map[string]string `yaml:"paths"`
	// Expression is a CEL expression that makes the owner: user.tags["team"] + "@example.com".
	Expression Formula `yaml:"expression"`
	// IdentityStore is the identity store of IAM Identity Center (d-1234567890): owners whose mail address it doesn't know have left, and fallback is told instead.
	IdentityStore string `yaml:"identity_store"`
	// IdentityStoreRegion is the region that Identity Center is in, where that isn't the one in use.
	IdentityStoreRegion string `yaml:"identity_store_region"`
	// Fallback is told about everybody else's keys.
	Fallback string `yaml:"fallback"`
}

// Budgets bound what is under way. 0: no bound.
type Budgets struct {
	// PerAccount is how many rotations and retirements may be under way in one account.
	PerAccount int `yaml:"per_account"`
	// Total is how many may be under way in all.
	Total int `yaml:"total"`
	// NewPerDay is how many may begin within 24 hours.
	NewPerDay int `yaml:"new_per_day"`
}

// Notices says how and when people are told.
type Notices struct {
	// Channels are the ways to people and machines. All of them are used.
	Channels []Channel `yaml:"channels"`
	// Ladder is how long before the due time an owner is told: once each, and weekly once it is overdue.
	Ladder []Duration `yaml:"ladder"`
	// Templates is a folder with texts that replace the built-in ones.
	Templates string `yaml:"templates"`
}

// Channel is one way to tell. Exactly one of to, slack, teams, pagerduty,
// webhook, sns and eventbridge is given. What holds a secret is env:NAME or
// file:PATH.
type Channel struct {
	// To is a notification URL, such as smtp://mail.example.com:587/?from=keytend@example.com; with a password or token in it: env:NAME or file:PATH.
	To Reference `yaml:"to"`
	// Slack is the URL of an incoming webhook: env:NAME or file:PATH.
	Slack Reference `yaml:"slack"`
	// Teams is the URL of a workflow: env:NAME or file:PATH.
	Teams Reference `yaml:"teams"`
	// PagerDuty is an integration key: env:NAME or file:PATH.
	PagerDuty Reference `yaml:"pagerduty"`
	// Webhook is an HTTPS URL that gets CloudEvents.
	Webhook Reference `yaml:"webhook"`
	// Secret signs what a webhook gets (HMAC-SHA256): env:NAME or file:PATH.
	Secret Reference `yaml:"secret"`
	// SNS is the ARN of a topic.
	SNS string `yaml:"sns"`
	// EventBridge is the name or ARN of an event bus.
	EventBridge string `yaml:"eventbridge"`

	place Place
}

// Gate is a webhook that may refuse a change.
type Gate struct {
	// URL is where the question is sent.
	URL Reference `yaml:"url" jsonschema:"required"`
	// Secret signs the question (HMAC-SHA256): env:NAME or file:PATH.
	Secret Reference `yaml:"secret"`
	// Before names the changes that are asked about: create, deactivate, delete.
	Before []Change `yaml:"before"`
	// Timeout is how long an answer may take. No answer: the change is not made.
	Timeout Duration `yaml:"timeout"`
}

// Managed says where keys are known that something else looks after.
type Managed struct {
	// TerraformState are state files: paths or s3://bucket/key.
	TerraformState []string `yaml:"terraform_state"`
	// CloudFormation looks through every account's stacks, in all regions that the account can use.
	CloudFormation bool `yaml:"cloudformation"`
	// CloudFormationRegions are the regions to look in instead.
	CloudFormationRegions []string `yaml:"cloudformation_regions"`
}
