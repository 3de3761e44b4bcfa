package population

import (
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// trailKeys is how many keys of an account leave events: enough to see what there
// is to see.
const trailKeys = 64

// LeaveTrail gives the account CloudTrail events of the last days by the Active
// keys that were used of late, as their last-used data has it: of these users, or,
// where none are named, of the first that have one.
func LeaveTrail(spec *fakeaws.AccountSpec, now time.Time, users ...string) {
	left := trailKeys
	for i, u := range spec.Users {
		if u.Name == Admin || len(users) > 0 && !slices.Contains(users, u.Name) {
			continue
		}
		for _, k := range u.Keys {
			if k.Status != "Active" || k.LastUsed == nil || now.Sub(k.LastUsed.At) > 60*day || left == 0 {
				continue
			}
			left--
			spec.Events = append(spec.Events, trailOf(habitOf(u.Name, i), k))
		}
	}
}

// trailHabit is a program, and where it runs.
type trailHabit struct {
	part   string // of the user's name; empty: any
	source string
	agent  string
}

// trailHabits are asked in this order; those for any name take turns.
var trailHabits = []trailHabit{
	{"github", "192.0.2.21", "aws-sdk-nodejs/2.1396.0 linux/v16.16.0 configure-aws-credentials-for-github-actions promise"},
	{"gitlab", "34.74.226.14", "aws-cli/2.15.0 Python/3.11.6 Linux/5.15.133+ docker/x86_64.amzn.2 prompt/off command/sts.get-caller-identity"},
	{"terraform", "18.192.1.9", "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/5.80.0 aws-sdk-go-v2/1.32.5 os/linux lang/go#1.23.3 tfc-agent/1.14.0"},
	{"ci", "3.228.39.90", "aws-cli/2.13.0 Python/3.11.4 Linux/5.15.0-1057-aws exe/x86_64.ubuntu.22 prompt/off command/sts.get-caller-identity"},
	{"backup", "203.0.113.5", "Boto3/1.24.0 Python/3.8.10 Linux/6.2.16-3-pve Botocore/1.27.0"},
	{"svc", "18.192.1.2", "Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#6.1 lang/python#3.13.0 exec-env/AWS_Lambda_python3.13"},
	{"", "198.51.100.7", "aws-cli/2.15.0 md/awscrt#0.19.19 ua/2.0 os/macos#23.1.0 md/arch#arm64 lang/python#3.11.6 md/command#sts.get-caller-identity"},
	{"", "18.192.1.3", "aws-sdk-go-v2/1.21.0 os/linux lang/go#1.20.7 exec-env/AWS_ECS_FARGATE"},
	{"", "203.0.113.80", "Boto3/1.26.165 Python/3.10.12 Linux/4.18.0-425.3.1.el8.x86_64 Botocore/1.29.165"},
	{"", "198.51.100.8", "aws-cli/2.28.1 ua/2.1 os/windows#10 lang/python#3.13.4"},
}

func habitOf(user string, turn int) trailHabit {
	var others []trailHabit
	for _, h := range trailHabits {
		if h.part == "" {
			others = append(others, h)
		} else if strings.Contains(user, h.part) {
			return h
		}
	}
	return others[turn%len(others)]
}

// trailCalls are management events of services by the names that last-used data
// has for them.
var trailCalls = map[string]string{
	"ec2": "DescribeInstances", "s3": "ListBuckets", "iam": "ListUsers", "dynamodb": "DescribeTable", "lambda": "ListFunctions20150331",
	"sqs": "GetQueueAttributes", "sns": "ListTopics", "ecs": "DescribeServices", "cloudformation": "DescribeStacks", "ecr": "DescribeRepositories",
	"secretsmanager": "ListSecrets", "kms": "ListKeys", "logs": "DescribeLogGroups", "rds": "DescribeDBInstances",
}

// trailOf is one call a day for ten days, up to the last use.
func trailOf(h trailHabit, k fakeaws.KeySpec) fakeaws.EventSpec {
	service, name := k.LastUsed.Service, trailCalls[k.LastUsed.Service]
	if name == "" {
		service, name = "sts", "GetCallerIdentity"
	}
	e := fakeaws.EventSpec{
		At: k.LastUsed.At, Days: min(10, 1+int(k.LastUsed.At.Sub(k.Created)/day)), Key: k.ID, Service: service + ".amazonaws.com", Name: name,
		Region: k.LastUsed.Region, Source: h.source, Agent: h.agent,
	}
	switch service {
	case "dynamodb":
		e.Parameters = map[string]any{"tableName": "jobs"}
	case "sqs":
		e.Parameters = map[string]any{"queueUrl": "https://sqs." + e.Region + ".amazonaws.com/" + AccountID(0) + "/jobs"}
	}
	return e
}
