package evidence

import (
	"encoding/json"
	"regexp"
	"strings"
)

// subject is a call as far as it says what it is about.
type subject struct {
	service, action, region string // dynamodb.amazonaws.com, GetItem, eu-central-1
	account                 string // of the caller
	listed                  []byte // the record's resources
	asked                   []byte // its requestParameters
}

// naming is a parameter that names what a call is about; arn is "" where it can't
// be told.
type naming struct {
	service, parameter string
	arn                func(s subject, value string) string
}

// namings are the parameters that can be relied upon, in this order. What AWS
// lists as a record's resources is asked first.
// https://docs.aws.amazon.com/service-authorization/latest/reference/ (resource types)
var namings = []naming{
	{"s3", "bucketName", bucketARN},
	{"dynamodb", "tableName", tableARN},
	{"sqs", "queueUrl", queueARN},
	{"sqs", "queueName", func(s subject, name string) string { return s.arn("sqs", s.region, name) }},
	{"sns", "topicArn", as("sns", "")},
	{"lambda", "functionName", functionARN},
	{"sts", "roleArn", as("iam", "role/")},
	{"kms", "keyId", as("kms", "key/")},
	{"secretsmanager", "secretId", secretARN},
}

// resources are the ARNs of what a call was about, to be believed as all of it;
// nil: not told, or not all.
func (s subject) resources() []string {
	service, _, _ := strings.Cut(s.service, ".")
	if !named[service] || unreliable[service+":"+s.action] {
		return nil
	}
	var parameters map[string]json.RawMessage
	_ = json.Unmarshal(s.asked, &parameters) // null, or not understood: nothing is named
	found := s.listedOf(service)
	for _, n := range namings {
		if value := text(parameters[n.parameter]); len(found) == 0 && n.service == service && value != "" {
			if arn := n.arn(s, value); wellFormed.MatchString(arn) {
				found = append(found, arn)
			}
		}
	}
	if index := text(parameters["indexName"]); index != "" && service == "dynamodb" && len(found) == 1 {
		found[0] += "/index/" + index // which is asked for in the table's place
	}
	return found
}

// named are the services whose calls are looked at.
var named = func() map[string]bool {
	services := map[string]bool{}
	for _, n := range namings {
		services[n.service] = true
	}
	return services
}()

// unreliable are calls that name but one of the things that they are about.
var unreliable = map[string]bool{
	"s3:CopyObject": true, "s3:UploadPartCopy": true, "dynamodb:ExecuteStatement": true, "dynamodb:BatchExecuteStatement": true,
	"dynamodb:ExecuteTransaction": true, "kms:CreateAlias": true, "kms:UpdateAlias": true, "kms:DeleteAlias": true,
}

// wellFormed is an ARN that may stand in a policy as it is.
var wellFormed = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:[A-Za-z0-9_.:/=+,@-]+$`)

// listedOf are what AWS lists of a service; of an object in S3 its bucket, since
// objects come and go.
func (s subject) listedOf(service string) []string {
	var list []struct{ ARN string }
	if json.Unmarshal(s.listed, &list) != nil {
		return nil
	}
	of := map[string]string{"sts": "iam"}[service]
	if of == "" {
		of = service
	}
	var found []string
	for _, r := range list {
		parts := strings.SplitN(r.ARN, ":", 6)
		if len(parts) != 6 || parts[2] != of {
			continue
		}
		switch of {
		case "s3":
			r.ARN, _, _ = strings.Cut(r.ARN, "/")
		case "lambda":
			r.ARN = functionARN(s, r.ARN)
		}
		if !wellFormed.MatchString(r.ARN) {
			return nil
		}
		found = append(found, r.ARN)
	}
	return found
}

func text(value json.RawMessage) string {
	var s string
	_ = json.Unmarshal(value, &s) // "": it is no text
	return s
}

// arn is one in the caller's own account and partition.
func (s subject) arn(service, region, name string) string {
	return "arn:" + s.partition() + ":" + service + ":" + region + ":" + s.account + ":" + name
}

func (s subject) partition() string {
	switch {
	case strings.HasPrefix(s.region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(s.region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// as takes the parameter itself where it is an ARN of that kind.
func as(service, kind string) func(subject, string) string {
	return func(_ subject, value string) string {
		parts := strings.SplitN(value, ":", 6)
		if len(parts) == 6 && parts[0] == "arn" && parts[2] == service && strings.HasPrefix(parts[5], kind) {
			return value
		}
		return ""
	}
}

// bucketForm is a general purpose bucket's name; access points have aliases that
// look alike.
var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func bucketARN(s subject, name string) string {
	if !bucketForm.MatchString(name) || strings.HasSuffix(name, "-s3alias") || strings.Contains(name, "--") {
		return ""
	}
	return "arn:" + s.partition() + ":s3:::" + name
}

func tableARN(s subject, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return as("dynamodb", "table/")(s, name)
	}
	return s.arn("dynamodb", s.region, "table/"+name)
}

// queueARN: https://sqs.eu-central-1.amazonaws.com/123456789012/jobs.
func queueARN(s subject, url string) string {
	parts := strings.Split(url, "/")
	if len(parts) != 5 || len(parts[3]) != 12 {
		return ""
	}
	s.account = parts[3]
	return s.arn("sqs", s.region, parts[4])
}

// functionARN is the function itself, whatever version of it was meant.
func functionARN(s subject, name string) string {
	if parts := strings.Split(name, ":"); strings.HasPrefix(name, "arn:") && len(parts) >= 7 {
		return strings.Join(parts[:7], ":")
	}
	if strings.Contains(name, ":") {
		return ""
	}
	return s.arn("lambda", s.region, "function:"+name)
}

// wholeSecret is a secret's ARN with the six characters that AWS puts at its end.
var wholeSecret = regexp.MustCompile(`:secret:.+-[A-Za-z0-9]{6}$`)

func secretARN(s subject, id string) string {
	if !wholeSecret.MatchString(id) {
		return ""
	}
	return as("secretsmanager", "secret:")(s, id)
}
