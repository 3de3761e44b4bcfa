package usage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/network"
)

// Evidence is all that is known of one key's uses at one moment.
type Evidence struct {
	Account  string // twelve digits
	User     string
	Key      accesskey.ID
	LastUsed accesskey.Fact[accesskey.LastUse]
	From, To time.Time // the window that was asked for; UTC
	Uses     []Use
	Looked   []string // where was looked, a phrase each: "CloudTrail's event history in us-east-1"
	Unread   []Gap    // where could not be looked
	Lacks    []string // what a source that was read can't have, a sentence each
	DataSeen bool     // log files or a table were read that have data events of this key
	Network  network.Directory
}

// Gap is somewhere that could not be looked, or not all of the way.
type Gap struct {
	Where string `json:"where"` // CloudTrail's event history in eu-west-1
	Why   string `json:"why"`
}

// Answer is what a key's evidence comes to, in plain words.
type Answer struct {
	Head   string   // one sentence
	Places []string // one sentence a place, the latest used first
	Spots  []Spot
	Rest   string   // its rhythm; empty: not enough was seen
	Blind  []string // what could not be seen, and what that means
	Shared *Sharing // nil: nothing shows that it is
}

// Answer puts the evidence into words.
func (e Evidence) Answer() Answer {
	a := Answer{Spots: Spots(Since(e.Uses, e.From), e.Network)}
	for _, s := range a.Spots {
		a.Places = append(a.Places, s.Sentence(e.To))
	}
	a.Head, a.Rest, a.Blind = e.head(a.Spots), Rhythm(Since(e.Uses, e.From)), e.blind()
	a.Shared = Shared(a.Spots, e.To)
	return a
}

func (e Evidence) head(spots []Spot) string {
	others := slices.DeleteFunc(slices.Clone(spots), func(s Spot) bool { return s.Own() })
	last, known := e.LastUsed.Get()
	days := fmt.Sprintf("in the last %d days", int(e.To.Sub(e.From).Round(24*time.Hour)/(24*time.Hour)))
	switch {
	case len(others) == 1:
		return fmt.Sprintf("Key %s of %s was used in one place %s.", e.Key, e.User, days)
	case len(others) > 1:
		return fmt.Sprintf("Key %s of %s was used in %d places %s.", e.Key, e.User, len(others), days)
	case known && last.Never():
		return fmt.Sprintf("Key %s of %s was never used, as far as AWS knows.", e.Key, e.User)
	case known && last.At.Before(e.From):
		return fmt.Sprintf("Key %s of %s was not used %s: AWS knows of its last use, %s, for %s in %s.", e.Key, e.User, days, moment(last.At, e.To), last.Service, last.Region)
	case known:
		return fmt.Sprintf("Key %s of %s was used %s, for %s in %s, and nobody saw by what.", e.Key, e.User, moment(last.At, e.To), last.Service, last.Region)
	}
	return fmt.Sprintf("No use of key %s of %s was seen %s.", e.Key, e.User, days)
}

// Rhythm says on how many days there were uses, and the longest rest, without
// Keytend's proofs; empty: fewer than two days.
func Rhythm(uses []Use) string {
	var days Days
	for _, u := range uses {
		if !u.Own() {
			days = days.And(u.Days)
		}
	}
	if len(days) < 2 {
		return ""
	}
	text := fmt.Sprintf("It was used on %d days since %s", len(days), days.first().Format(time.DateOnly))
	if rest := days.Rest(); rest > 0 {
		return text + "; the longest rest between two of them was " + many(rest, "day") + "."
	}
	return text + ", without a day's rest between the first and the last."
}

// dataPlane are services, as last-used data names them, that are mostly called
// for data: CloudTrail's management events don't have such calls.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
var dataPlane = map[string]string{
	"s3": "reads and writes of S3 objects", "dynamodb": "reads and writes of DynamoDB items", "sqs": "messages of SQS", "sns": "messages of SNS",
	"lambda": "invocations of Lambda functions", "kinesis": "records of Kinesis", "firehose": "records of Firehose", "bedrock": "invocations of Bedrock's models",
	"bedrock-runtime": "invocations of Bedrock's models", "logs": "log events of CloudWatch Logs", "monitoring": "metrics of CloudWatch", "ses": "mail sent by SES",
	"email": "mail sent by SES", "execute-api": "calls of API Gateway's APIs", "es": "documents of OpenSearch", "aoss": "documents of OpenSearch", "cassandra": "rows of Keyspaces",
	"rds-db": "connections to databases", "appsync": "queries of AppSync", "iotdata": "messages of IoT", "ecr": "layers of ECR images", "codecommit": "Git of CodeCommit",
}

// dataActions are calls that are data events in CloudTrail: a source that has one
// has data events.
var dataActions = map[string]bool{
	"s3:GetObject": true, "s3:PutObject": true, "s3:HeadObject": true, "s3:DeleteObject": true, "s3:ListObjects": true,
	"dynamodb:GetItem": true, "dynamodb:PutItem": true, "dynamodb:Query": true, "dynamodb:Scan": true, "dynamodb:UpdateItem": true, "dynamodb:BatchGetItem": true, "dynamodb:BatchWriteItem": true,
	"lambda:Invoke": true, "sqs:SendMessage": true, "sqs:ReceiveMessage": true, "sns:Publish": true, "kinesis:PutRecord": true, "kinesis:PutRecords": true,
}

// Data reports whether a call is one of data, which event histories don't have.
func Data(w What) bool { return dataActions[short(w.Service)+":"+w.Action] }

// blind says what could not be seen.
func (e Evidence) blind() []string {
	var lines []string
	for _, gap := range e.Unread {
		lines = append(lines, fmt.Sprintf("Could not look at %s: %s.", gap.Where, strings.TrimSuffix(gap.Why, ".")))
	}
	lines = append(lines, e.Lacks...)
	last, known := e.LastUsed.Get()
	switch what, data := dataPlane[last.Service]; {
	case !known:
		lines = append(lines, "When it was last used is not known: "+e.LastUsed.Why()+".")
	case e.DataSeen || last.Never() || slices.ContainsFunc(e.Uses, func(u Use) bool { return Data(u.What) }):
	case data && !e.seen(last.Service):
		lines = append(lines, fmt.Sprintf("AWS says that it was last used for %s, %s: CloudTrail's management events don't show %s. A trail with data events does (--logs, --athena, --lake).",
			last.Service, moment(last.At, e.To), what))
	default:
		lines = append(lines, "Management events alone were seen: they don't show reads and writes of data, such as S3 objects and DynamoDB items.")
	}
	return append(lines, e.unsighted(last)...)
}

// unsighted: last-used data knows of a later use than was seen anywhere.
func (e Evidence) unsighted(last accesskey.LastUse) []string {
	if last.Never() || last.At.Before(e.From) || dataPlane[last.Service] != "" {
		return nil
	}
	for _, u := range e.Uses {
		if !u.Last.Before(last.At.Add(-time.Hour)) {
			return nil
		}
	}
	return []string{fmt.Sprintf("AWS says that it was last used %s, for %s in %s, which was not seen: look in that region too (--regions %s).",
		moment(last.At, e.To), last.Service, last.Region, last.Region)}
}

func (e Evidence) seen(service string) bool {
	return slices.ContainsFunc(e.Uses, func(u Use) bool { return short(u.Service) == service })
}
