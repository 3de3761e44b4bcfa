package fakeaws

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// awsPolicyDocuments are AWS's own managed policies by what follows
// "arn:aws:iam::aws:policy/". The documents are shortened where AWS's run to
// hundreds of actions; what they say is true.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
var awsPolicyDocuments = map[string]string{
	"AdministratorAccess": allow(`"*"`),
	"PowerUserAccess": statements(
		`{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}`,
		`{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail","account:ListRegions",`+
			`"iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}`),
	"IAMFullAccess": allow(`"iam:*"`, `"organizations:DescribeAccount"`, `"organizations:DescribeOrganization"`,
		`"organizations:DescribeOrganizationalUnit"`, `"organizations:DescribePolicy"`, `"organizations:ListChildren"`, `"organizations:ListParents"`,
		`"organizations:ListPoliciesForTarget"`, `"organizations:ListRoots"`, `"organizations:ListPolicies"`, `"organizations:ListTargetsForPolicy"`),
	"IAMReadOnlyAccess": allow(`"iam:GenerateCredentialReport"`, `"iam:GenerateServiceLastAccessedDetails"`, `"iam:Get*"`, `"iam:List*"`,
		`"iam:SimulateCustomPolicy"`, `"iam:SimulatePrincipalPolicy"`),
	"IAMUserChangePassword": statements(
		`{"Effect":"Allow","Action":["iam:ChangePassword"],"Resource":["arn:aws:iam::*:user/${aws:username}"]}`,
		`{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}`),
	"SignInLocalDevelopmentAccess": statements(`{"Effect":"Allow","Action":["signin:AuthorizeOAuth2Access","signin:CreateOAuth2Token"],"Resource":"arn:aws:signin:*:*:oauth2/public-client/*"}`),
	"IAMUserSSHKeys": statements(`{"Effect":"Allow","Action":["iam:DeleteSSHPublicKey","iam:GetSSHPublicKey","iam:ListSSHPublicKeys",` +
		`"iam:UpdateSSHPublicKey","iam:UploadSSHPublicKey"],"Resource":"arn:aws:iam::*:user/${aws:username}"}`),
	"ReadOnlyAccess": allow(`"cloudtrail:Describe*"`, `"cloudtrail:Get*"`, `"cloudtrail:List*"`, `"cloudtrail:LookupEvents"`, `"cloudwatch:Describe*"`,
		`"cloudwatch:Get*"`, `"cloudwatch:List*"`, `"config:BatchGetResourceConfig"`, `"config:Describe*"`, `"config:Get*"`, `"config:List*"`,
		`"dynamodb:BatchGet*"`, `"dynamodb:Describe*"`, `"dynamodb:Get*"`, `"dynamodb:List*"`, `"dynamodb:Query"`, `"dynamodb:Scan"`, `"ec2:Describe*"`,
		`"ec2:Get*"`, `"iam:Generate*"`, `"iam:Get*"`, `"iam:List*"`, `"iam:Simulate*"`, `"kms:Describe*"`, `"kms:Get*"`, `"kms:List*"`, `"lambda:Get*"`,
		`"lambda:List*"`, `"logs:Describe*"`, `"logs:FilterLogEvents"`, `"logs:Get*"`, `"logs:StartQuery"`, `"organizations:Describe*"`, `"organizations:List*"`,
		`"rds:Describe*"`, `"rds:List*"`, `"s3:Describe*"`, `"s3:Get*"`, `"s3:List*"`, `"sns:Get*"`, `"sns:List*"`, `"sqs:Get*"`, `"sqs:List*"`,
		`"sqs:Receive*"`, `"sts:GetAccessKeyInfo"`, `"sts:GetCallerIdentity"`, `"sts:GetSessionToken"`),
	"SecurityAudit": allow(`"access-analyzer:GetAnalyzer"`, `"access-analyzer:List*"`, `"cloudtrail:DescribeTrails"`, `"cloudtrail:GetEventSelectors"`,
		`"cloudtrail:GetTrailStatus"`, `"cloudtrail:ListTags"`, `"cloudtrail:LookupEvents"`, `"config:Deliver*"`, `"config:Describe*"`, `"config:Get*"`,
		`"config:List*"`, `"ec2:Describe*"`, `"iam:GenerateCredentialReport"`, `"iam:GenerateServiceLastAccessedDetails"`, `"iam:Get*"`, `"iam:List*"`,
		`"iam:SimulateCustomPolicy"`, `"iam:SimulatePrincipalPolicy"`, `"kms:Describe*"`, `"kms:Get*"`, `"kms:List*"`, `"lambda:GetPolicy"`, `"lambda:List*"`,
		`"organizations:Describe*"`, `"organizations:List*"`, `"s3:GetBucket*"`, `"s3:ListAllMyBuckets"`, `"sts:GetAccessKeyInfo"`),
	"job-function/ViewOnlyAccess": allow(`"cloudtrail:DescribeTrails"`, `"cloudtrail:LookupEvents"`, `"config:List*"`, `"ec2:Describe*"`,
		`"iam:GetAccountSummary"`, `"iam:GetLoginProfile"`, `"iam:List*"`, `"kms:ListAliases"`, `"kms:ListKeys"`, `"lambda:List*"`, `"organizations:List*"`,
		`"s3:ListAllMyBuckets"`, `"s3:ListBucket"`, `"sns:List*"`, `"sqs:ListQueues"`),
	"job-function/Billing":         allow(`"aws-portal:*Billing"`, `"billing:*"`, `"budgets:*"`, `"ce:*"`, `"cur:*"`, `"payments:*"`, `"tax:*"`),
	"AmazonS3ReadOnlyAccess":       allow(`"s3:Get*"`, `"s3:List*"`, `"s3:Describe*"`, `"s3-object-lambda:Get*"`, `"s3-object-lambda:List*"`),
	"AmazonS3FullAccess":           allow(`"s3:*"`, `"s3-object-lambda:*"`),
	"AmazonEC2ReadOnlyAccess":      allow(`"ec2:Describe*"`, `"ec2:GetSecurityGroupsForVpc"`, `"elasticloadbalancing:Describe*"`, `"cloudwatch:ListMetrics"`, `"cloudwatch:GetMetricStatistics"`, `"cloudwatch:Describe*"`, `"autoscaling:Describe*"`),
	"AmazonEC2FullAccess":          allow(`"ec2:*"`, `"elasticloadbalancing:*"`, `"cloudwatch:*"`, `"autoscaling:*"`),
	"AmazonDynamoDBFullAccess":     allow(`"dynamodb:*"`, `"dax:*"`),
	"AmazonDynamoDBReadOnlyAccess": allow(`"dynamodb:BatchGetItem"`, `"dynamodb:Describe*"`, `"dynamodb:List*"`, `"dynamodb:GetItem"`, `"dynamodb:Query"`, `"dynamodb:Scan"`),
	"AmazonSESFullAccess":          allow(`"ses:*"`),
	"AmazonSQSFullAccess":          allow(`"sqs:*"`),
	"AmazonSNSFullAccess":          allow(`"sns:*"`),
	"AmazonRDSFullAccess":          allow(`"rds:*"`),
	"AmazonEC2ContainerRegistryReadOnly": allow(`"ecr:GetAuthorizationToken"`, `"ecr:BatchCheckLayerAvailability"`, `"ecr:GetDownloadUrlForLayer"`,
		`"ecr:Describe*"`, `"ecr:List*"`, `"ecr:BatchGetImage"`),
	"AmazonEC2ContainerRegistryPowerUser": allow(`"ecr:GetAuthorizationToken"`, `"ecr:Batch*"`, `"ecr:Describe*"`, `"ecr:Get*"`, `"ecr:List*"`,
		`"ecr:InitiateLayerUpload"`, `"ecr:UploadLayerPart"`, `"ecr:CompleteLayerUpload"`, `"ecr:PutImage"`),
	"AWSLambda_FullAccess": statements(
		`{"Effect":"Allow","Action":["lambda:*","logs:DescribeLogGroups","cloudwatch:ListMetrics","cloudwatch:GetMetricData","iam:ListRoles","iam:GetRole","iam:GetPolicy"],"Resource":"*"}`,
		`{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}`),
	"AWSCodeCommitPowerUser":       allow(`"codecommit:BatchGet*"`, `"codecommit:Create*"`, `"codecommit:Get*"`, `"codecommit:GitPull"`, `"codecommit:GitPush"`, `"codecommit:List*"`),
	"CloudWatchAgentServerPolicy":  allow(`"cloudwatch:PutMetricData"`, `"ec2:DescribeVolumes"`, `"ec2:DescribeTags"`, `"logs:PutLogEvents"`, `"logs:CreateLogStream"`, `"logs:CreateLogGroup"`),
	"CloudWatchLogsFullAccess":     allow(`"logs:*"`, `"cloudwatch:GenerateQuery"`),
	"CloudWatchReadOnlyAccess":     allow(`"cloudwatch:Describe*"`, `"cloudwatch:Get*"`, `"cloudwatch:List*"`, `"logs:Get*"`, `"logs:Describe*"`, `"logs:FilterLogEvents"`),
	"AmazonSSMManagedInstanceCore": allow(`"ssm:DescribeAssociation"`, `"ssm:GetParameter"`, `"ssm:GetParameters"`, `"ssm:UpdateInstanceInformation"`, `"ssmmessages:*"`, `"ec2messages:*"`),
	"AWSCompromisedKeyQuarantine": deny(`"iam:AttachGroupPolicy"`, `"iam:AttachRolePolicy"`, `"iam:AttachUserPolicy"`, `"iam:ChangePassword"`, `"iam:CreateAccessKey"`,
		`"iam:CreateInstanceProfile"`, `"iam:CreateLoginProfile"`, `"iam:CreateRole"`, `"iam:CreateUser"`, `"iam:DetachUserPolicy"`, `"iam:PutUserPermissionsBoundary"`,
		`"iam:PutUserPolicy"`, `"iam:UpdateAccessKey"`, `"iam:UpdateAccountPasswordPolicy"`, `"iam:UpdateUser"`, `"ec2:RequestSpotInstances"`, `"ec2:RunInstances"`,
		`"ec2:StartInstances"`, `"organizations:CreateAccount"`, `"organizations:CreateOrganization"`, `"organizations:InviteAccountToOrganization"`,
		`"lambda:CreateFunction"`, `"lightsail:Create*"`, `"lightsail:Start*"`, `"lightsail:Delete*"`, `"lightsail:Update*"`, `"lightsail:GetInstanceAccessDetails"`,
		`"lightsail:DownloadDefaultKeyPair"`),
	"AWSCompromisedKeyQuarantineV2": deny(quarantineV2...),
	"AWSCompromisedKeyQuarantineV3": deny(append(slices.Clone(quarantineV2), `"bedrock:CreateModelInvocationJob"`, `"bedrock:InvokeModel"`,
		`"bedrock:InvokeModelWithResponseStream"`, `"sagemaker:CreateEndpointConfig"`, `"sagemaker:CreateProcessingJob"`, `"sagemaker:CreateTrainingJob"`,
		`"ses:GetSendQuota"`, `"ses:ListIdentities"`, `"ses:VerifyDomainIdentity"`, `"sts:GetFederationToken"`, `"sts:GetSessionToken"`)...),
}

var quarantineV2 = []string{
	`"cloudtrail:LookupEvents"`, `"ec2:RequestSpotInstances"`, `"ec2:RunInstances"`, `"ec2:StartInstances"`, `"iam:AddUserToGroup"`, `"iam:AttachGroupPolicy"`,
	`"iam:AttachRolePolicy"`, `"iam:AttachUserPolicy"`, `"iam:ChangePassword"`, `"iam:CreateAccessKey"`, `"iam:CreateInstanceProfile"`, `"iam:CreateLoginProfile"`,
	`"iam:CreatePolicyVersion"`, `"iam:CreateRole"`, `"iam:CreateUser"`, `"iam:DetachUserPolicy"`, `"iam:PassRole"`, `"iam:PutGroupPolicy"`, `"iam:PutRolePolicy"`,
	`"iam:PutUserPermissionsBoundary"`, `"iam:PutUserPolicy"`, `"iam:SetDefaultPolicyVersion"`, `"iam:UpdateAccessKey"`, `"iam:UpdateAccountPasswordPolicy"`,
	`"iam:UpdateAssumeRolePolicy"`, `"iam:UpdateLoginProfile"`, `"iam:UpdateUser"`, `"lambda:AddLayerVersionPermission"`, `"lambda:AddPermission"`,
	`"lambda:CreateFunction"`, `"lambda:GetPolicy"`, `"lambda:ListTags"`, `"lambda:PutProvisionedConcurrencyConfig"`, `"lambda:TagResource"`,
	`"lambda:UntagResource"`, `"lambda:UpdateFunctionCode"`, `"lightsail:Create*"`, `"lightsail:Delete*"`, `"lightsail:DownloadDefaultKeyPair"`,
	`"lightsail:GetInstanceAccessDetails"`, `"lightsail:Start*"`, `"lightsail:Update*"`, `"organizations:CreateAccount"`, `"organizations:CreateOrganization"`,
	`"organizations:InviteAccountToOrganization"`, `"s3:DeleteBucket"`, `"s3:DeleteObject"`, `"s3:DeleteObjectVersion"`, `"s3:PutLifecycleConfiguration"`,
	`"s3:PutBucketAcl"`, `"s3:PutBucketOwnershipControls"`, `"s3:DeleteBucketPolicy"`, `"s3:ObjectOwnerOverrideToBucketOwner"`, `"s3:PutAccountPublicAccessBlock"`,
	`"s3:PutBucketPolicy"`, `"s3:ListAllMyBuckets"`,
}

func allow(actions ...string) string { return statement("Allow", actions) }

func deny(actions ...string) string { return statement("Deny", actions) }

func statement(effect string, actions []string) string {
	return statements(`{"Effect":"` + effect + `","Action":[` + strings.Join(actions, ",") + `],"Resource":"*"}`)
}

func statements(all ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`
}

// awsManaged is the policy of AWS's own whose ARN ends in suffix; nil: none that
// is known here.
func awsManaged(partition, suffix string) *policy {
	document, ok := awsPolicyDocuments[suffix]
	if !ok {
		return nil
	}
	slash := strings.LastIndexByte(suffix, '/') + 1
	created := time.Date(2015, 2, 6, 18, 39, 46, 0, time.UTC)
	return &policy{
		name: suffix[slash:], path: "/" + suffix[:slash], id: uniqueID("ANPA", hash("aws", suffix)),
		arn: "arn:" + partition + ":iam::aws:policy/" + suffix, created: created, updated: created,
		versions: []policyVersion{{id: "v1", document: document, standard: true, created: created}},
	}
}

// awsPolicies lists AWS's own policies in the order of ARNs.
func awsPolicies(partition string) []*policy {
	var all []*policy
	for _, suffix := range slices.Sorted(maps.Keys(awsPolicyDocuments)) {
		all = append(all, awsManaged(partition, suffix))
	}
	return all
}
