package fakeaws

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// eventRule is a rule of a bus: by pattern, by schedule, or both.
type eventRule struct {
	home        *stores
	bus, name   string
	pattern     string
	parsed      eventPattern // nil: none
	schedule    string
	description string
	role        string
	state       string
	targets     []eventTarget
	tags        map[string]string
	next        *duty
}

// eventTarget is what a rule sends its events to.
type eventTarget struct {
	ID               string `json:"Id"`
	Arn              string
	RoleArn          string            `json:",omitempty"`
	Input            string            `json:",omitempty"`
	InputPath        string            `json:",omitempty"`
	InputTransformer *inputTransformer `json:",omitempty"`
	RetryPolicy      json.RawMessage   `json:",omitempty"`
	DeadLetterConfig json.RawMessage   `json:",omitempty"`
}

type inputTransformer struct {
	InputPathsMap map[string]string `json:",omitempty"`
	InputTemplate string
}

func (rule *eventRule) arn() string {
	if rule.bus == "default" {
		return rule.home.arn("events", "rule/"+rule.name)
	}
	return rule.home.arn("events", "rule/"+rule.bus+"/"+rule.name)
}

// ruleRef is how calls name a rule.
type ruleRef struct {
	Name         string
	Rule         string
	EventBusName string
}

func (in ruleRef) name() string { return cmp.Or(in.Name, in.Rule) }

func (in ruleRef) bus() string { return busEntry{EventBusName: in.EventBusName}.bus() }

// ruleKey finds a rule among those of all buses.
type ruleKey struct{ bus, name string }

func (r *request) rule(in ruleRef) *eventRule {
	return r.account.in(r.region).eventRules[ruleKey{in.bus(), in.name()}]
}

// onRule is a call about one rule.
func onRule[T interface{ ref() ruleRef }](name string, reads bool, do func(*request, *eventRule, T) (any, *apiError)) action {
	return action{
		reads: reads,
		on: func(r *request) target {
			in, _ := decode[T](r)
			like := eventRule{home: r.account.in(r.region), bus: in.ref().bus(), name: in.ref().name()}
			return target{arn: like.arn()}
		},
		permission: "events:" + name,
		do: func(r *request) (any, *apiError) {
			in, err := decode[T](r)
			if err != nil {
				return nil, err
			}
			rule := r.rule(in.ref())
			if rule == nil && name != "PutRule" {
				return nil, refusal("ResourceNotFoundException", "Rule %s does not exist on EventBus %s.", in.ref().name(), in.ref().bus())
			}
			return do(r, rule, in)
		},
	}
}

func (in ruleRef) ref() ruleRef { return in }

type putRuleInput struct {
	ruleRef
	ScheduleExpression string
	EventPattern       string
	State              string
	Description        string
	RoleArn            string
	Tags               []tag
}

var ruleName = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)

// putRule makes a rule, or replaces all of one but its targets and tags.
func putRule(r *request, rule *eventRule, in putRuleInput) (any, *apiError) {
	home := r.account.in(r.region)
	switch {
	case !ruleName.MatchString(in.name()):
		return nil, errValidation("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+", in.name())
	case in.bus() != "default" && !home.buses[in.bus()]:
		return nil, refusal("ResourceNotFoundException", "Event bus %s does not exist.", in.bus())
	case in.EventPattern == "" && in.ScheduleExpression == "":
		return nil, errValidation("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case in.ScheduleExpression != "" && in.bus() != "default":
		return nil, errValidation("ScheduleExpression is supported only on the default event bus.")
	}
	made := eventRule{home: home, bus: in.bus(), name: in.name(), pattern: in.EventPattern, schedule: in.ScheduleExpression,
		description: in.Description, role: in.RoleArn, state: cmp.Or(in.State, "ENABLED"), tags: tagMap(in.Tags)}
	if err := made.parse(); err != nil {
		return nil, err
	}
	if rule != nil {
		r.aws.callOff(rule.next)
		made.targets, made.tags = rule.targets, rule.tags
	} else {
		rule = &eventRule{}
		home.eventRules[ruleKey{made.bus, made.name}] = rule
	}
	*rule = made
	r.aws.planRule(rule, r.now)
	return struct{ RuleArn string }{rule.arn()}, nil
}

func (rule *eventRule) parse() *apiError {
	if rule.pattern != "" {
		parsed, err := parsePattern(rule.pattern)
		if err != nil {
			return err
		}
		rule.parsed = parsed
	}
	if rule.schedule != "" {
		if s, err := parseSchedule(rule.schedule, time.UTC); err != nil || !s.once.IsZero() {
			return errValidation("Parameter ScheduleExpression is not valid.")
		}
	}
	return nil
}

// planRule sets the next time of a rule with a schedule. A rate counts from when
// the rule was made or enabled.
func (a *AWS) planRule(rule *eventRule, after time.Time) {
	rule.next = nil
	s, err := parseSchedule(rule.schedule, time.UTC)
	if err != nil || rule.state == "DISABLED" {
		return
	}
	next := s.next(after)
	if next.IsZero() {
		return
	}
	rule.next = a.due(next, func(context.Context) {
		a.mu.Lock()
		defer a.mu.Unlock()
		e := BusEvent{Bus: "default", Source: "aws.events", DetailType: "Scheduled Event", Detail: "{}", At: next}
		a.serveTargets(rule, a.eventDocument(rule.home, e, rule.arn()))
		a.planRule(rule, next)
	})
}

// emit puts an event onto a bus of an account, whose rules send it on.
func (a *AWS) emit(acct *account, region string, e BusEvent) {
	home := acct.in(region)
	home.events = append(home.events, e)
	if len(home.eventRules) == 0 {
		return
	}
	document := a.eventDocument(home, e)
	tree := eventTree(document)
	for _, key := range slices.SortedFunc(maps.Keys(home.eventRules), func(x, y ruleKey) int { return cmp.Or(cmp.Compare(x.bus, y.bus), cmp.Compare(x.name, y.name)) }) {
		rule := home.eventRules[key]
		if rule.bus == e.Bus && rule.state != "DISABLED" && rule.parsed != nil && rule.parsed.matches(tree) {
			a.serveTargets(rule, document)
		}
	}
}

// eventDocument is an event as rules and targets see it.
// https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
func (a *AWS) eventDocument(home *stores, e BusEvent, resources ...string) []byte {
	if resources == nil {
		resources = []string{}
	}
	return jsonOf(struct {
		Version    string          `json:"version"`
		ID         string          `json:"id"`
		DetailType string          `json:"detail-type"`
		Source     string          `json:"source"`
		Account    string          `json:"account"`
		Time       string          `json:"time"`
		Region     string          `json:"region"`
		Resources  []string        `json:"resources"`
		Detail     json.RawMessage `json:"detail"`
	}{"0", requestID(a.random.next()), e.DetailType, e.Source, home.account.id, e.At.UTC().Format(time.RFC3339), home.region, resources, json.RawMessage(e.Detail)})
}

// serveTargets sends an event to every target that takes it by its own policy.
// What a target refuses is lost, as in AWS without a dead-letter queue.
func (a *AWS) serveTargets(rule *eventRule, document []byte) {
	now := a.clock.now()
	for _, t := range rule.targets {
		input := t.input(document)
		arn, _ := parseARN(t.Arn)
		switch arn.service {
		case "lambda":
			if f := a.functionByARN(t.Arn); f != nil && a.mayBeInvoked(f, "events.amazonaws.com", rule.arn(), rule.home.account.id) {
				a.invokeLater(f, input, now)
			}
		case "sns":
			_ = a.publishAs("events.amazonaws.com", t.Arn, "", string(input), rule.arn(), now) // refused: lost
		}
	}
}

// input is what the target gets of an event.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
func (t eventTarget) input(document []byte) []byte {
	switch {
	case t.Input != "":
		return []byte(t.Input)
	case t.InputPath != "":
		return jsonOf(atPath(eventTree(document), t.InputPath))
	case t.InputTransformer == nil:
		return document
	}
	text, tree := t.InputTransformer.InputTemplate, eventTree(document)
	for name, path := range t.InputTransformer.InputPathsMap {
		value := string(jsonOf(atPath(tree, path)))
		if inner, ok := strings.CutPrefix(value, `"`); ok {
			// a text is written without its quotes: inside a text as it is, else
			// the template has them itself
			value = strings.TrimSuffix(inner, `"`)
		}
		text = strings.ReplaceAll(text, "<"+name+">", value)
	}
	return []byte(text)
}

// atPath finds what a path such as $.detail.eventName names; nil: nothing.
func atPath(tree map[string]any, path string) any {
	var found any = tree
	for _, name := range strings.Split(strings.TrimPrefix(strings.TrimPrefix(path, "$"), "."), ".") {
		if name == "" {
			continue
		}
		object, ok := found.(map[string]any)
		if !ok {
			return nil
		}
		found = object[name]
	}
	return found
}
