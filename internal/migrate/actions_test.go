package migrate

import (
	"slices"
	"strings"
	"testing"
)

func TestActions(t *testing.T) {
	for _, c := range []struct{ source, name, want string }{
		{"ec2.amazonaws.com", "DescribeInstances", "ec2:DescribeInstances"},
		{"s3.amazonaws.com", "ListBuckets", "s3:ListAllMyBuckets"},
		{"s3.amazonaws.com", "HeadObject", "s3:GetObject"},
		{"s3.amazonaws.com", "CopyObject", "s3:GetObject s3:PutObject"},
		{"s3.amazonaws.com", "GetBucketLocation", "s3:GetBucketLocation"},
		{"lambda.amazonaws.com", "Invoke", "lambda:InvokeFunction"},
		{"lambda.amazonaws.com", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode"},
		{"lambda.amazonaws.com", "ListFunctions20150331", "lambda:ListFunctions"},
		{"cloudfront.amazonaws.com", "CreateInvalidation2020_05_31", "cloudfront:CreateInvalidation"},
		{"monitoring.amazonaws.com", "PutMetricData", "cloudwatch:PutMetricData"},
		{"email.amazonaws.com", "SendEmail", "ses:SendEmail"},
		{"apigateway.amazonaws.com", "GetRestApis", "apigateway:GET"},
		{"apigateway.amazonaws.com", "UpdateStage", "apigateway:PATCH"},
		{"sts.amazonaws.com", "GetCallerIdentity", ""},
		{"sts.amazonaws.com", "AssumeRole", "sts:AssumeRole"},
		{"ec2.amazonaws.com.cn", "DescribeInstances", "ec2:DescribeInstances"},
	} {
		got, _ := Actions(c.source, c.name)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %s: %v, want %s", c.source, c.name, got, c.want)
		}
	}
}

func TestExceptionsSayWhyACallNeedsNothing(t *testing.T) {
	var seen []string
	for _, e := range Exceptions() {
		if len(e.Actions) == 0 && e.Why == "" {
			t.Errorf("%s %s needs nothing, and doesn't say why", e.Source, e.Event)
		}
		if name := e.Source + " " + e.Event; slices.Contains(seen, name) {
			t.Errorf("%s is there twice", name)
		} else {
			seen = append(seen, name)
		}
	}
}
