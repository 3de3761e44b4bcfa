package population

import "github.com/keytend/keytend/internal/fakeaws"

// AWS's own managed policies that the populations attach.
const (
	administratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess"
	powerUserAccess     = "arn:aws:iam::aws:policy/PowerUserAccess"
	readOnlyAccess      = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	securityAudit       = "arn:aws:iam::aws:policy/SecurityAudit"
	iamFullAccess       = "arn:aws:iam::aws:policy/IAMFullAccess"
	s3ReadOnlyAccess    = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	selfService         = "arn:aws:iam::aws:policy/IAMUserChangePassword"
	billing             = "arn:aws:iam::aws:policy/job-function/Billing"
	quarantineV2        = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV2"
	quarantineV3        = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"
)

// Documents of the accounts' own policies.
const (
	everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

	deploy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudformation:*","ecr:*","ecs:UpdateService","s3:PutObject","s3:GetObject"],"Resource":"*"}]}`

	// passRole makes its holder an administrator in two steps: a function with
	// a stronger role than its own.
	passRole = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:PassRole","lambda:CreateFunction","lambda:InvokeFunction"],"Resource":"*"}]}`

	// newPolicyVersion makes its holder an administrator in one.
	newPolicyVersion = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:CreatePolicyVersion","iam:SetDefaultPolicyVersion"],"Resource":"*"}]}`

	attachUserPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:AttachUserPolicy"],"Resource":"*"}]}`

	ownKeys = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:CreateAccessKey","iam:DeleteAccessKey","iam:GetAccessKeyLastUsed","iam:ListAccessKeys","iam:UpdateAccessKey"],"Resource":"arn:aws:iam::*:user/${aws:username}"}]}`

	needMFA = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["iam:*","sts:GetSessionToken"],"Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}`

	writeBackups = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject","s3:ListBucket"],"Resource":["arn:aws:s3:::example-backups","arn:aws:s3:::example-backups/*"]}]}`

	readQueue = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","dynamodb:GetItem","dynamodb:PutItem"],"Resource":"*"}]}`

	sendMail = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ses:SendRawEmail","Resource":"*"}}`
)

// Service control policies of some member accounts.
const (
	noNewKeys = `{"Version":"2012-10-17","Statement":[{"Sid":"NoNewKeys","Effect":"Deny","Action":["iam:CreateUser","iam:CreateAccessKey"],"Resource":"*"}]}`

	stayInOrganization = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}`
)

// groups are those of every account.
func groups() []fakeaws.GroupSpec {
	return []fakeaws.GroupSpec{
		{Name: "administrators", Path: "/", ManagedPolicies: []string{administratorAccess}},
		{Name: "audit", Path: "/", ManagedPolicies: []string{securityAudit}},
		{Name: "billing", Path: "/", ManagedPolicies: []string{billing}},
		{Name: "break-glass", Path: "/emergency/", ManagedPolicies: []string{administratorAccess}},
		{Name: "ci-deployers", Path: "/ci/", InlinePolicies: map[string]string{"deploy": deploy}},
		{Name: "contractors", Path: "/", ManagedPolicies: []string{s3ReadOnlyAccess}},
		{Name: "developers", Path: "/", ManagedPolicies: []string{powerUserAccess}},
		{Name: "key-self-service", Path: "/", InlinePolicies: map[string]string{"own-keys": ownKeys}},
		{Name: "mfa-needed", Path: "/", InlinePolicies: map[string]string{"need-mfa": needMFA}},
		{Name: "on-call", Path: "/", InlinePolicies: map[string]string{"attach": attachUserPolicy}},
		{Name: "readers", Path: "/", ManagedPolicies: []string{readOnlyAccess}},
		{Name: "staff", Path: "/", ManagedPolicies: []string{selfService}},
	}
}

// policies are the customer managed ones of every account.
func policies() []fakeaws.PolicySpec {
	return []fakeaws.PolicySpec{
		{Name: "backup-writer", Path: "/", Document: writeBackups},
		{Name: "lambda-deployer", Path: "/ci/", Document: passRole},
		{Name: "policy-author", Path: "/", Document: newPolicyVersion},
		{Name: "queue-worker", Path: "/service/", Document: readQueue},
	}
}

// ownPolicy returns the ARN of one of policies.
func ownPolicy(account, pathAndName string) string {
	return "arn:aws:iam::" + account + ":policy" + pathAndName
}

// organizationRole is what Organizations puts into every account that it
// creates: the management account's administrators may take it.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html
func organizationRole(management string) fakeaws.RoleSpec {
	return fakeaws.RoleSpec{
		Name: "OrganizationAccountAccessRole",
		Path: "/",
		TrustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` +
			management + `:root"},"Action":"sts:AssumeRole"}]}`,
		ManagedPolicies: []string{administratorAccess},
	}
}
