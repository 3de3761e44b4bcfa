package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/iampolicy"
)

// Site is an account's region as it was found.
type Site struct {
	Account, Region string
	Recorder        awsapi.Recorder
	Rules           []awsapi.ConfigRule // all there are, whoever made them
	Topic           string              // ARN of the topic that people are told by
	Things          []*Thing

	partition string
	options   Options
	session   *awsapi.Session
}

// Survey reads what there is in the session's region and what is wanted of it.
// It changes nothing.
func Survey(ctx context.Context, session *awsapi.Session, o Options) (*Site, error) {
	identity, err := session.Identity(ctx)
	if err != nil {
		return nil, err
	}
	region, _ := session.Region()
	s := &Site{Account: identity.Account, Region: region, partition: identity.Partition, options: o, session: session}
	if s.Recorder, err = session.ConfigRecorder(ctx); err != nil {
		return nil, err
	}
	if s.Rules, err = session.ConfigRules(ctx); err != nil {
		return nil, err
	}
	for _, look := range []func(context.Context) error{s.topic, s.rules, s.alarms, s.events} {
		if err := look(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func tags() map[string]string { return map[string]string{tagKey: tagValue} }

func ours(tags map[string]string) bool { return tags[tagKey] == tagValue }

func (s *Site) add(t *Thing) { s.Things = append(s.Things, t) }

func (s *Site) arn(service, resource string) string {
	return "arn:" + s.partition + ":" + service + ":" + s.Region + ":" + s.Account + ":" + resource
}

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
		t.Note = "its policy does not let " + t.Have[0].Value + " publish: add the statement " + s.statement()
	}
	t.Reused, t.There = s.Topic, false
	s.add(t)
	return nil
}

// services are who publishes to the topic.
var services = []string{"cloudwatch.amazonaws.com", "events.amazonaws.com"}

// publishers is "yes" where a policy lets both services publish for this
// account, else who may not.
func (s *Site) publishers(text string) string {
	document, err := iampolicy.Parse(text)
	var missing []string
	for _, service := range services {
		decision := iampolicy.Policies{Resource: &document, ResourceDecides: true}.Decide(iampolicy.Request{
			Caller: iampolicy.Caller{Service: service}, Action: "sns:Publish", Resource: s.Topic, ResourceAccount: s.Account,
			Context: map[string][]string{"aws:SourceAccount": {s.Account}},
		})
		if err != nil || !decision.Allowed() {
			missing = append(missing, service)
		}
	}
	if len(missing) == 0 {
		return "yes"
	}
	return strings.Join(missing, ", ")
}

// statementID names our statement in a topic's policy.
const statementID = "KeytendMonitor"

func (s *Site) statement() string {
	return `{"Sid":"` + statementID + `","Effect":"Allow","Principal":{"Service":["` + strings.Join(services, `","`) + `"]},"Action":"sns:Publish","Resource":"` +
		s.Topic + `","Condition":{"StringEquals":{"aws:SourceAccount":"` + s.Account + `"}}}`
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
	statements = slices.DeleteFunc(statements, func(one json.RawMessage) bool { return strings.Contains(string(one), `"`+statementID+`"`) })
	list, err := json.Marshal(append(statements, json.RawMessage(s.statement())))
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

// rules are AWS Config's.
func (s *Site) rules(ctx context.Context) error {
	switch {
	case s.options.WithoutConfig:
		return nil
	case s.options.Organization:
		return s.organizationRules(ctx)
	}
	for _, want := range s.options.rulesOn() {
		name := Prefix + want.name
		t := &Thing{Kind: "AWS Config rule", Name: name, Want: []Setting{{"source", want.identifier}, {want.parameter, limitText(want.days)}}}
		t.Reused = s.sameRule(name, want)
		if i := slices.IndexFunc(s.Rules, func(r awsapi.ConfigRule) bool { return r.Name == name }); i >= 0 {
			tags, err := s.session.ConfigTags(ctx, s.Rules[i].ARN)
			if err != nil {
				return err
			}
			t.There, t.Ours = true, ours(tags)
			t.Have = []Setting{{"source", s.Rules[i].Identifier}, {want.parameter, limitOf(s.Rules[i], want.parameter)}}
		}
		rule := awsapi.ConfigRule{Name: name, Identifier: want.identifier, Description: madeHere, Parameters: want.parameters()}
		t.put = func(ctx context.Context) error { return s.session.PutConfigRule(ctx, rule, s.tagsOf(t)) }
		t.drop = func(ctx context.Context) error { return s.session.DeleteConfigRule(ctx, name) }
		s.add(t)
	}
	return nil
}

// tagsOf are the tags for what is made; what is there keeps its own.
func (s *Site) tagsOf(t *Thing) map[string]string {
	if t.There {
		return nil
	}
	return tags()
}

func limitText(days int) string {
	if days == 0 {
		return ""
	}
	return count(days, "day")
}

// limitOf is a rule's limit as it is set; empty: it is not set.
func limitOf(r awsapi.ConfigRule, parameter string) string {
	var set map[string]any
	if json.Unmarshal([]byte(r.Parameters), &set) != nil || set[parameter] == nil {
		return ""
	}
	var days int
	if _, err := fmt.Sscan(fmt.Sprint(set[parameter]), &days); err != nil {
		return fmt.Sprint(set[parameter])
	}
	return limitText(days)
}

// DaysOf is the limit of a rule in days, its default where none is set.
func DaysOf(r awsapi.ConfigRule) int {
	for _, parameter := range []string{"maxAccessKeyAge", "maxCredentialUsageAge"} {
		var days int
		if _, err := fmt.Sscan(limitOf(r, parameter), &days); err == nil {
			return days
		}
	}
	return standardLimit[r.Identifier]
}

// sameRule is somebody else's rule that does the same; empty: none.
func (s *Site) sameRule(own string, want ruleWanted) string {
	for _, r := range s.Rules {
		if r.Name != own && r.Active && r.Identifier == want.identifier && DaysOf(r) == want.days {
			return r.Name
		}
	}
	return ""
}

// organizationRules are AWS Config's in every account.
func (s *Site) organizationRules(ctx context.Context) error {
	there, err := s.session.OrganizationRules(ctx)
	if err != nil {
		return err
	}
	for _, want := range s.options.rulesOn() {
		name := Prefix + want.name
		t := &Thing{Kind: "AWS Config rule of the organization", Name: name, Want: []Setting{{"source", want.identifier}, {want.parameter, limitText(want.days)}}}
		if i := slices.IndexFunc(there, func(r awsapi.OrganizationRule) bool { return r.Name == name }); i >= 0 {
			t.There, t.Ours = true, strings.HasPrefix(there[i].Description, madeHere) // it has no tags
			t.Have = []Setting{{"source", there[i].Identifier}, {want.parameter, limitOf(awsapi.ConfigRule{Parameters: there[i].Parameters}, want.parameter)}}
		}
		rule := awsapi.OrganizationRule{Name: name, Identifier: want.identifier, Description: madeHere, Parameters: want.parameters()}
		t.put = func(ctx context.Context) error { return s.session.PutOrganizationRule(ctx, rule) }
		t.drop = func(ctx context.Context) error { return s.session.DeleteOrganizationRule(ctx, name) }
		s.add(t)
	}
	return nil
}

func (s *Site) alarms(ctx context.Context) error {
	there, err := s.session.Alarms(ctx, Prefix)
	if err != nil {
		return err
	}
	for _, want := range s.options.alarms(s.Topic) {
		t := &Thing{Kind: "alarm", Name: want.Name, About: want.Description, Want: alarmSettings(want)}
		if i := slices.IndexFunc(there, func(a awsapi.Alarm) bool { return a.Name == want.Name }); i >= 0 {
			tags, err := s.session.AlarmTags(ctx, there[i].ARN)
			if err != nil {
				return err
			}
			t.There, t.Ours, t.Have = true, ours(tags), alarmSettings(there[i])
			t.Note = fmt.Sprintf("%s since %s", there[i].State, stamp(there[i].Since))
		}
		t.put = func(ctx context.Context) error { return s.session.PutAlarm(ctx, want, s.tagsOf(t)) }
		t.drop = func(ctx context.Context) error { return s.session.DeleteAlarm(ctx, want.Name) }
		s.add(t)
	}
	return nil
}

// alarmSettings are what of an alarm can be otherwise than wanted.
func alarmSettings(a awsapi.Alarm) []Setting {
	metric := a.Metric
	for _, name := range slices.Sorted(maps.Keys(a.Dimensions)) {
		metric += " " + name + "=" + a.Dimensions[name]
	}
	comparison := map[string]string{"GreaterThanThreshold": ">", "LessThanThreshold": "<"}[a.Comparison]
	if comparison == "" {
		comparison = a.Comparison
	}
	actions := "on"
	if a.Silenced {
		actions = "off"
	}
	return []Setting{
		{"metric", a.Namespace + " " + metric}, {"if", a.Statistic + " " + comparison + " " + strconv.FormatFloat(a.Threshold, 'f', -1, 64)},
		{"in", fmt.Sprintf("%d of %d x %.0f minutes", a.Datapoints, a.Periods, a.Period.Minutes())}, {"missing data", a.Missing},
		{"tells", strings.Join(a.Actions, " ")}, {"tells of its end", strings.Join(a.OKActions, " ")}, {"actions", actions},
	}
}

// target is the ID of the one target of our event rules.
const target = "keytend"

// eventWanted is an event rule with what it tells in which words.
type eventWanted struct {
	awsapi.EventRule
	words string
	paths map[string]string
}

func (s *Site) events(ctx context.Context) error {
	wanted := []eventWanted{{
		awsapi.EventRule{
			Name: Prefix + "rotation-failed", Description: madeHere + " Tells of rotations by Secrets Manager that failed or were abandoned.",
			Pattern: `{"detail":{"eventName":["RotationFailed","RotationAbandoned"],"eventSource":["secretsmanager.amazonaws.com"]},"detail-type":["AWS Service Event via CloudTrail"],"source":["aws.secretsmanager"]}`,
		},
		`"Secrets Manager, account <account>, <region>, <time>: <event> of <secret>. See the log of its rotation function."`,
		map[string]string{"account": "$.account", "region": "$.region", "time": "$.time", "event": "$.detail.eventName", "secret": "$.detail.additionalEventData.SecretId"},
	}}
	if !s.options.WithoutConfig {
		wanted = append([]eventWanted{{
			awsapi.EventRule{Name: Prefix + "config-compliance", Description: madeHere + " Tells of what AWS Config's rules on access keys find.", Pattern: s.compliancePattern()},
			`"AWS Config, account <account>, <region>, <time>: <kind> <id> is <verdict> by rule <rule>. See keytend monitor status and keytend scan."`,
			map[string]string{"account": "$.detail.awsAccountId", "region": "$.region", "time": "$.time", "kind": "$.detail.resourceType", "id": "$.detail.resourceId",
				"verdict": "$.detail.newEvaluationResult.complianceType", "rule": "$.detail.configRuleName"},
		}}, wanted...)
	}
	for _, want := range wanted {
		if err := s.event(ctx, want); err != nil {
			return err
		}
	}
	return nil
}

// compliancePattern matches what the rules find from now on. Those of the
// organization are named anew in each account; here it hears of its own account
// alone.
func (s *Site) compliancePattern() string {
	var names []any
	for _, want := range s.options.rulesOn() {
		name := Prefix + want.name
		if s.options.Organization {
			names = append(names, map[string]string{"prefix": "OrgConfigRule-" + name})
			continue
		}
		same := s.sameRule(name, want)
		if has := slices.ContainsFunc(s.Rules, func(r awsapi.ConfigRule) bool { return r.Name == name }); !has && same != "" {
			name = same
		}
		names = append(names, name)
	}
	text, err := json.Marshal(map[string]any{
		"source": []string{"aws.config"}, "detail-type": []string{"Config Rules Compliance Change"},
		"detail": map[string]any{
			"messageType": []string{"ComplianceChangeNotification"}, "configRuleName": names,
			"newEvaluationResult": map[string]any{"complianceType": []string{"NON_COMPLIANT"}},
		},
	})
	if err != nil {
		panic(err) // texts always encode
	}
	return string(text)
}

func (s *Site) event(ctx context.Context, want eventWanted) error {
	tells := awsapi.EventTarget{ID: target, ARN: s.Topic, Words: want.words, Paths: want.paths}
	t := &Thing{Kind: "event rule", Name: want.Name, About: strings.TrimPrefix(want.Description, madeHere+" "),
		Want: append([]Setting{{"pattern", sorted(want.Pattern)}, {"state", "on"}}, targetSettings(tells)...)}
	has, there, err := s.session.EventRule(ctx, want.Name)
	if err != nil {
		return err
	}
	var told []awsapi.EventTarget // our own target, where it is there
	if there {
		if told, err = s.told(ctx, t, has); err != nil {
			return err
		}
	}
	t.put = func(ctx context.Context) error {
		if err := s.session.PutEventRule(ctx, want.EventRule, s.tagsOf(t)); err != nil {
			return err
		}
		return s.session.PutEventTarget(ctx, want.Name, tells)
	}
	t.drop = func(ctx context.Context) error {
		if len(told) > 0 {
			if err := s.session.RemoveEventTargets(ctx, want.Name, []string{target}); err != nil {
				return err
			}
		}
		return s.session.DeleteEventRule(ctx, want.Name)
	}
	s.add(t)
	return nil
}

// told reads how an event rule that is there stands, and its target that is
// ours.
func (s *Site) told(ctx context.Context, t *Thing, has awsapi.EventRule) ([]awsapi.EventTarget, error) {
	tags, err := s.session.EventRuleTags(ctx, has.ARN)
	if err != nil {
		return nil, err
	}
	targets, err := s.session.EventTargets(ctx, has.Name)
	if err != nil {
		return nil, err
	}
	targets = slices.DeleteFunc(targets, func(one awsapi.EventTarget) bool { return one.ID != target })
	state := map[bool]string{true: "on", false: "off"}[has.Enabled]
	t.There, t.Ours, t.Have = true, ours(tags), []Setting{{"pattern", sorted(has.Pattern)}, {"state", state}}
	for _, one := range append(targets, awsapi.EventTarget{})[:1] {
		t.Have = append(t.Have, targetSettings(one)...)
	}
	return targets, nil
}

func targetSettings(t awsapi.EventTarget) []Setting {
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(t.Paths)) {
		paths = append(paths, name+"="+t.Paths[name])
	}
	return []Setting{{"tells", t.ARN}, {"in the words", strings.TrimSpace(t.Words + " " + strings.Join(paths, " "))}}
}

// sorted is a JSON text in one form, whoever wrote it.
func sorted(text string) string {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	again, err := json.Marshal(value)
	if err != nil {
		return text
	}
	return string(again)
}
