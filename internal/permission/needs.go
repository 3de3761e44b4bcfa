package permission

import "slices"

// claimTag is the user tag by which Keytends keep off each other's users.
const claimTag = "keytend:claim"

// secretTag is the user tag that names the secret through which a rotation
// function replaces the user's key.
const secretTag = "keytend:secret"

var scanning = []Need{
	{Action: "iam:GenerateCredentialReport", Kind: Read, on: anything, Why: "have AWS write the credential report"},
	{Action: "iam:GetAccessKeyLastUsed", Kind: Read, on: anything, Why: "when and where a key was last used, as of now"},
	{Action: "iam:GetAccountAuthorizationDetails", Kind: Read, on: anything, Why: "users, tags, groups and policies in few calls"},
	{Action: "iam:GetAccountSummary", Kind: Read, on: anything, Why: "whether the root user has keys; how many keys a user may have"},
	{Action: "iam:GetCredentialReport", Kind: Read, on: anything, Why: "read the credential report"},
	{Action: "iam:GetLoginProfile", Kind: Read, on: anything, Why: "whether a user has a password"},
	{Action: "iam:GetUser", Kind: Read, on: anything, Why: "when a password was last used"},
	{Action: "iam:ListAccessKeys", Kind: Read, on: anything, Why: "IDs, status and age of keys"},
	{Action: "iam:ListAccountAliases", Kind: Read, on: anything, Why: "the account's name, for people"},
	{Action: "iam:ListMFADevices", Kind: Read, on: anything, Why: "whether a user has MFA"},
	{Action: "iam:ListServiceSpecificCredentials", Kind: Read, on: anything, Why: "long-lived credentials of other kinds"},
	{Action: "iam:ListSigningCertificates", Kind: Read, on: anything, Why: "certificates, where the report is too old to tell"},
}

// looking is what every pass over a record reads.
var looking = []Need{
	{Action: "cloudtrail:LookupEvents", Kind: Read, on: anything, Why: "who made a key, and from where a key is used"},
	{Action: "iam:GetAccessKeyLastUsed", Kind: Read, on: anything, Why: "silence of a key"},
	{Action: "iam:GetUser", Kind: Read, on: users, Why: "that it is the same user, and nobody else's claim"},
	{Action: "iam:ListAccessKeys", Kind: Read, on: users, Why: "status of the keys, live, before every step"},
}

// counting is for whoever makes keys.
var counting = Need{Action: "iam:GetAccountSummary", Kind: Read, on: anything, Why: "how many keys a user may have"}

var switching = Need{Action: "iam:UpdateAccessKey", Kind: Deactivate, on: users, Why: "switch a key off, and on again"}

var deleting = Need{Action: "iam:DeleteAccessKey", Kind: Delete, on: users, Why: "delete a key that has rested; discard one that nobody was given"}

var claiming = []Need{
	{Action: "iam:TagUser", Kind: Create, on: users, Why: "claim a user, so that no other Keytend works on it; move a key's description", only: []string{claimTag, "AKIA*"}},
	{Action: "iam:UntagUser", Kind: Create, on: users, Why: "end the claim", only: []string{claimTag, "AKIA*"}},
}

var simulating = Need{Action: "iam:SimulatePrincipalPolicy", Kind: Read, on: ourselves, Why: "prove before a key is made that it can also be switched off and deleted"}

var namingOurRole = Need{Action: "iam:GetRole", Kind: Read, on: ourselves, Why: "our role's path, where we are a role"}

// claimingMarked is for a rotation function, which says besides through which
// secret it rotates the user.
var claimingMarked = []Need{
	{Action: "iam:TagUser", Kind: Create, on: users, Why: "claim a user and mark it as rotated through its secret, so that nobody else works on it; move a key's description", only: []string{claimTag, secretTag, "AKIA*"}},
	{Action: "iam:UntagUser", Kind: Create, on: users, Why: "end the claim", only: []string{claimTag, secretTag, "AKIA*"}},
}

// inspecting is what is read of a secret that a rotation function rotates, and of
// its user.
var inspecting = []Need{
	{Action: "iam:GetUser", Kind: Read, on: users, Why: "whose key it is, and who else works on the user"},
	{Action: "iam:ListAccessKeys", Kind: Read, on: users, Why: "status of the keys"},
	{Action: "secretsmanager:DescribeSecret", Kind: Deliver, on: secrets, Why: "its tags, versions and rotation"},
	{Action: "secretsmanager:GetSecretValue", Kind: Deliver, on: secrets, Why: "which key it holds"},
	{Action: "kms:Decrypt", Kind: Deliver, on: storeKeys, Why: "where the secret has a KMS key of its own"},
}

// adopting is what hands a secret over to a rotation function.
var adopting = slices.Concat(inspecting, []Need{
	{Action: "iam:TagUser", Kind: Create, on: users, Why: "mark the user as rotated through its secret", only: []string{secretTag}},
	{Action: "secretsmanager:TagResource", Kind: Create, on: secrets, Why: "name the user on the secret, and further destinations", only: []string{"keytend:user", "keytend:deliver", "keytend:rotation/adopted/*"}},
	{Action: "secretsmanager:RotateSecret", Kind: Create, on: secrets, Why: "switch its rotation on"},
	{Action: "lambda:InvokeFunction", Kind: Create, on: functions, Why: "Secrets Manager asks it of whoever names the function"},
	simulating, namingOurRole,
})

// tracing is how it is known who did what.
var tracing = Need{Action: "cloudtrail:LookupEvents", Kind: Read, on: anything, Why: "who made a key, and from where a key is used"}

// recording is what the function writes down on the secret itself.
var recording = []Need{
	{Action: "secretsmanager:TagResource", Kind: Create, on: secrets, Why: "the record of a rotation, on the secret", only: []string{"keytend:rotation/*"}},
	{Action: "secretsmanager:UntagResource", Kind: Create, on: secrets, Why: "take older records away", only: []string{"keytend:rotation/*"}},
}

var making = Need{Action: "iam:CreateAccessKey", Kind: Create, on: users, Why: "make the new key"}

var storing = []Need{
	{Action: "secretsmanager:DescribeSecret", Kind: Deliver, on: secrets, Why: "who else rotates it, and its versions"},
	{Action: "secretsmanager:GetSecretValue", Kind: Deliver, on: secrets, Why: "which key it holds, and what stands beside it"},
	{Action: "secretsmanager:PutSecretValue", Kind: Deliver, on: secrets, Why: "deliver the new key"},
	{Action: "secretsmanager:UpdateSecretVersionStage", Kind: Deliver, on: secrets, Why: "make it the current one, only where nobody else did"},
	{Action: "kms:Decrypt", Kind: Deliver, on: storeKeys, Why: "where the secret has a KMS key of its own"},
	{Action: "kms:GenerateDataKey", Kind: Deliver, on: storeKeys, Why: "where the secret has a KMS key of its own"},
}

var whoseStack = Need{Action: "cloudformation:DescribeStackResources", Kind: Read, on: anything, Why: "which stack made a key"}

// configured is what tells whether AWS Config watches.
var configured = []Need{
	{Action: "config:DescribeConfigRules", Kind: Read, on: anything, Why: "whether AWS Config watches keys"},
	{Action: "config:DescribeConfigurationRecorderStatus", Kind: Read, on: anything, Why: "whether its recorder runs"},
}

// watching is what makes, shows and removes the watch over keys.
var watching = []Need{
	{Action: "config:DescribeConfigRuleEvaluationStatus", Kind: Read, on: anything, Why: "when a rule last judged"},
	{Action: "config:GetComplianceDetailsByConfigRule", Kind: Read, on: rules, Why: "AWS Config's verdicts"},
	{Action: "config:ListTagsForResource", Kind: Read, on: rules, Why: "whether a rule is ours"},
	{Action: "config:PutConfigRule", Kind: Watch, on: rules, Why: "make and repair rules"},
	{Action: "config:TagResource", Kind: Watch, on: rules, Why: "mark them as ours"},
	{Action: "config:DeleteConfigRule", Kind: Watch, on: rules, Why: "remove them"},
	{Action: "cloudwatch:DescribeAlarms", Kind: Read, on: anything, Why: "which alarms there are, and how they stand"},
	{Action: "cloudwatch:ListTagsForResource", Kind: Read, on: alarms, Why: "whether an alarm is ours"},
	{Action: "cloudwatch:PutMetricAlarm", Kind: Watch, on: alarms, Why: "make and repair alarms"},
	{Action: "cloudwatch:TagResource", Kind: Watch, on: alarms, Why: "mark them as ours"},
	{Action: "cloudwatch:DeleteAlarms", Kind: Watch, on: alarms, Why: "remove them"},
	{Action: "events:DescribeRule", Kind: Read, on: eventRules, Why: "which event rules there are"},
	{Action: "events:ListTagsForResource", Kind: Read, on: eventRules, Why: "whether one is ours"},
	{Action: "events:ListTargetsByRule", Kind: Read, on: eventRules, Why: "whom it tells"},
	{Action: "events:PutRule", Kind: Watch, on: eventRules, Why: "make and repair event rules"},
	{Action: "events:PutTargets", Kind: Watch, on: eventRules, Why: "have them tell the topic"},
	{Action: "events:TagResource", Kind: Watch, on: eventRules, Why: "mark them as ours"},
	{Action: "events:RemoveTargets", Kind: Watch, on: eventRules, Why: "remove them"},
	{Action: "events:DeleteRule", Kind: Watch, on: eventRules, Why: "remove them"},
	{Action: "sns:GetTopicAttributes", Kind: Read, on: topics, Why: "who may publish to a topic"},
	{Action: "sns:ListTagsForResource", Kind: Read, on: topics, Why: "whether a topic is ours"},
	{Action: "sns:ListSubscriptionsByTopic", Kind: Read, on: topics, Why: "who is told"},
	{Action: "sns:CreateTopic", Kind: Watch, on: ownTopic, Why: "make a topic"},
	{Action: "sns:TagResource", Kind: Watch, on: ownTopic, Why: "mark it as ours"},
	{Action: "sns:SetTopicAttributes", Kind: Watch, on: ownTopic, Why: "let alarms and events be published"},
	{Action: "sns:Subscribe", Kind: Watch, on: ownTopic, Why: "have a mail address told"},
	{Action: "sns:DeleteTopic", Kind: Watch, on: ownTopic, Why: "remove it"},
}

var needs = map[Feature][]Need{
	Scan: slices.Concat(scanning, []Need{
		{Action: "secretsmanager:DescribeSecret", Kind: Read, on: anything, Why: "whether the secret is there that a user's key is rotated through"},
	}),
	Scorecard: slices.Concat(scanning, configured),
	Local:     {{Action: "sts:GetAccessKeyInfo", Kind: Read, on: anything, Why: "the account that a key is in"}},
	Organization: {
		{Action: "organizations:ListAccounts", Kind: Read, on: anything, Why: "which accounts there are"},
		{Action: "sts:AssumeRole", Kind: Enter, on: members, Why: "enter them"},
	},
	ByTag: {{Action: "organizations:ListTagsForResource", Kind: Read, on: anything, Why: "accounts chosen by tag"}},
	ByUnit: {
		{Action: "organizations:ListRoots", Kind: Read, on: anything, Why: "accounts chosen by OU"},
		{Action: "organizations:ListOrganizationalUnitsForParent", Kind: Read, on: anything, Why: "accounts chosen by OU"},
	},
	ExplainMember: {
		{Action: "organizations:DescribeAccount", Kind: Read, on: anything, Why: "the account that a user is in"},
		{Action: "sts:GetAccessKeyInfo", Kind: Read, on: anything, Why: "the account that a key is in"},
	},
	Rotate: slices.Concat(looking, claiming, []Need{making, counting, simulating, namingOurRole, switching, deleting}),
	Lambda: slices.Concat(looking, claimingMarked, storing, recording, []Need{making, counting, simulating, namingOurRole, switching, deleting}),
	Reap: slices.Concat(looking, claimingMarked, storing, recording, []Need{
		{Action: "secretsmanager:ListSecrets", Kind: Read, on: anything, Why: "which secrets carry a record"},
		switching, deleting,
	}),
	SecretAdopt: adopting,
	SecretCreate: slices.Concat(adopting, []Need{
		{Action: "cloudtrail:LookupEvents", Kind: Read, on: anything, Why: "who made a key whose secret was lost"},
		{Action: "iam:TagUser", Kind: Create, on: users, Why: "claim the user", only: []string{claimTag}},
		{Action: "iam:UntagUser", Kind: Create, on: users, Why: "end the claim", only: []string{claimTag}},
		{Action: "secretsmanager:CreateSecret", Kind: Create, on: secrets, Why: "make the secret"},
		{Action: "secretsmanager:TagResource", Kind: Create, on: secrets, Why: "say on the secret that its key is being made", only: []string{"keytend:rotation/make*"}},
		{Action: "secretsmanager:UntagResource", Kind: Create, on: secrets, Why: "and that it is", only: []string{"keytend:rotation/make*"}},
		{Action: "secretsmanager:PutSecretValue", Kind: Deliver, on: secrets, Why: "put the key into it"},
		{Action: "kms:GenerateDataKey", Kind: Deliver, on: storeKeys, Why: "where the secret has a KMS key of its own"},
		making, switching, deleting,
	}),
	SecretStatus: slices.Concat(inspecting, []Need{
		tracing, {Action: "iam:GetAccessKeyLastUsed", Kind: Read, on: anything, Why: "silence of a key"},
	}),
	SecretResolve: slices.Concat(inspecting, []Need{
		tracing, {Action: "secretsmanager:TagResource", Kind: Create, on: secrets, Why: "leave the function an order on the secret", only: []string{"keytend:rotation/order/*"}},
	}),
	ScanSecrets: {{Action: "secretsmanager:ListSecrets", Kind: Read, on: anything, Why: "which secrets say that they hold a key, and whether they are rotated"}},
	Retire:      slices.Concat(looking, []Need{switching, deleting}),
	Revoke: slices.Concat(looking, claiming, []Need{
		{Action: "iam:CreateAccessKey", Kind: Create, on: users, Why: "replace the leaked key"},
		{Action: "iam:GetUserPolicy", Kind: Read, on: users, Why: "add to the policy that denies old sessions"},
		{Action: "iam:PutUserPolicy", Kind: Deactivate, on: users, Why: "deny sessions made from the leaked key"},
		counting, simulating, namingOurRole, switching, deleting,
	}),
	SecretsManager: storing,
	SSM: {
		{Action: "ssm:DescribeParameters", Kind: Deliver, on: anything, Why: "its KMS key, tier and policies, which stay"},
		{Action: "ssm:GetParameter", Kind: Deliver, on: parameters, Why: "which key it holds, and what stands beside it"},
		{Action: "ssm:PutParameter", Kind: Deliver, on: parameters, Why: "deliver the new key"},
		{Action: "kms:Decrypt", Kind: Deliver, on: storeKeys, Why: "where the parameter has a KMS key of its own"},
		{Action: "kms:Encrypt", Kind: Deliver, on: storeKeys, Why: "where the parameter has a KMS key of its own"},
	},
	SecurityHub: {
		{Action: "securityhub:BatchImportFindings", Kind: Deliver, on: anything, Why: "tell what was found, and what is over"},
		{Action: "securityhub:GetFindings", Kind: Read, on: anything, Why: "what was told before"},
	},
	TerraformState: {{Action: "s3:GetObject", Kind: Read, on: states, Why: "which keys Terraform manages"}},
	MakingStacks:   {whoseStack},
	AllStacks: {
		whoseStack,
		{Action: "account:ListRegions", Kind: Read, on: anything, Why: "in which regions there may be stacks"},
		{Action: "cloudformation:ListStacks", Kind: Read, on: anything, Why: "in which regions there are any"},
	},
	IdentityStore: {{Action: "identitystore:GetUserId", Kind: Read, on: anything, Why: "whether an owner's address is still known"}},
	Migrate: slices.Concat([]Need{
		{Action: "cloudtrail:LookupEvents", Kind: Read, on: anything, Why: "who made a key, and from where a key is used"},
		{Action: "iam:GetAccountAuthorizationDetails", Kind: Read, on: anything, Why: "what the user may do now"},
		{Action: "iam:GetAccessKeyLastUsed", Kind: Read, on: anything, Why: "silence of a key"},
		{Action: "iam:GetOpenIDConnectProvider", Kind: Read, on: anything, Why: "whom a CI service's provider gives tokens to"},
		{Action: "iam:GetRole", Kind: Read, on: anything, Why: "whether the role in the key's place is in use"},
		{Action: "iam:GetUser", Kind: Read, on: users, Why: "that it is the same user, and nobody else's claim"},
		{Action: "iam:ListAccessKeys", Kind: Read, on: anything, Why: "a user's keys"},
		{Action: "iam:ListOpenIDConnectProviders", Kind: Read, on: anything, Why: "whether a CI service's provider is there already"},
		{Action: "iam:ListRoles", Kind: Read, on: anything, Why: "whether people sign in through IAM Identity Center"},
	}, []Need{switching, deleting}),
	Usage: {
		{Action: "cloudtrail:LookupEvents", Kind: Read, on: anything, Why: "from where a key is used, by what, for what"},
		{Action: "ec2:DescribeAddresses", Kind: Read, on: anything, Why: "which addresses are the account's own"},
		{Action: "ec2:DescribeNatGateways", Kind: Read, on: anything, Why: "which addresses are the account's own"},
		{Action: "ec2:DescribeVpcEndpoints", Kind: Read, on: anything, Why: "which VPC endpoints are the account's own"},
		{Action: "iam:GetAccessKeyLastUsed", Kind: Read, on: anything, Why: "whose a key is, and when and where it was last used"},
		{Action: "iam:ListAccessKeys", Kind: Read, on: anything, Why: "a user's keys"},
	},
	Locate: {
		{Action: "account:ListRegions", Kind: Read, on: anything, Why: "which regions there are, for --regions all"},
		{Action: "codebuild:BatchGetProjects", Kind: Read, on: anything, Why: "variables and build steps of projects"},
		{Action: "codebuild:ListProjects", Kind: Read, on: anything, Why: "which projects there are"},
		{Action: "ec2:DescribeInstanceAttribute", Kind: Read, on: anything, Why: "user data of instances"},
		{Action: "ec2:DescribeInstances", Kind: Read, on: anything, Why: "which instances there are"},
		{Action: "ec2:DescribeLaunchTemplateVersions", Kind: Read, on: anything, Why: "user data of launch templates"},
		{Action: "ec2:DescribeLaunchTemplates", Kind: Read, on: anything, Why: "which launch templates there are"},
		{Action: "ecs:DescribeServices", Kind: Read, on: anything, Why: "which revisions of task definitions run"},
		{Action: "ecs:DescribeTaskDefinition", Kind: Read, on: anything, Why: "variables of containers"},
		{Action: "ecs:ListClusters", Kind: Read, on: anything, Why: "which revisions of task definitions run"},
		{Action: "ecs:ListServices", Kind: Read, on: anything, Why: "which revisions of task definitions run"},
		{Action: "ecs:ListTaskDefinitionFamilies", Kind: Read, on: anything, Why: "which task definitions there are"},
		{Action: "iam:GetAccessKeyLastUsed", Kind: Read, on: anything, Why: "whose a key is, and in which region it was last used"},
		{Action: "iam:ListAccessKeys", Kind: Read, on: anything, Why: "a user's keys"},
		{Action: "lambda:ListFunctions", Kind: Read, on: anything, Why: "variables of functions"},
		{Action: "secretsmanager:ListSecrets", Kind: Read, on: anything, Why: "descriptions and tags of secrets"},
		{Action: "ssm:DescribeParameters", Kind: Read, on: anything, Why: "which parameters there are, and their descriptions"},
		{Action: "ssm:GetParameters", Kind: Read, on: parameters, Why: "values of parameters that are not encrypted"},
	},
	LocateValues: {
		{Action: "secretsmanager:GetSecretValue", Kind: Read, on: secrets, Why: "which keys secrets hold"},
		{Action: "ssm:GetParameter", Kind: Read, on: parameters, Why: "which keys SecureString parameters hold"},
		{Action: "kms:Decrypt", Kind: Read, on: storeKeys, Why: "where they have KMS keys of their own"},
	},
	UsageLogs: {
		{Action: "s3:GetObject", Kind: Read, on: states, Why: "read a trail's log files"},
		{Action: "s3:ListBucket", Kind: Read, on: shelves, Why: "which log files there are"},
	},
	UsageAthena: {
		{Action: "athena:GetQueryExecution", Kind: Read, on: anything, Why: "whether the query has ended"},
		{Action: "athena:GetQueryResults", Kind: Read, on: anything, Why: "its answer"},
		{Action: "athena:StartQueryExecution", Kind: Read, on: anything, Why: "ask a table over the trail"},
		{Action: "glue:GetTable", Kind: Read, on: anything, Why: "Athena reads what the table is as the caller"},
		{Action: "s3:GetBucketLocation", Kind: Read, on: shelves, Why: "where results are written"},
		{Action: "s3:GetObject", Kind: Read, on: states, Why: "Athena reads the log files as the caller"},
		{Action: "s3:ListBucket", Kind: Read, on: shelves, Why: "which log files there are"},
		{Action: "s3:PutObject", Kind: Deliver, on: states, Why: "Athena writes its results as the caller"},
	},
	UsageLake: {
		{Action: "cloudtrail:DescribeQuery", Kind: Read, on: anything, Why: "whether the query has ended"},
		{Action: "cloudtrail:GetEventDataStore", Kind: Read, on: anything, Why: "which events the store collects, and since when"},
		{Action: "cloudtrail:GetQueryResults", Kind: Read, on: anything, Why: "its answer"},
		{Action: "cloudtrail:StartQuery", Kind: Read, on: anything, Why: "ask an event data store of CloudTrail Lake"},
	},
	Root: {
		{Action: "organizations:ListAccounts", Kind: Read, on: anything, Why: "which accounts there are"},
		{Action: "iam:ListOrganizationsFeatures", Kind: Read, on: anything, Why: "whether root sessions are on"},
		{Action: "sts:AssumeRoot", Kind: Enter, on: roots, Why: "enter accounts as their root user, for one task"},
	},
	EscrowKMS: {
		{Action: "kms:Encrypt", Kind: Deliver, on: escrowKey, Why: "seal what must outlive a process"},
		{Action: "kms:Decrypt", Kind: Read, on: escrowKey, Why: "open it"},
	},
	SNS:        {{Action: "sns:Publish", Kind: Deliver, on: topics, Why: "tell the owners of keys"}},
	CloudWatch: {{Action: "cloudwatch:PutMetricData", Kind: Deliver, on: metrics, Why: "keys by state, as metrics"}},
	Monitor:    slices.Concat(configured, watching),
	MonitorAll: {
		{Action: "config:DescribeOrganizationConfigRules", Kind: Read, on: anything, Why: "which rules there are in every account"},
		{Action: "config:GetOrganizationConfigRuleDetailedStatus", Kind: Read, on: anything, Why: "how the accounts took them"},
		{Action: "config:PutOrganizationConfigRule", Kind: Watch, on: anything, Why: "make and repair them"},
		{Action: "config:DeleteOrganizationConfigRule", Kind: Watch, on: anything, Why: "remove them"},
		{Action: "organizations:EnableAWSServiceAccess", Kind: Watch, on: anything, Why: "AWS Config switches its access to the organization on"},
		{Action: "organizations:ListDelegatedAdministrators", Kind: Watch, on: anything, Why: "AWS Config asks who else administers it"},
	},
	EventBridge: {
		{Action: "events:DescribeEventBus", Kind: Deliver, on: buses, Why: "that there is such a bus: EventBridge takes events for any, and drops them"},
		{Action: "events:PutEvents", Kind: Deliver, on: buses, Why: "tell the owners of keys"},
	},
}
