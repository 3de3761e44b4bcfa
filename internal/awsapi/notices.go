package awsapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"
)

// Publish sends a message to a topic of SNS, in the region that its ARN names
// (sns:Publish). id lets first-in-first-out topics drop repeats; others take the
// message as often as it is sent.
func (s *Session) Publish(ctx context.Context, topic, subject, message, id string) error {
	form := url.Values{"TopicArn": {topic}, "Subject": {subject}, "Message": {message}}
	if strings.HasSuffix(topic, ".fifo") {
		form.Set("MessageGroupId", "keytend")
		form.Set("MessageDeduplicationId", id)
	}
	return s.topicCall(ctx, "Publish", regionOf(topic), form, nil)
}

// PutEvent puts an event on a bus of EventBridge, by its name or ARN
// (events:PutEvents). detail is a JSON object.
func (s *Session) PutEvent(ctx context.Context, bus, kind, detail string) error {
	type entry struct{ EventBusName, Source, DetailType, Detail string }
	var out struct {
		FailedEntryCount int
		Entries          []struct{ ErrorCode, ErrorMessage string }
	}
	err := s.wireJSON(ctx, wireCall{
		service: "EventBridge", host: "events", action: "PutEvents", region: regionOf(bus),
		header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"AWSEvents.PutEvents"}},
	}, struct{ Entries []entry }{[]entry{{bus, "keytend", kind, detail}}}, &out)
	if err == nil && out.FailedEntryCount > 0 {
		err = entryRefused(out.Entries)
	}
	return s.fail("events:PutEvents", err)
}

// entryRefused is why the one entry of a call was not taken.
func entryRefused(entries []struct{ ErrorCode, ErrorMessage string }) error {
	for _, e := range entries {
		if e.ErrorCode != "" {
			return &smithy.GenericAPIError{Code: e.ErrorCode, Message: e.ErrorMessage}
		}
	}
	return &smithy.GenericAPIError{Code: "InternalFailure", Message: "the event was not taken"}
}

// regionOf is the region in an ARN; empty where there is none.
func regionOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[3]
	}
	return ""
}
