package fakeaws

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TopicSpec describes a topic of SNS.
type TopicSpec struct {
	Region string // empty: us-east-1
	Name   string // ends with .fifo: first in, first out
	Policy string // empty: SNS's default, by which the account itself may publish
	Tags   map[string]string
}

// Publication is a message that a topic took.
type Publication struct {
	Topic, Subject, Message, ID string
	At                          time.Time
}

// snsService is SNS: topics with their policies, and subscriptions.
// https://docs.aws.amazon.com/sns/latest/api/
func snsService() service {
	s := service{
		name: "sns", source: "sns.amazonaws.com", version: "2010-03-31", namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
		actions: map[string]action{
			"CreateTopic": {do: createTopic, needs: []string{"Name"}, tagging: "sns:TagResource", on: onNewTopic, asks: snsAsks(func(r *request) string {
				return onNewTopic(r).arn
			})},
			"Publish":                   {do: publish, needs: []string{"Message"}, asks: mayPublish},
			"ListTopics":                {do: listTopics, reads: true, asks: snsAsks(func(*request) string { return "*" })},
			"GetTopicAttributes":        {do: onTopic(getTopicAttributes), needs: []string{"TopicArn"}, reads: true},
			"SetTopicAttributes":        {do: onTopic(setTopicAttribute), needs: []string{"TopicArn", "AttributeName"}},
			"DeleteTopic":               {do: deleteTopic, needs: []string{"TopicArn"}},
			"ListTagsForResource":       {do: onTagged(listTopicTags), needs: []string{"ResourceArn"}, reads: true},
			"TagResource":               {do: onTagged(tagTopic), needs: []string{"ResourceArn", "Tags"}},
			"UntagResource":             {do: onTagged(untagTopic), needs: []string{"ResourceArn", "TagKeys"}},
			"Subscribe":                 {do: onTopic(subscribe), needs: []string{"TopicArn", "Protocol"}},
			"ConfirmSubscription":       {do: onTopic(confirmSubscription), needs: []string{"TopicArn", "Token"}},
			"ListSubscriptionsByTopic":  {do: onTopic(listSubscriptionsByTopic), needs: []string{"TopicArn"}, reads: true},
			"GetSubscriptionAttributes": {do: onSubscription(getSubscriptionAttributes), needs: []string{"SubscriptionArn"}, reads: true},
			"SetSubscriptionAttributes": {do: onSubscription(setSubscriptionAttribute), needs: []string{"SubscriptionArn", "AttributeName"}},
			"Unsubscribe":               {do: unsubscribe, needs: []string{"SubscriptionArn"}},
		},
	}
	for name, act := range s.actions {
		if act.asks == nil {
			act.asks = snsAsks(func(r *request) string {
				return cmp.Or(r.value("TopicArn"), r.value("ResourceArn"), topicOf(r.value("SubscriptionArn")), "*")
			})
			s.actions[name] = act
		}
	}
	return s
}

func onNewTopic(r *request) target {
	return target{arn: r.account.in(r.region).arn("sns", r.value("Name"))}
}

// snsAsks asks for the permission of the action's own name on a topic. SNS has
// a name of its own for a denial.
func snsAsks(on func(*request) string) func(*request) *apiError {
	return func(r *request) *apiError {
		return topicDenial(r.permit("sns:"+r.action, target{arn: on(r)}, r.account, "", false))
	}
}

func topicDenial(err *apiError) *apiError {
	if err != nil && err.Code == "AccessDenied" {
		err.Code = "AuthorizationError"
	}
	return err
}

// topic is one of SNS.
type topic struct {
	home          *stores
	name          string
	attributes    map[string]string // those that were set
	tags          map[string]string
	subscriptions []*subscription
	left          int // how many subscriptions are gone
}

func (s *stores) newTopic(name string) *topic {
	t := &topic{home: s, name: name, attributes: map[string]string{}, tags: map[string]string{}}
	s.topics[name] = t
	return t
}

func (t *topic) arn() string { return t.home.arn("sns", t.name) }

// policy is what was set, or SNS's default.
// https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
func (t *topic) policy() string {
	return cmp.Or(t.attributes["Policy"], `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID",`+
		`"Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission",`+
		`"SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"`+t.arn()+
		`","Condition":{"StringEquals":{"AWS:SourceOwner":"`+t.home.account.id+`"}}}]}`)
}

// Published are the messages that an account's topics of a region took, oldest
// first.
func (a *AWS) Published(account, region string) []Publication {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct := a.accountByID(account)
	if acct == nil {
		return nil
	}
	a.settle(a.clock.now())
	return slices.Clone(acct.in(region).published)
}

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}(\.fifo)?$`)

func errInvalidParameter(what string) *apiError {
	return &apiError{Status: 400, Code: "InvalidParameter", Message: "Invalid parameter: " + what}
}

func errNoTopic() *apiError {
	return &apiError{Status: 404, Code: "NotFound", Message: "Topic does not exist"}
}

// onTopic finds the topic that a call names.
func onTopic(do func(*request, *topic) (any, *apiError)) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		t, err := r.topic(r.value("TopicArn"))
		if err != nil {
			return nil, err
		}
		return do(r, t)
	}
}

func (r *request) topic(text string) (*topic, *apiError) {
	arn, ok := parseARN(text)
	if !ok || arn.service != "sns" || arn.region != r.region {
		return nil, errInvalidParameter("TopicArn")
	}
	t := r.account.in(r.region).topics[arn.resource]
	if t == nil || arn.account != r.account.id {
		return nil, errNoTopic()
	}
	return t, nil
}

// onTagged is onTopic for the calls on tags, which have an error of their own.
func onTagged(do func(*request, *topic) (any, *apiError)) func(*request) (any, *apiError) {
	return func(r *request) (any, *apiError) {
		t, err := r.topic(r.value("ResourceArn"))
		if err != nil {
			return nil, &apiError{Status: 404, Code: "ResourceNotFound", Message: "Resource does not exist"}
		}
		return do(r, t)
	}
}

// createTopic gives back the topic there is, if there is one and nothing about
// it is asked for otherwise.
func createTopic(r *request) (any, *apiError) {
	name := r.value("Name")
	if !topicName.MatchString(name) {
		return nil, errInvalidParameter("Topic Name")
	}
	attributes, tags := r.entries("Attributes"), tagMap(r.tags())
	home := r.account.in(r.region)
	t := home.topics[name]
	if t == nil {
		t = home.newTopic(name)
		t.attributes, t.tags = attributes, tags
		return struct{ TopicArn string }{t.arn()}, nil
	}
	for key, value := range attributes {
		if t.attributes[key] != value {
			return nil, errInvalidParameter("Attributes Reason: Topic already exists with different attributes")
		}
	}
	for key, value := range tags {
		if has, ok := t.tags[key]; !ok || has != value {
			return nil, errInvalidParameter("Tags Reason: Topic already exists with different tags")
		}
	}
	return struct{ TopicArn string }{t.arn()}, nil
}

// entries is a parameter of the form Name.entry.1.key, Name.entry.1.value, ….
func (r *request) entries(name string) map[string]string {
	m := map[string]string{}
	for i := 1; ; i++ {
		at := name + ".entry." + strconv.Itoa(i)
		if !r.form.Has(at + ".key") {
			return m
		}
		m[r.form.Get(at+".key")] = r.form.Get(at + ".value")
	}
}

// effectiveDelivery is what SNS says where no delivery policy was set.
const effectiveDelivery = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,` +
	`"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},` +
	`"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

type attributesAnswer struct{ Attributes map[string]string }

func getTopicAttributes(_ *request, t *topic) (any, *apiError) {
	confirmed := 0
	for _, s := range t.subscriptions {
		if s.confirmed {
			confirmed++
		}
	}
	all := map[string]string{
		"TopicArn": t.arn(), "Owner": t.home.account.id, "Policy": t.policy(), "DisplayName": "", "EffectiveDeliveryPolicy": effectiveDelivery,
		"SubscriptionsConfirmed": strconv.Itoa(confirmed), "SubscriptionsPending": strconv.Itoa(len(t.subscriptions) - confirmed),
		"SubscriptionsDeleted": strconv.Itoa(t.left),
	}
	maps.Copy(all, t.attributes)
	return attributesAnswer{all}, nil
}

func setTopicAttribute(r *request, t *topic) (any, *apiError) {
	name, value := r.value("AttributeName"), r.value("AttributeValue")
	if name == "Policy" && !r.aws.isPolicy(value) {
		return nil, errInvalidParameter("Policy Error: null")
	}
	if value == "" {
		delete(t.attributes, name)
	} else {
		t.attributes[name] = value
	}
	return nil, nil
}

// isPolicy reports whether a text is a policy with a statement.
func (a *AWS) isPolicy(text string) bool { return len(a.document(text).Statements) > 0 }

// deleteTopic takes a topic that is gone for done.
func deleteTopic(r *request) (any, *apiError) {
	t, err := r.topic(r.value("TopicArn"))
	if err == nil {
		delete(t.home.topics, t.name)
	} else if err.Code != "NotFound" {
		return nil, err
	}
	return nil, nil
}

// topicsPage is how many topics or subscriptions one answer has.
const topicsPage = 100

func listTopics(r *request) (any, *apiError) {
	type entry struct{ TopicArn string }
	home := r.account.in(r.region)
	var all []entry
	for _, name := range slices.Sorted(maps.Keys(home.topics)) {
		all = append(all, entry{home.topics[name].arn()})
	}
	page, next, ok := pageOf(r, all, r.value("NextToken"), topicsPage, func(e entry) string { return e.TopicArn })
	if !ok {
		return nil, errInvalidParameter("NextToken")
	}
	return struct {
		Topics    []entry
		NextToken string
	}{page, next}, nil
}

func listTopicTags(_ *request, t *topic) (any, *apiError) {
	return struct{ Tags []tag }{tagList(t.tags)}, nil
}

func tagTopic(r *request, t *topic) (any, *apiError) {
	maps.Copy(t.tags, tagMap(r.tags()))
	return struct{}{}, nil
}

func untagTopic(r *request, t *topic) (any, *apiError) {
	for _, key := range r.list("TagKeys") {
		delete(t.tags, key)
	}
	return struct{}{}, nil
}

func mayPublish(r *request) *apiError {
	return topicDenial(r.permit("sns:Publish", target{arn: cmp.Or(r.value("TopicArn"), r.value("TargetArn"), "*")}, r.account, "", false))
}

// maxPublication is SNS's limit of a message, in bytes.
const maxPublication = 262144

var snsSubject = regexp.MustCompile(`^[!-~][ -~]{0,99}$`)

func publish(r *request) (any, *apiError) {
	arn, ok := parseARN(cmp.Or(r.value("TopicArn"), r.value("TargetArn")))
	subject, message := r.value("Subject"), r.value("Message")
	home := r.account.in(r.region)
	switch {
	case !ok || arn.service != "sns":
		return nil, errInvalidParameter("TopicArn or TargetArn Reason: no value for required parameter")
	case arn.region != r.region:
		return nil, errInvalidParameter("TopicArn")
	case arn.account != r.account.id || home.topics[arn.resource] == nil:
		return nil, errNoTopic()
	case subject != "" && !snsSubject.MatchString(subject):
		return nil, errInvalidParameter("Subject")
	case message == "":
		return nil, errInvalidParameter("Empty message")
	case len(message) > maxPublication:
		return nil, errInvalidParameter("Message too long")
	}
	fifo := strings.HasSuffix(arn.resource, ".fifo")
	if fifo && (r.value("MessageGroupId") == "" || r.value("MessageDeduplicationId") == "") {
		return nil, errInvalidParameter("The MessageGroupId and MessageDeduplicationId parameters are required for FIFO topics")
	}
	p := Publication{Topic: arn.resource, Subject: subject, Message: message, ID: r.value("MessageDeduplicationId"), At: r.now}
	if !fifo || !home.repeats(p) {
		home.topics[arn.resource].take(p)
	}
	return struct{ MessageId string }{uuidOf(r.id, "message")}, nil
}

// repeats: a first-in-first-out topic takes a message once in five minutes.
func (s *stores) repeats(p Publication) bool {
	return slices.ContainsFunc(s.published, func(q Publication) bool {
		return q.Topic == p.Topic && q.ID == p.ID && p.At.Sub(q.At) < 5*time.Minute
	})
}
