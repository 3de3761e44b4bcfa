package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/iampolicy"
)

// mayPublish is the one setting of a topic.
const mayPublish = "CloudWatch and EventBridge may publish"

// topic is the topic with its subscriptions. One that was given is somebody's
// own: it is looked at, and left as it is.
func (s *Site) topic(ctx context.Context) error {
	s.Topic = s.options.Topic
	if s.Topic == "" {
		s.Topic = s.arn("sns", strings.TrimSuffix(Prefix, "-"))
	}
	policy, there, err := s.session.TopicPolicy(ctx, s.Topic)
	if err != nil {
		return err
	}
	t := &Thing{Kind: "topic", Name: s.Topic[strings.LastIndex(s.Topic, ":")+1:], About: "people are told by it", There: there, Want: []Setting{{mayPublish, "yes"}}}
	t.Have = []Setting{{mayPublish, s.publishers(policy)}}
	if there {
		tags, err := s.session.TopicTags(ctx, s.Topic)
		if err != nil {
			return err
		}
		t.Ours = ours(tags)
	}
	if s.options.Topic != "" {
		return s.given(t)
	}
	t.put = func(ctx context.Context) error { return s.putTopic(ctx) }
	t.drop = func(ctx context.Context) error { return s.session.DeleteTopic(ctx, s.Topic) }
	s.add(t)
	return s.subscriptions(ctx, t)
}

// given holds a topic that is somebody's own to what is needed of it.
func (s *Site) given(t *Thing) error {
	switch {
	case !t.There:
		return fmt.Errorf("topic %s: there is none in account %s, region %s", s.Topic, s.Account, s.Region)
	case t.Have[0].Value != "yes":
		t.Note = "its policy does not let " + t.Have[0].Value + " publish: add the statements " + strings.Join(s.statements(), ", ")
	}
	t.Reused, t.There = s.Topic, false
	s.add(t)
	return nil
}

// publisher is a service that publishes to the topic. EventBridge says of no
// message where it comes from: a statement with a condition never lets it publish.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
type publisher struct {
	sid, service string
	says         []string // condition keys
}

var publishersWanted = []publisher{
	{"KeytendMonitor", "cloudwatch.amazonaws.com", []string{"aws:SourceAccount"}},
	{"KeytendMonitorEvents", "events.amazonaws.com", nil},
}

// publishers is "yes" where a policy lets both services publish for this
// account, else who may not.
func (s *Site) publishers(text string) string {
	document, err := iampolicy.Parse(text)
	var missing []string
	for _, p := range publishersWanted {
		said := map[string][]string{}
		for _, key := range p.says {
			said[key] = []string{s.Account}
		}
		decision := iampolicy.Policies{Resource: &document, ResourceDecides: true}.Decide(iampolicy.Request{
			Caller: iampolicy.Caller{Service: p.service}, Action: "sns:Publish", Resource: s.Topic, ResourceAccount: s.Account, Context: said,
		})
		if err != nil || !decision.Allowed() {
			missing = append(missing, p.service)
		}
	}
	if len(missing) == 0 {
		return "yes"
	}
	return strings.Join(missing, ", ")
}

// statement lets one service publish, for this account where it says for whom.
func (s *Site) statement(p publisher) string {
	condition := ""
	for _, key := range p.says {
		condition = `,"Condition":{"StringEquals":{"` + key + `":"` + s.Account + `"}}`
	}
	return `{"Sid":"` + p.sid + `","Effect":"Allow","Principal":{"Service":"` + p.service + `"},"Action":"sns:Publish","Resource":"` + s.Topic + `"` + condition + `}`
}

func (s *Site) statements() []string {
	var all []string
	for _, p := range publishersWanted {
		all = append(all, s.statement(p))
	}
	return all
}

// putTopic makes the topic and adds what is missing to its policy; what others
// have added stays.
func (s *Site) putTopic(ctx context.Context) error {
	if _, err := s.session.CreateTopic(ctx, strings.TrimSuffix(Prefix, "-"), tags()); err != nil {
		return err
	}
	text, _, err := s.session.TopicPolicy(ctx, s.Topic)
	if err != nil || s.publishers(text) == "yes" {
		return err
	}
	more, err := s.withStatement(text)
	if err != nil {
		return err
	}
	return s.session.SetTopicPolicy(ctx, s.Topic, more)
}

func (s *Site) withStatement(text string) (string, error) {
	document := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return "", fmt.Errorf("read the policy of topic %s: %w", s.Topic, err)
	}
	var statements []json.RawMessage
	if err := json.Unmarshal(document["Statement"], &statements); err != nil {
		statements = []json.RawMessage{document["Statement"]} // one alone needs no list
	}
	statements = slices.DeleteFunc(statements, func(one json.RawMessage) bool {
		return slices.ContainsFunc(publishersWanted, func(p publisher) bool { return strings.Contains(string(one), `"`+p.sid+`"`) })
	})
	for _, text := range s.statements() {
		statements = append(statements, json.RawMessage(text))
	}
	list, err := json.Marshal(statements)
	if err != nil {
		return "", fmt.Errorf("write the policy of topic %s: %w", s.Topic, err)
	}
	document["Statement"] = list
	whole, err := json.Marshal(document)
	return string(whole), err
}

// subscriptions are the addresses that are told by our own topic. They go with
// it.
func (s *Site) subscriptions(ctx context.Context, topic *Thing) error {
	var there []awsapi.Subscription
	if topic.There {
		var err error
		if there, err = s.session.Subscriptions(ctx, s.Topic); err != nil {
			return err
		}
	}
	for _, mail := range s.options.Mail {
		i := slices.IndexFunc(there, func(sub awsapi.Subscription) bool { return sub.Protocol == "email" && sub.Endpoint == mail })
		t := &Thing{Kind: "subscription", Name: mail, About: "to the topic", There: i >= 0, Ours: topic.Ours}
		if i < 0 || !there[i].Confirmed {
			t.Note = "nothing is sent there before the link in AWS's mail is followed"
		}
		t.put = func(ctx context.Context) error { return s.session.Subscribe(ctx, s.Topic, mail) }
		s.add(t)
	}
	return nil
}
