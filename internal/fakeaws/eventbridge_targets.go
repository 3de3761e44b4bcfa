package fakeaws

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

type ruleShape struct {
	Name, Arn          string
	EventPattern       string `json:",omitempty"`
	ScheduleExpression string `json:",omitempty"`
	State              string
	Description        string `json:",omitempty"`
	RoleArn            string `json:",omitempty"`
	EventBusName       string
}

func (rule *eventRule) shape() ruleShape {
	return ruleShape{rule.name, rule.arn(), rule.pattern, rule.schedule, rule.state, rule.description, rule.role, rule.bus}
}

func describeRule(_ *request, rule *eventRule, _ ruleRef) (any, *apiError) {
	return struct {
		ruleShape
		CreatedBy string
	}{rule.shape(), rule.home.account.id}, nil
}

// deleteRule wants a rule without targets.
func deleteRule(r *request, rule *eventRule, _ ruleRef) (any, *apiError) {
	if len(rule.targets) > 0 {
		return nil, errValidation("Rule can't be deleted since it has targets.")
	}
	r.aws.callOff(rule.next)
	delete(rule.home.eventRules, ruleKey{rule.bus, rule.name})
	return nil, nil
}

func enableRule(r *request, rule *eventRule, _ ruleRef) (any, *apiError) {
	if rule.state == "DISABLED" {
		rule.state = "ENABLED"
		r.aws.planRule(rule, r.now)
	}
	return nil, nil
}

func disableRule(r *request, rule *eventRule, _ ruleRef) (any, *apiError) {
	rule.state = "DISABLED"
	r.aws.callOff(rule.next)
	return nil, nil
}

type listRulesInput struct {
	NamePrefix, EventBusName, NextToken string
	Limit                               int
}

func listRules(r *request) (any, *apiError) {
	in, err := decode[listRulesInput](r)
	if err != nil {
		return nil, err
	}
	list, bus := []ruleShape{}, ruleRef{EventBusName: in.EventBusName}.bus()
	for key, rule := range r.account.in(r.region).eventRules {
		if key.bus == bus && strings.HasPrefix(key.name, in.NamePrefix) {
			list = append(list, rule.shape())
		}
	}
	slices.SortFunc(list, func(x, y ruleShape) int { return strings.Compare(x.Name, y.Name) })
	page, next, ok := pageOf(r, list, in.NextToken, cmp.Or(in.Limit, 100), func(s ruleShape) string { return s.Name })
	if !ok {
		return nil, errValidation("Token is not valid.")
	}
	return struct {
		Rules     []ruleShape
		NextToken string `json:",omitempty"`
	}{page, next}, nil
}

type putTargetsInput struct {
	ruleRef
	Targets []eventTarget
}

type failedTargets struct {
	FailedEntryCount int
	FailedEntries    []failedTarget
}

type failedTarget struct {
	TargetID                string `json:"TargetId"`
	ErrorCode, ErrorMessage string
}

// maxTargets is how many targets a rule has at most.
const maxTargets = 5

// putTargets adds targets, or replaces those of the same ID.
func putTargets(r *request, rule *eventRule, in putTargetsInput) (any, *apiError) {
	if len(in.Targets) == 0 {
		return nil, errValidation("1 validation error detected: Value '[]' at 'targets' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	targets := slices.Clone(rule.targets)
	for _, t := range in.Targets {
		if arn, ok := parseARN(t.Arn); !ok || arn.service == "" {
			return nil, errValidation("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.Arn)
		}
		if t.RoleArn != "" {
			if err := r.mayPass(t.RoleArn, "events.amazonaws.com"); err != nil {
				return nil, err
			}
		}
		targets = slices.DeleteFunc(targets, func(have eventTarget) bool { return have.ID == t.ID })
		targets = append(targets, t)
	}
	if len(targets) > maxTargets {
		return nil, refusal("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	rule.targets = targets
	return failedTargets{FailedEntries: []failedTarget{}}, nil
}

type removeTargetsInput struct {
	ruleRef
	IDs []string `json:"Ids"`
}

func removeTargets(_ *request, rule *eventRule, in removeTargetsInput) (any, *apiError) {
	out := failedTargets{FailedEntries: []failedTarget{}}
	for _, id := range in.IDs {
		before := len(rule.targets)
		rule.targets = slices.DeleteFunc(slices.Clone(rule.targets), func(t eventTarget) bool { return t.ID == id })
		if len(rule.targets) == before {
			out.FailedEntries = append(out.FailedEntries, failedTarget{id, "ResourceNotFoundException", "Target " + id + " does not exist."})
		}
	}
	out.FailedEntryCount = len(out.FailedEntries)
	return out, nil
}

func listTargets(_ *request, rule *eventRule, _ ruleRef) (any, *apiError) {
	return struct{ Targets []eventTarget }{append([]eventTarget{}, rule.targets...)}, nil
}

type taggedInput struct {
	ResourceARN string
	Tags        []tag
	TagKeys     []string
}

// onTaggedEventRule is a call about the tags of a rule, by its ARN.
func onTaggedEventRule(reads bool, do func(*eventRule, taggedInput) any) action {
	return action{
		reads: reads,
		on: func(r *request) target {
			in, _ := decode[taggedInput](r)
			return target{arn: in.ResourceARN}
		},
		do: func(r *request) (any, *apiError) {
			in, err := decode[taggedInput](r)
			if err != nil {
				return nil, err
			}
			for _, rule := range r.account.in(r.region).eventRules {
				if rule.arn() == in.ResourceARN {
					return do(rule, in), nil
				}
			}
			return nil, refusal("ResourceNotFoundException", "Rule %s does not exist.", in.ResourceARN)
		},
	}
}

func tagEventRule(rule *eventRule, in taggedInput) any {
	rule.tags = copied(rule.tags)
	maps.Copy(rule.tags, tagMap(in.Tags))
	return struct{}{}
}

func untagEventRule(rule *eventRule, in taggedInput) any {
	for _, key := range in.TagKeys {
		delete(rule.tags, key)
	}
	return struct{}{}
}

func listEventRuleTags(rule *eventRule, _ taggedInput) any {
	return struct{ Tags []tag }{append([]tag{}, tagList(rule.tags)...)}
}

// testEventPattern says whether a pattern matches an event.
func testEventPattern(r *request) (any, *apiError) {
	in, err := decode[struct{ EventPattern, Event string }](r)
	if err != nil {
		return nil, err
	}
	pattern, err := parsePattern(in.EventPattern)
	if err != nil {
		return nil, err
	}
	return struct{ Result bool }{pattern.matches(eventTree([]byte(in.Event)))}, nil
}

// describeEventBus tells of a bus by name.
func describeEventBus(r *request) (any, *apiError) {
	in, err := decode[struct{ Name string }](r)
	if err != nil {
		return nil, err
	}
	home, name := r.account.in(r.region), busEntry{EventBusName: in.Name}.bus()
	if name != "default" && !home.buses[name] {
		return nil, refusal("ResourceNotFoundException", "Event bus %s does not exist.", name)
	}
	return struct{ Name, Arn string }{name, home.arn("events", "event-bus/"+name)}, nil
}
