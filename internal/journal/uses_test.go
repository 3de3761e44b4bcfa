package journal

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/usage"
)

// What is kept of a stream comes back as it was; streams of one kind add up, and
// what different kinds tell, or different tables, may be the same events.
func TestUses(t *testing.T) {
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	const account, key = "123456789012", accesskey.ID("AKIAIOSFODNN7EXAMPLE")
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	place := usage.Place{Source: "192.0.2.1"}
	place.Agent.Family, place.Agent.Runtime, place.Agent.App = "boto", "lambda", "billing-export"
	use := func(region string, count int64) usage.Use {
		return usage.Use{
			Place: place,
			What:  usage.What{Service: "ec2.amazonaws.com", Action: "DescribeInstances", Region: region},
			First: at.AddDate(0, 0, -3), Last: at, Count: count, Errors: 2, Denied: 1, Days: usage.DaysOf(at.AddDate(0, 0, -3), at),
			Resources: usage.Resources{"arn:aws:sns:us-east-1:123456789012:a", "arn:aws:sns:us-east-1:123456789012:b"}, Unnamed: 1,
		}
	}
	reading := usage.Reading{User: "worker", From: at.AddDate(0, 0, -90), To: at, Todo: []usage.Span{{From: at.AddDate(0, 0, -90), To: at.AddDate(0, 0, -30), Seen: []string{"e1"}}}}
	keep := func(via string, uses ...usage.Use) {
		if err := j.KeepReading(t.Context(), usage.Stream{Account: account, Key: key, Via: via}, reading, uses); err != nil {
			t.Fatal(err)
		}
	}
	keep("history us-east-1", use("us-east-1", 9))
	keep("history us-east-1", use("us-east-1", 5)) // in the place of what was
	keep("history eu-west-1", use("eu-west-1", 7))
	keep("logs s3://example-trail", use("us-east-1", 6))
	keep("athena logs.cloudtrail", use("us-east-1", 4))
	keep("lake 1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d", use("us-east-1", 3))
	keep("lake 2b3c4d5e-6f7a-8b9c-0d1e-2f3a4b5c6d7e", use("us-east-1", 5))

	gotReading, gotUses, err := j.Reading(t.Context(), usage.Stream{Account: account, Key: key, Via: "history us-east-1"})
	if diff := cmp.Diff(reading, gotReading) + cmp.Diff([]usage.Use{use("us-east-1", 5)}, gotUses); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if r, uses, err := j.Reading(t.Context(), usage.Stream{Account: account, Key: key, Via: "history ap-south-1"}); err != nil || !r.To.IsZero() || len(uses) > 0 {
		t.Error(r, uses, err)
	}
	all, err := j.Uses(t.Context(), account)
	if diff := cmp.Diff(map[accesskey.ID][]usage.Use{key: {use("eu-west-1", 7), use("us-east-1", 6)}}, all); err != nil || diff != "" {
		t.Error(err, diff)
	}
	streams, err := j.Streams(t.Context(), account, key)
	if err != nil || len(streams) != 6 || streams[5].Via != "logs s3://example-trail" {
		t.Error(streams, err)
	}
	users, err := j.UsersOfKeys(t.Context(), account)
	if diff := cmp.Diff(map[accesskey.ID]string{key: "worker"}, users); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if all, err := j.Uses(t.Context(), "210987654321"); err != nil || len(all) > 0 {
		t.Error(all, err)
	}
}
