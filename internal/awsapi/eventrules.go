package awsapi

import (
	"context"
)

// EventRule is a rule of EventBridge on the default bus, in the session's
// region.
type EventRule struct {
	Name, ARN, Description string
	Pattern                string // a JSON object
	Enabled                bool
}

// eventCall makes a call of EventBridge.
func (s *Session) eventCall(ctx context.Context, action string, in, out any) error {
	return s.fail("events:"+action, s.wireJSON(ctx, onBus(action, ""), in, out))
}

// EventRule is the rule of that name; false: there is none
// (events:DescribeRule).
func (s *Session) EventRule(ctx context.Context, name string) (EventRule, bool, error) {
	var out struct{ Name, Arn, Description, EventPattern, State string }
	err := s.eventCall(ctx, "DescribeRule", map[string]string{"Name": name}, &out)
	if refusedAs(err, "ResourceNotFound") {
		return EventRule{}, false, nil
	}
	return EventRule{out.Name, out.Arn, out.Description, out.EventPattern, out.State == "ENABLED"}, err == nil, err
}

// EventRuleTags are a rule's tags (events:ListTagsForResource).
func (s *Session) EventRuleTags(ctx context.Context, arn string) (map[string]string, error) {
	var out struct{ Tags []onWireTag }
	err := s.eventCall(ctx, "ListTagsForResource", map[string]string{"ResourceARN": arn}, &out)
	return tagsOffWire(out.Tags), err
}

// PutEventRule makes a rule, or changes it (events:PutRule, events:TagResource).
// tags are those of a rule that is made.
func (s *Session) PutEventRule(ctx context.Context, r EventRule, tags map[string]string) error {
	in := map[string]any{"Name": r.Name, "Description": r.Description, "EventPattern": r.Pattern, "State": "ENABLED"}
	if len(tags) > 0 {
		in["Tags"] = tagsOnWire(tags)
	}
	return s.eventCall(ctx, "PutRule", in, new(struct{}))
}

// DeleteEventRule deletes a rule that has no targets (events:DeleteRule).
func (s *Session) DeleteEventRule(ctx context.Context, name string) error {
	return s.eventCall(ctx, "DeleteRule", map[string]string{"Name": name}, new(struct{}))
}

// EventTarget is one to which a rule sends what it matches.
type EventTarget struct {
	ID, ARN string
	// Words is the text that is sent in place of the event; <name> in it is what
	// Paths has of the event. Empty: the event itself.
	Words string
	Paths map[string]string // name → $.detail.eventName
}

// targetOnWire is a target as EventBridge has it.
type targetOnWire struct {
	ID               string       `json:"Id"`
	ARN              string       `json:"Arn"`
	InputTransformer *transformer `json:",omitempty"`
}

type transformer struct {
	InputPathsMap map[string]string `json:",omitempty"`
	InputTemplate string
}

// EventTargets are the targets of a rule (events:ListTargetsByRule).
func (s *Session) EventTargets(ctx context.Context, rule string) ([]EventTarget, error) {
	var targets []EventTarget
	in := map[string]string{"Rule": rule}
	for {
		var out struct {
			Targets   []targetOnWire
			NextToken string
		}
		if err := s.eventCall(ctx, "ListTargetsByRule", in, &out); err != nil {
			return nil, err
		}
		for _, t := range out.Targets {
			one := EventTarget{ID: t.ID, ARN: t.ARN}
			if t.InputTransformer != nil {
				one.Words, one.Paths = t.InputTransformer.InputTemplate, t.InputTransformer.InputPathsMap
			}
			targets = append(targets, one)
		}
		switch out.NextToken {
		case "":
			return targets, nil
		case in["NextToken"]:
			return nil, s.fail("events:ListTargetsByRule", errCutOff)
		}
		in["NextToken"] = out.NextToken
	}
}

// PutEventTarget has a rule send what it matches to something (events:PutTargets).
func (s *Session) PutEventTarget(ctx context.Context, rule string, t EventTarget) error {
	one := targetOnWire{ID: t.ID, ARN: t.ARN}
	if t.Words != "" {
		one.InputTransformer = &transformer{t.Paths, t.Words}
	}
	var out targetsAnswer
	err := s.eventCall(ctx, "PutTargets", map[string]any{"Rule": rule, "Targets": []targetOnWire{one}}, &out)
	return s.entriesOf("events:PutTargets", out, err)
}

// RemoveEventTargets takes targets off a rule (events:RemoveTargets).
func (s *Session) RemoveEventTargets(ctx context.Context, rule string, ids []string) error {
	var out targetsAnswer
	err := s.eventCall(ctx, "RemoveTargets", map[string]any{"Rule": rule, "Ids": ids}, &out)
	return s.entriesOf("events:RemoveTargets", out, err)
}

// targetsAnswer says which targets were not taken.
type targetsAnswer struct {
	FailedEntryCount int
	FailedEntries    []struct{ ErrorCode, ErrorMessage string }
}

func (s *Session) entriesOf(call string, out targetsAnswer, err error) error {
	if err == nil && out.FailedEntryCount > 0 {
		return s.fail(call, entryRefused(out.FailedEntries))
	}
	return err
}
