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
      "iam:ListAccessKeys",
      "iam:ListAccountAliases",
      "iam:ListServiceSpecificCredentials",
      "iam:ListSigningCertificates"
    ],
    "Resource": "*"
  }]
}`

// scorecardActions are what scorecard needs beside scanPolicy.
const scorecardActions = `config:DescribeConfigRules
config:DescribeConfigurationRecorderStatus`

// permissionsTopic is not runnable, so cobra shows it as a help topic.
func permissionsTopic(*app) *cobra.Command {
	return &cobra.Command{
		Use:   "permissions",
		Short: "The IAM policy that a scan needs",
		Long: `Scan and explain only read. This policy is enough for both, and no action in it
can be left out:

` + indent(scanPolicy) + `

Scorecard needs in addition:

` + indent(scorecardActions) + `

Where iam:GetAccountAuthorizationDetails is denied, iam:ListUsers is used instead.
With less, a scan reports what it can read, lists what it couldn't, and exits 4.
sts:GetCallerIdentity needs no permission.`,
		Example: "  keytend help permissions",
	}
}
