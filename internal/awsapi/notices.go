package awsapi

import (
	"context"
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
// (events:PutEvents). detail is a JSON object. EventBridge takes events for a bus
// that there is not, and drops them: so a bus of the session's own account is
// looked for first (events:DescribeEventBus). One of another account can't be.
// https://github.com/aws/aws-cli/issues/9186
func (s *Session) PutEvent(ctx context.Context, bus, kind, detail string) error {
	if err := s.findBus(ctx, bus); err != nil {
		return err
	}
	type entry struct{ EventBusName, Source, DetailType, Detail string }
	var out struct {
		FailedEntryCount int
		Entries          []struct{ ErrorCode, ErrorMessage string }
	}
	err := s.wireJSON(ctx, onBus("PutEvents", bus), struct{ Entries []entry }{[]entry{{bus, "keytend", kind, detail}}}, &out)
	if err == nil && out.FailedEntryCount > 0 {
		err = entryRefused(out.Entries)
	}
	return s.fail("events:PutEvents", err)
}

// onBus is a call of EventBridge, in the region that a bus's ARN names.
func onBus(action, bus string) wireCall {
	return wireCall{service: "EventBridge", host: "events", target: "AWSEvents", action: action, region: regionOf(bus)}
}

// findBus finds a bus of the session's account.
func (s *Session) findBus(ctx context.Context, bus string) error {
	who, err := s.Identity(ctx)
	if err != nil {
		return err
	}
	if parts := strings.SplitN(bus, ":", 6); len(parts) == 6 && parts[4] != who.Account {
		return nil
	}
	var out struct{ Arn string }
	return s.fail("events:DescribeEventBus", s.wireJSON(ctx, onBus("DescribeEventBus", bus), struct{ Name string }{bus}, &out))
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
