package awsapi

import (
	"context"
	"net/url"
)

// topicCall makes a call of SNS. Empty region: the session's.
func (s *Session) topicCall(ctx context.Context, action, region string, form url.Values, out any) error {
	return s.fail("sns:"+action, s.wireForm(ctx, wireCall{service: "SNS", host: "sns", action: action, region: region}, "2010-03-31", form, out))
}

// CreateTopic makes a topic of SNS in the session's region, with tags, and
// returns its ARN (sns:CreateTopic, sns:TagResource).
func (s *Session) CreateTopic(ctx context.Context, name string, tags map[string]string) (string, error) {
	form := url.Values{"Name": {name}}
	tagsInForm(form, tags)
	var out struct {
		ARN string `xml:"CreateTopicResult>TopicArn"`
	}
	err := s.topicCall(ctx, "CreateTopic", "", form, &out)
	return out.ARN, err
}

// DeleteTopic deletes a topic with its subscriptions (sns:DeleteTopic).
func (s *Session) DeleteTopic(ctx context.Context, arn string) error {
	return s.topicCall(ctx, "DeleteTopic", regionOf(arn), url.Values{"TopicArn": {arn}}, nil)
}

// TopicPolicy is a topic's policy; false: there is no such topic
// (sns:GetTopicAttributes).
func (s *Session) TopicPolicy(ctx context.Context, arn string) (policy string, found bool, err error) {
	var out struct {
		Entries []struct {
			Key   string `xml:"key"`
			Value string `xml:"value"`
		} `xml:"GetTopicAttributesResult>Attributes>entry"`
	}
	err = s.topicCall(ctx, "GetTopicAttributes", regionOf(arn), url.Values{"TopicArn": {arn}}, &out)
	if refusedAs(err, "NotFound") {
		return "", false, nil
	}
	for _, e := range out.Entries {
		if e.Key == "Policy" {
			policy = e.Value
		}
	}
	return policy, err == nil, err
}

// SetTopicPolicy replaces a topic's policy (sns:SetTopicAttributes).
func (s *Session) SetTopicPolicy(ctx context.Context, arn, policy string) error {
	return s.topicCall(ctx, "SetTopicAttributes", regionOf(arn), url.Values{"TopicArn": {arn}, "AttributeName": {"Policy"}, "AttributeValue": {policy}}, nil)
}

// TopicTags are a topic's tags (sns:ListTagsForResource).
func (s *Session) TopicTags(ctx context.Context, arn string) (map[string]string, error) {
	var out struct {
		Tags []onWireTag `xml:"ListTagsForResourceResult>Tags>member"`
	}
	err := s.topicCall(ctx, "ListTagsForResource", regionOf(arn), url.Values{"ResourceArn": {arn}}, &out)
	return tagsOffWire(out.Tags), err
}

// Subscription is one of a topic.
type Subscription struct {
	Protocol, Endpoint string
	Confirmed          bool
}

// Subscriptions are those of a topic (sns:ListSubscriptionsByTopic).
func (s *Session) Subscriptions(ctx context.Context, arn string) ([]Subscription, error) {
	var all []Subscription
	for last := ""; ; {
		var out struct {
			Members []struct{ SubscriptionArn, Protocol, Endpoint string } `xml:"ListSubscriptionsByTopicResult>Subscriptions>member"`
			Next    string                                                 `xml:"ListSubscriptionsByTopicResult>NextToken"`
		}
		form := url.Values{"TopicArn": {arn}}
		if last != "" {
			form.Set("NextToken", last)
		}
		if err := s.topicCall(ctx, "ListSubscriptionsByTopic", regionOf(arn), form, &out); err != nil {
			return nil, err
		}
		for _, m := range out.Members {
			all = append(all, Subscription{m.Protocol, m.Endpoint, m.SubscriptionArn != "PendingConfirmation"})
		}
		switch out.Next {
		case "":
			return all, nil
		case last:
			return nil, s.fail("sns:ListSubscriptionsByTopic", errCutOff)
		}
		last = out.Next
	}
}

// Subscribe has a topic's messages sent to a mail address, once whoever reads
// there has agreed (sns:Subscribe).
func (s *Session) Subscribe(ctx context.Context, arn, mail string) error {
	return s.topicCall(ctx, "Subscribe", regionOf(arn), url.Values{"TopicArn": {arn}, "Protocol": {"email"}, "Endpoint": {mail}}, nil)
}
