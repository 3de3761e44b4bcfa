package fakeaws

import "time"

// AccountSpec describes one account: what AddAccount seeds, and what Snapshot
// gives back. All times are UTC; IAM keeps whole seconds.
type AccountSpec struct {
	ID        string // twelve digits
	Partition string // aws, aws-us-gov, aws-cn; empty: aws
	Alias     string // IAM account alias; empty: none
	Name      string // as Organizations tells it
	Email     string
	State     string            // Organizations' AccountState: ACTIVE, SUSPENDED, PENDING_CLOSURE, CLOSED, PENDING_ACTIVATION; empty: ACTIVE
	Tags      map[string]string // of the account, as Organizations tells them
	OU        string            // path of names below the organization's root, "Workloads/Production"; empty: the root itself
	// Management marks the organization's management account, to which service
	// control policies do not apply.
	Management bool
	// DelegatedFor are the services (account.amazonaws.com) for which the account
	// is a delegated administrator of the organization.
	DelegatedFor []string
	// RootAccess is what of centralized root access the management account has
	// switched on: RootCredentialsManagement, RootSessions.
	RootAccess []string
	// StackSetsAccess says that the management account has switched trusted access
	// for CloudFormation's StackSets on.
	StackSetsAccess bool
	Created         time.Time // zero: four years before the simulated AWS starts
	KeyQuota        int       // access keys per user; zero: 2
	Admin           string    // name of the user whose first Active key AdminKey hands out

	Root     RootSpec
	Users    []UserSpec
	Groups   []GroupSpec
	Policies []PolicySpec
	Roles    []RoleSpec

	OIDCProviders []OIDCProviderSpec

	Secrets    []SecretSpec
	Parameters []ParameterSpec
	Topics     []TopicSpec // of SNS
	KMSKeys    []string    // IDs of customer managed keys, in us-east-1
	Functions  []FunctionSpec

	// ServiceControlPolicies are the documents attached to the account itself.
	// As in AWS, an account with any needs one that allows: see FullAWSAccess.
	// Empty: no service control policy limits the account.
	ServiceControlPolicies []string

	ReportDateOffset  bool          // credential report writes dates as +00:00 instead of Z
	ReportExtraColumn bool          // credential report has additional_credentials_info
	ReportAge         time.Duration // above zero: a stored report of that age exists

	Buckets      []BucketSpec      // of S3
	Events       []EventSpec       // calls of the past
	Addresses    []AddressSpec     // Elastic IPs of EC2
	NATGateways  []NATGatewaySpec  // of EC2
	VPCEndpoints []VPCEndpointSpec // of EC2
	Instances    []InstanceSpec    // of EC2

	LaunchTemplates []LaunchTemplateSpec // of EC2
	Clusters        []ClusterSpec        // of ECS
	TaskDefinitions []TaskDefinitionSpec // of ECS
	Projects        []ProjectSpec        // of CodeBuild

	AthenaTables []string        // tables over the account's trail: "database.table"
	OptedIn      []string        // regions that were switched on beside those that every account has
	Stacks       []StackSpec     // of CloudFormation
	Directories  []DirectorySpec // of IAM Identity Center
	SecurityHub  bool            // it is on, in every region

	EventDataStores []EventDataStoreSpec // of CloudTrail Lake

	// ConfigRules are AWS Config's managed rules, in every region: a source
	// identifier, perhaps with parameters: ACCESS_KEYS_ROTATED {"maxAccessKeyAge":"60"}.
	ConfigRules    []string
	ConfigRecorder bool
	ConfigRegions  []string // that have the recorder; empty: every one
}

// RootSpec describes the account's root user.
type RootSpec struct {
	Keys             []KeySpec
	PasswordLastUsed time.Time // zero: never
	NoPassword       bool      // as of a member account whose root credentials were deleted
	MFA              bool
	Certificates     []CertificateSpec
}

// UserSpec describes an IAM user. An empty ID is derived from account and name.
type UserSpec struct {
	Name    string
	Path    string // "/" or "/division/team/"; empty: "/"
	ID      string // AIDA…
	Created time.Time
	Tags    map[string]string
	Groups  []string // names

	ManagedPolicies     []string          // ARNs
	InlinePolicies      map[string]string // name → JSON document
	PermissionsBoundary string            // ARN; empty: none

	Password           *PasswordSpec // nil: no login profile
	MFA                []string      // serial numbers beside Password.MFA
	Keys               []KeySpec
	Certificates       []CertificateSpec
	ServiceCredentials []ServiceCredentialSpec
}

// PasswordSpec describes a login profile.
type PasswordSpec struct {
	Created     time.Time
	LastUsed    time.Time // zero: never
	LastChanged time.Time // zero: Created
	MFA         bool
}

// KeySpec describes an access key. An empty ID or Secret is derived from the
// account, the owner and the key's place in the list.
type KeySpec struct {
	ID       string
	Secret   string
	Status   string // Active, Inactive, Expired; empty: Active
	Created  time.Time
	LastUsed *KeyUse // nil: never
}

// KeyUse is what IAM publishes about a key's last use.
type KeyUse struct {
	At      time.Time
	Service string // signing name: s3, iam, sts
	Region  string
}

// CertificateSpec describes an X.509 signing certificate.
type CertificateSpec struct {
	ID       string
	Status   string // Active, Inactive; empty: Active
	Uploaded time.Time
}

// ServiceCredentialSpec describes a service-specific credential.
type ServiceCredentialSpec struct {
	ID       string // ACCA…
	Service  string // codecommit.amazonaws.com, cassandra.amazonaws.com, bedrock.amazonaws.com
	UserName string // the service's user name, "alice-at-123456789012"
	Status   string // Active, Inactive, Expired; empty: Active
	Created  time.Time
	Expires  time.Time // zero: never
}

// GroupSpec describes a group of users.
type GroupSpec struct {
	Name            string
	Path            string
	Created         time.Time
	ManagedPolicies []string          // ARNs
	InlinePolicies  map[string]string // name → JSON document
}

// PolicySpec describes a customer managed policy; its ARN is
// arn:PARTITION:iam::ACCOUNT:policy + Path + Name.
type PolicySpec struct {
	Name     string
	Path     string
	Document string
	Created  time.Time
}

// RoleSpec describes a role.
type RoleSpec struct {
	Name                string
	Path                string
	Created             time.Time
	TrustPolicy         string
	ManagedPolicies     []string          // ARNs
	InlinePolicies      map[string]string // name → JSON document
	PermissionsBoundary string            // ARN; empty: none
	MaxSession          time.Duration     // zero: one hour
	Tags                map[string]string
	LastUsed            *KeyUse // nil: never
}

// FullAWSAccess is the service control policy that AWS attaches everywhere by
// default and without which an account may do nothing.
const FullAWSAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
