package evidence

import (
	"fmt"
	"slices"
	"testing"
)

// What a call names is believed only where it is all that it is about.
func TestResourcesOfCalls(t *testing.T) {
	for _, c := range []struct {
		name, service, action, asked, listed string
		want                                 []string
	}{
		{"a bucket", "s3", "ListObjectsV2", `{"bucketName":"example","Host":"example.s3.amazonaws.com"}`, "", []string{"arn:aws:s3:::example"}},
		{"an object, as its bucket", "s3", "GetObject", `{"bucketName":"example","key":"a/b"}`, `[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::example/a/b"}]`, []string{"arn:aws:s3:::example"}},
		{"an access point's alias", "s3", "GetObject", `{"bucketName":"my-ap-aqfqprnstn7aefdfbarligizwgyfouse1a-s3alias"}`, "", nil},
		{"two buckets of which one is named", "s3", "CopyObject", `{"bucketName":"example"}`, "", nil},
		{"a table", "dynamodb", "DescribeTable", `{"tableName":"jobs"}`, "", []string{"arn:aws:dynamodb:eu-central-1:123456789012:table/jobs"}},
		{"an index of a table", "dynamodb", "Query", `{"tableName":"jobs","indexName":"due"}`, `[{"ARN":"arn:aws:dynamodb:eu-central-1:123456789012:table/jobs"}]`, []string{"arn:aws:dynamodb:eu-central-1:123456789012:table/jobs/index/due"}},
		{"several tables", "dynamodb", "BatchGetItem", `{"requestItems":{}}`, `[{"ARN":"arn:aws:dynamodb:eu-central-1:123456789012:table/a"},{"ARN":"arn:aws:dynamodb:eu-central-1:123456789012:table/b"}]`,
			[]string{"arn:aws:dynamodb:eu-central-1:123456789012:table/a", "arn:aws:dynamodb:eu-central-1:123456789012:table/b"}},
		{"a queue of another account", "sqs", "SendMessage", `{"queueUrl":"https://sqs.eu-central-1.amazonaws.com/210987654321/jobs"}`, "", []string{"arn:aws:sqs:eu-central-1:210987654321:jobs"}},
		{"a topic", "sns", "Publish", `{"topicArn":"arn:aws:sns:eu-central-1:123456789012:alarms"}`, "", []string{"arn:aws:sns:eu-central-1:123456789012:alarms"}},
		{"a message to a telephone", "sns", "Publish", `{"phoneNumber":"HIDDEN_DUE_TO_SECURITY_REASONS"}`, "", nil},
		{"a function's version, as the function", "lambda", "GetFunction20150331v2", `{"functionName":"arn:aws:lambda:eu-central-1:123456789012:function:jobs:7"}`, "", []string{"arn:aws:lambda:eu-central-1:123456789012:function:jobs"}},
		{"a key by its alias, which AWS resolves", "kms", "Decrypt", `{"keyId":"alias/app"}`, `[{"ARN":"arn:aws:kms:eu-central-1:123456789012:key/k1"}]`, []string{"arn:aws:kms:eu-central-1:123456789012:key/k1"}},
		{"a key by its alias", "kms", "DescribeKey", `{"keyId":"alias/app"}`, "", nil},
		{"a secret by its name", "secretsmanager", "GetSecretValue", `{"secretId":"db"}`, "", nil},
		{"a secret", "secretsmanager", "GetSecretValue", `{"secretId":"arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-a1B2c3"}`, "", []string{"arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-a1B2c3"}},
		{"a role", "sts", "AssumeRole", `{"roleArn":"arn:aws:iam::210987654321:role/app","roleSessionName":"x"}`, "", []string{"arn:aws:iam::210987654321:role/app"}},
		{"what isn't a name but a pattern", "dynamodb", "DescribeTable", `{"tableName":"*"}`, "", nil},
		{"no parameters", "dynamodb", "DescribeTable", `null`, "", nil},
		{"a service that isn't looked at", "ec2", "StartInstances", `{"instancesSet":{"items":[{"instanceId":"i-0example"}]}}`, "", nil},
	} {
		listed := ""
		if c.listed != "" {
			listed = `"resources":` + c.listed + `,`
		}
		record := fmt.Sprintf(`{"userIdentity":{"type":"IAMUser","accountId":"123456789012","accessKeyId":"AKIAIOSFODNN7EXAMPLE"},"eventTime":"2026-11-23T12:00:00Z",`+
			`"eventSource":"%s.amazonaws.com","eventName":"%s","awsRegion":"eu-central-1","requestParameters":%s,%s"eventID":"e1"}`, c.service, c.action, c.asked, listed)
		if e, _ := eventOf([]byte(record)); !slices.Equal(e.Resources, c.want) {
			t.Errorf("%s: %v, want %v", c.name, e.Resources, c.want)
		}
	}
}
