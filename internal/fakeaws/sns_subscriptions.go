package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/iampolicy"
)

// Delivery is what a subscriber of a topic got: a message, or the question
// whether they want any.
type Delivery struct {
	Topic, Protocol, Endpoint, Subject, Message string
	At                                          time.Time
}

// subscription is one of a topic. People confirm theirs; AWS's own endpoints
// need no confirmation.
type subscription struct {
	topic              *topic
	id                 string
	protocol, endpoint string
	confirmed          bool
	token              string
	attributes         map[string]string
}

func (s *subscription) arn() string { return s.topic.arn() + ":" + s.id }

// topicOf is the topic's part of a subscription's ARN.
func topicOf(subscription string) string {
	if strings.Count(subscription, ":") != 6 {
		return ""
	}
	return subscription[:strings.LastIndexByte(subscription, ':')]
}

// Deliveries are what subscribers of an account's topics in a region got,
// oldest first.
func (a *AWS) Deliveries(account, region string) []Delivery {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct := a.accountByID(account)
	if acct == nil {
		return nil
	}
	a.settle(a.clock.now())
	return slices.Clone(acct.in(region).delivered)
}

// Confirm has somebody follow the link in each confirmation that was sent to
// an endpoint, and tells how many there were.
func (a *AWS) Confirm(account, region, endpoint string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct, n := a.accountByID(account), 0
	if acct == nil {
		return 0
	}
	for _, t := range acct.in(region).topics {
		for _, s := range t.subscriptions {
			if s.endpoint == endpoint && !s.confirmed {
				s.confirmed = true
				n++
			}
		}
	}
	return n
}

// take has a topic take a message, and hand it to whoever is subscribed.
func (t *topic) take(p Publication) {
	t.home.published = append(t.home.published, p)
	for _, s := range t.subscriptions {
		if s.confirmed {
			t.home.delivered = append(t.home.delivered, Delivery{t.name, s.protocol, s.endpoint, p.Subject, p.Message, p.At})
		}
	}
}

// publishAs is what a service of AWS (events.amazonaws.com) publishes on behalf
// of something of an account: source is its ARN. The topic's policy alone
// decides. By the default policy alarms may, and rules of EventBridge not: only
// the former are said to come from the owner. EventBridge says of nothing where
// it comes from: a statement with a condition never lets it publish.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
func (a *AWS) publishAs(service, topicARN, subject, message, source string, now time.Time) error {
	arn, _ := parseARN(topicARN)
	from, _ := parseARN(source)
	acct := a.accountByID(arn.account)
	if acct == nil || acct.in(arn.region).topics[arn.resource] == nil || arn.region != from.region {
		return fmt.Errorf("topic %s does not exist in %s", topicARN, from.region)
	}
	t := acct.in(arn.region).topics[arn.resource]
	doc := a.document(t.policy())
	question := iampolicy.Request{
		Caller: iampolicy.Caller{Service: service}, Action: "sns:Publish", Resource: topicARN, ResourceAccount: acct.id,
		Context: map[string][]string{"aws:SourceArn": {source}, "aws:SourceAccount": {from.account}},
	}
	switch service {
	case "cloudwatch.amazonaws.com":
		question.Context["aws:SourceOwner"] = []string{from.account}
	case "events.amazonaws.com":
		question.Context = nil
	}
	allowed := iampolicy.Policies{Resource: &doc, ResourceDecides: true}.Decide(question).Allowed()
	if !allowed && question.Context["aws:SourceOwner"] != nil { // the account itself, as the default policy names it
		question.Caller = iampolicy.Caller{Account: from.account, ARN: acct.arn("iam", "root")}
		allowed = iampolicy.Policies{Resource: &doc, ResourceDecides: true, Identity: []iampolicy.Document{iampolicy.FullAccess()}}.Decide(question).Allowed()
	}
	if !allowed {
		return fmt.Errorf("%s may not publish to %s by its policy", service, topicARN)
	}
	t.take(Publication{Topic: t.name, Subject: subject, Message: message, At: now})
	return nil
}

// confirmedAtOnce are the protocols whose endpoints are AWS's own.
var confirmedAtOnce = []string{"lambda", "sqs", "firehose", "sms", "application"}

func subscribe(r *request, t *topic) (any, *apiError) {
	protocol, endpoint := r.value("Protocol"), r.value("Endpoint")
	switch {
	case !slices.Contains(append([]string{"email", "email-json", "http", "https"}, confirmedAtOnce...), protocol):
		return nil, errInvalidParameter("Protocol Reason: unsupported protocol: " + protocol)
	case endpoint == "" || strings.HasPrefix(protocol, "email") && !strings.Contains(endpoint, "@"):
		return nil, errInvalidParameter("Email address")
	}
	s := t.subscribed(protocol, endpoint)
	if s == nil {
		s = &subscription{topic: t, id: uuidOf(t.arn(), protocol, endpoint), protocol: protocol, endpoint: endpoint,
			confirmed: slices.Contains(confirmedAtOnce, protocol), token: fmt.Sprintf("%064x", hash(t.arn(), protocol, endpoint)), attributes: map[string]string{}}
		t.subscriptions = append(t.subscriptions, s)
	}
	maps.Copy(s.attributes, r.entries("Attributes"))
	arn := s.arn()
	if !s.confirmed {
		t.home.delivered = append(t.home.delivered, Delivery{t.name, protocol, endpoint, "AWS Notification - Subscription Confirmation",
			"You have chosen to subscribe to the topic: " + t.arn(), r.now})
		if r.value("ReturnSubscriptionArn") != "true" {
			arn = "pending confirmation"
		}
	}
	return struct{ SubscriptionArn string }{arn}, nil
}

func (t *topic) subscribed(protocol, endpoint string) *subscription {
	for _, s := range t.subscriptions {
		if s.protocol == protocol && s.endpoint == endpoint {
			return s
		}
	}
	return nil
}

func confirmSubscription(r *request, t *topic) (any, *apiError) {
	for _, s := range t.subscriptions {
		if s.token == r.value("Token") {
			s.confirmed = true
			return struct{ SubscriptionArn string }{s.arn()}, nil
		}
	}
	return nil, errInvalidParameter("Token")
}

func listSubscriptionsByTopic(r *request, t *topic) (any, *apiError) {
	type entry struct{ SubscriptionArn, Owner, Protocol, Endpoint, TopicArn string }
	key := func(e entry) string { return e.Protocol + "\x00" + e.Endpoint }
	var all []entry
	for _, s := range t.subscriptions {
		arn := s.arn()
		if !s.confirmed {
			arn = "PendingConfirmation"
		}
		all = append(all, entry{arn, t.home.account.id, s.protocol, s.endpoint, t.arn()})
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(key(a), key(b)) })
	page, next, ok := pageOf(r, all, r.value("NextToken"), topicsPage, key)
	if !ok {
		return nil, errInvalidParameter("NextToken")
	}
	return struct {
		Subscriptions []entry
		NextToken     string
	}{page, next}, nil
}

func onSubscription(do func(*request, *subscription) (any, *apiError)) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		s, err := r.subscription()
		if err != nil {
			return nil, err
		}
		return do(r, s)
	}
}

func (r *request) subscription() (*subscription, *apiError) {
	arn := r.value("SubscriptionArn")
	t, err := r.topic(topicOf(arn))
	if err != nil && err.Code != "NotFound" {
		return nil, errInvalidParameter("SubscriptionArn Reason: An ARN must have at least 6 elements, not " + strconv.Itoa(1+strings.Count(arn, ":")))
	}
	if err == nil {
		for _, s := range t.subscriptions {
			if s.arn() == arn {
				return s, nil
			}
		}
	}
	return nil, &apiError{Status: 404, Code: "NotFound", Message: "Subscription does not exist"}
}

func getSubscriptionAttributes(r *request, s *subscription) (any, *apiError) {
	all := map[string]string{
		"SubscriptionArn": s.arn(), "TopicArn": s.topic.arn(), "Owner": r.account.id, "Protocol": s.protocol, "Endpoint": s.endpoint,
		"PendingConfirmation": strconv.FormatBool(!s.confirmed), "ConfirmationWasAuthenticated": strconv.FormatBool(s.confirmed),
		"RawMessageDelivery": "false", "SubscriptionPrincipal": r.caller.issuerARN(),
	}
	maps.Copy(all, s.attributes)
	return attributesAnswer{all}, nil
}

func setSubscriptionAttribute(r *request, s *subscription) (any, *apiError) {
	if value := r.value("AttributeValue"); value == "" {
		delete(s.attributes, r.value("AttributeName"))
	} else {
		s.attributes[r.value("AttributeName")] = value
	}
	return nil, nil
}

// unsubscribe takes a subscription that is gone for done, and refuses one that
// nobody has confirmed: it goes by itself after three days.
func unsubscribe(r *request) (any, *apiError) {
	s, err := r.subscription()
	switch {
	case err != nil && err.Code == "NotFound":
		return nil, nil
	case err != nil:
		return nil, err
	case !s.confirmed:
		return nil, errInvalidParameter("SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation")
	}
	s.topic.subscriptions = slices.DeleteFunc(s.topic.subscriptions, func(other *subscription) bool { return other == s })
	s.topic.left++
	return nil, nil
}
