package migrate

import (
	"regexp"
	"strings"
)

// Exception is an event whose IAM action isn't called what CloudTrail calls it.
type Exception struct {
	Source  string   // the first part of eventSource: "s3"
	Event   string   // eventName, without a version at its end
	Actions []string // none: the call needs no right
	Why     string   // empty: it is merely called otherwise
}

// serviceNames are services whose actions have another prefix than the address
// that CloudTrail names as eventSource. Source: endpointPrefix and signingName of
// the services' API models, and the Service Authorization Reference.
// https://docs.aws.amazon.com/service-authorization/latest/reference/
var serviceNames = map[string]string{
	"monitoring": "cloudwatch", "email": "ses", "tagging": "tag", "api.ecr": "ecr", "api.ecr-public": "ecr-public", "api.pricing": "pricing",
	"streams.dynamodb": "dynamodb", "s3-control": "s3", "api.sagemaker": "sagemaker", "runtime.sagemaker": "sagemaker",
	"appstream2": "appstream", "pinpoint": "mobiletargeting", "sms-voice.pinpoint": "sms-voice", "models.lex": "lex", "models-v2-lex": "lex",
	"runtime.lex": "lex", "runtime-v2-lex": "lex", "memory-db": "memorydb", "cloudhsmv2": "cloudhsm", "appconfigdata": "appconfig",
	"query.timestream": "timestream", "ingest.timestream": "timestream", "data.iotevents": "iotevents", "catalog.marketplace": "aws-marketplace",
	"metering.marketplace": "aws-marketplace", "entitlement.marketplace": "aws-marketplace", "session.qldb": "qldb", "api.detective": "detective",
	"api.mediatailor": "mediatailor", "migrationhub-config": "mgh", "servicecatalog-appregistry": "servicecatalog", "forecastquery": "forecast",
	"personalize-runtime": "personalize", "personalize-events": "personalize", "api.iotwireless": "iotwireless", "bedrock-runtime": "bedrock",
	"awsmobilehubservice": "mobilehub", "kinesisanalyticsv2": "kinesisanalytics",
}

// Exceptions are the events whose action has another name than the event.
func Exceptions() []Exception { return exceptions }

var exceptions = []Exception{
	{"s3", "ListBuckets", []string{"s3:ListAllMyBuckets"}, ""},
	{"s3", "ListObjects", []string{"s3:ListBucket"}, ""},
	{"s3", "ListObjectsV2", []string{"s3:ListBucket"}, ""},
	{"s3", "HeadBucket", []string{"s3:ListBucket"}, ""},
	{"s3", "ListObjectVersions", []string{"s3:ListBucketVersions"}, ""},
	{"s3", "ListMultipartUploads", []string{"s3:ListBucketMultipartUploads"}, ""},
	{"s3", "ListParts", []string{"s3:ListMultipartUploadParts"}, ""},
	{"s3", "HeadObject", []string{"s3:GetObject"}, ""},
	{"s3", "SelectObjectContent", []string{"s3:GetObject"}, ""},
	{"s3", "CreateMultipartUpload", []string{"s3:PutObject"}, ""},
	{"s3", "UploadPart", []string{"s3:PutObject"}, ""},
	{"s3", "CompleteMultipartUpload", []string{"s3:PutObject"}, ""},
	{"s3", "CopyObject", []string{"s3:GetObject", "s3:PutObject"}, "it reads one object and writes another"},
	{"s3", "UploadPartCopy", []string{"s3:GetObject", "s3:PutObject"}, "it reads one object and writes another"},
	{"s3", "DeleteObjects", []string{"s3:DeleteObject"}, ""},
	{"s3", "GetBucketLifecycle", []string{"s3:GetLifecycleConfiguration"}, ""},
	{"s3", "PutBucketLifecycle", []string{"s3:PutLifecycleConfiguration"}, ""},
	{"s3", "DeleteBucketLifecycle", []string{"s3:PutLifecycleConfiguration"}, ""},
	{"s3", "GetBucketReplication", []string{"s3:GetReplicationConfiguration"}, ""},
	{"s3", "PutBucketReplication", []string{"s3:PutReplicationConfiguration"}, ""},
	{"s3", "DeleteBucketReplication", []string{"s3:PutReplicationConfiguration"}, ""},
	{"s3", "GetBucketEncryption", []string{"s3:GetEncryptionConfiguration"}, ""},
	{"s3", "PutBucketEncryption", []string{"s3:PutEncryptionConfiguration"}, ""},
	{"s3", "DeleteBucketEncryption", []string{"s3:PutEncryptionConfiguration"}, ""},
	{"s3", "GetBucketCors", []string{"s3:GetBucketCORS"}, ""},
	{"s3", "PutBucketCors", []string{"s3:PutBucketCORS"}, ""},
	{"s3", "DeleteBucketCors", []string{"s3:PutBucketCORS"}, ""},
	{"s3", "DeleteBucketTagging", []string{"s3:PutBucketTagging"}, ""},
	{"s3", "GetPublicAccessBlock", []string{"s3:GetBucketPublicAccessBlock"}, ""},
	{"s3", "PutPublicAccessBlock", []string{"s3:PutBucketPublicAccessBlock"}, ""},
	{"s3", "DeletePublicAccessBlock", []string{"s3:PutBucketPublicAccessBlock"}, ""},
	{"s3", "DeleteBucketPublicAccessBlock", []string{"s3:PutBucketPublicAccessBlock"}, ""},
	{"s3", "GetObjectLockConfiguration", []string{"s3:GetBucketObjectLockConfiguration"}, ""},
	{"s3", "PutObjectLockConfiguration", []string{"s3:PutBucketObjectLockConfiguration"}, ""},
	{"s3", "GetBucketInventoryConfiguration", []string{"s3:GetInventoryConfiguration"}, ""},
	{"s3", "GetBucketMetricsConfiguration", []string{"s3:GetMetricsConfiguration"}, ""},
	{"s3", "GetBucketAnalyticsConfiguration", []string{"s3:GetAnalyticsConfiguration"}, ""},
	{"s3", "GetBucketAccelerateConfiguration", []string{"s3:GetAccelerateConfiguration"}, ""},
	{"s3", "PutBucketAccelerateConfiguration", []string{"s3:PutAccelerateConfiguration"}, ""},
	{"s3", "GetBucketNotificationConfiguration", []string{"s3:GetBucketNotification"}, ""},
	{"s3", "PutBucketNotificationConfiguration", []string{"s3:PutBucketNotification"}, ""},
	{"lambda", "Invoke", []string{"lambda:InvokeFunction"}, ""},
	{"lambda", "InvokeAsync", []string{"lambda:InvokeFunction"}, ""},
	{"lambda", "InvokeWithResponseStream", []string{"lambda:InvokeFunction"}, ""},
	{"sqs", "SendMessageBatch", []string{"sqs:SendMessage"}, ""},
	{"sqs", "DeleteMessageBatch", []string{"sqs:DeleteMessage"}, ""},
	{"sqs", "ChangeMessageVisibilityBatch", []string{"sqs:ChangeMessageVisibility"}, ""},
	{"sns", "PublishBatch", []string{"sns:Publish"}, ""},
	{"bedrock", "Converse", []string{"bedrock:InvokeModel"}, ""},
	{"bedrock", "ConverseStream", []string{"bedrock:InvokeModelWithResponseStream"}, ""},
	{"sts", "GetCallerIdentity", nil, "it needs no right"},
	{"sts", "GetSessionToken", nil, "a role's session can't call it, and needn't: it is temporary itself"},
	{"sts", "GetFederationToken", nil, "a role's session can't call it: assume another role instead"},
	{"signin", "ConsoleLogin", nil, "it needs no right"},
	{"kms", "ReEncrypt", []string{"kms:ReEncryptFrom", "kms:ReEncryptTo"}, "it is asked of both keys"},
}

// gatewayVerbs: API Gateway's actions are the verbs of HTTP.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
var gatewayVerbs = []struct{ begins, verb string }{
	{"Get", "GET"}, {"Create", "POST"}, {"Import", "POST"}, {"Generate", "POST"}, {"Test", "POST"}, {"Flush", "DELETE"}, {"Put", "PUT"}, {"Tag", "PUT"}, {"Update", "PATCH"}, {"Delete", "DELETE"}, {"Untag", "DELETE"},
}

// datedName is what Lambda and CloudFront append to their events' names:
// UpdateFunctionCode20150331v2, CreateInvalidation2020_05_31.
var datedName = regexp.MustCompile(`\d{4}_?\d{2}_?\d{2}(v\d+)?$`)

// passers are the actions that hand a role to a service, which needs
// iam:PassRole, of which CloudTrail has no event.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
var passers = map[string]bool{
	"ec2:RunInstances": true, "ec2:AssociateIamInstanceProfile": true, "ec2:CreateLaunchTemplate": true, "autoscaling:CreateLaunchConfiguration": true,
	"lambda:CreateFunction": true, "lambda:UpdateFunctionConfiguration": true, "ecs:RegisterTaskDefinition": true, "ecs:RunTask": true, "ecs:CreateService": true,
	"ecs:UpdateService": true, "cloudformation:CreateStack": true, "cloudformation:UpdateStack": true, "cloudformation:CreateChangeSet": true,
	"states:CreateStateMachine": true, "states:UpdateStateMachine": true, "events:PutTargets": true, "scheduler:CreateSchedule": true, "glue:CreateJob": true,
	"codebuild:CreateProject": true, "codepipeline:CreatePipeline": true, "sagemaker:CreateTrainingJob": true, "sagemaker:CreateEndpoint": true,
	"eks:CreateCluster": true, "eks:CreateNodegroup": true, "rds:CreateDBInstance": true, "firehose:CreateDeliveryStream": true,
}

// Actions are the IAM actions that a call needed, as far as its name tells; why
// says what is special about it. A call that needs none has none.
func Actions(eventSource, eventName string) (actions []string, why string) {
	source := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(eventSource), ".cn"), ".amazonaws.com")
	name := eventName
	if source == "lambda" || source == "cloudfront" {
		name = datedName.ReplaceAllString(name, "")
	}
	for _, e := range exceptions {
		if e.Source == source && e.Event == name {
			return e.Actions, e.Why
		}
	}
	prefix := source
	if other, ok := serviceNames[source]; ok {
		prefix = other
	}
	if prefix == "apigateway" {
		return gatewayActions(name)
	}
	return []string{prefix + ":" + name}, ""
}

func gatewayActions(name string) ([]string, string) {
	for _, v := range gatewayVerbs {
		if strings.HasPrefix(name, v.begins) {
			return []string{"apigateway:" + v.verb}, "API Gateway's actions are verbs of HTTP"
		}
	}
	return []string{"apigateway:POST"}, "API Gateway's actions are verbs of HTTP"
}
