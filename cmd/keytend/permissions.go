package main

import "github.com/spf13/cobra"

// scanPolicy is what scan and explain need, and no more: each action left out
// makes a scan partial. TestPermissions holds it to that.
const scanPolicy = `{
  "Version": "2012-10-17",
  "Statement": [{
    "Sid": "KeytendScan",
    "Effect": "Allow",
    "Action": [
      "iam:GenerateCredentialReport",
      "iam:GetAccessKeyLastUsed",
      "iam:GetAccountAuthorizationDetails",
      "iam:GetAccountSummary",
      "iam:GetCredentialReport",
      "iam:GetLoginProfile",
      "iam:GetUser",
      "iam:ListAccessKeys",
      "iam:ListAccountAliases",
      "iam:ListMFADevices",
      "iam:ListServiceSpecificCredentials",
      "iam:ListSigningCertificates"
    ],
    "Resource": "*"
  }]
}`

// localActions are what scan --local needs beside scanPolicy.
const localActions = `sts:GetAccessKeyInfo`

// scorecardActions are what scorecard needs beside scanPolicy.
const scorecardActions = `config:DescribeConfigRules
config:DescribeConfigurationRecorderStatus`

// organizationPolicy is what scan and scorecard --organization need of the
// caller besides; scanPolicy is then what the role in each account needs. Each
// action left out makes the scan fail or partial: organization_permissions.txtar.
const organizationPolicy = `{
  "Version": "2012-10-17",
  "Statement": [{
    "Sid": "KeytendAccounts",
    "Effect": "Allow",
    "Action": [
      "organizations:ListAccounts"
    ],
    "Resource": "*"
  }, {
    "Sid": "KeytendEnter",
    "Effect": "Allow",
    "Action": [
      "sts:AssumeRole"
    ],
    "Resource": "arn:*:iam::*:role/OrganizationAccountAccessRole"
  }]
}`

// organizationExtras are wanted by some uses only.
const organizationExtras = `organizations:ListTagsForResource                --include or --exclude tag:…
organizations:ListRoots                          --include or --exclude ou:Name
organizations:ListOrganizationalUnitsForParent   --include or --exclude ou:Name
organizations:DescribeAccount                    explain --organization
sts:GetAccessKeyInfo                             explain --organization AKIA…`

// trustPolicy is that of the role in each account. An external ID protects a
// role that a third party uses for several customers.
const trustPolicy = `{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:role/keytend"},
    "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"sts:ExternalId": "only with --external-id"}}
  }]
}`

// permissionsTopic is not runnable, so cobra shows it as a help topic.
func permissionsTopic(*app) *cobra.Command {
	return &cobra.Command{
		Use:   "permissions",
		Short: "The IAM policy that a scan needs",
		Long: `Scan and explain only read. This policy is enough for both, and no action in it
can be left out:

` + indent(scanPolicy) + `

Scan --local and explain AKIA… of another account's key need in addition:

` + indent(localActions) + `

Scorecard needs in addition:

` + indent(scorecardActions) + `

With --organization, the role in each account needs that policy. So does the
caller, in the management account or in that of a delegated administrator (of
any AWS service), and besides this one, with the role's name if it is another:

` + indent(organizationPolicy) + `

and, for what is said beside each:

` + indent(organizationExtras) + `

The role's trust policy must admit the caller:

` + indent(trustPolicy) + `

Where iam:GetAccountAuthorizationDetails is denied, iam:ListUsers is used instead.
With less, a scan reports what it can read, lists what it couldn't, and exits 4.
sts:GetCallerIdentity needs no permission.`,
		Example: "  keytend help permissions",
	}
}
