package fakeaws

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// BusEvent is an event that a bus of EventBridge took.
type BusEvent struct {
	Bus, Source, DetailType, Detail string
	At                              time.Time
}

// eventbridgeService is EventBridge: buses, and rules that send events to functions
// of Lambda and topics of SNS.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/
func eventbridgeService() service {
	return service{
		name: "events", source: "events.amazonaws.com", protocol: json11, target: "AWSEvents",
		actions: map[string]action{
			"CreateEventBus": {do: createEventBus, on: func(r *request) target {
				in, _ := decode[struct{ Name string }](r)
				return target{arn: r.account.in(r.region).arn("events", "event-bus/"+in.Name)}
			}},
			"PutEvents": {do: putEvents, asks: mayPutEvents},
			"DescribeEventBus": {do: describeEventBus, reads: true, on: func(r *request) target {
				in, _ := decode[struct{ Name string }](r)
				return target{arn: r.account.in(r.region).arn("events", "event-bus/"+busEntry{EventBusName: in.Name}.bus())}
			}},
			"PutRule":             taggingToo("events:TagResource", onRule("PutRule", false, putRule)),
			"DescribeRule":        onRule("DescribeRule", true, describeRule),
			"DeleteRule":          onRule("DeleteRule", false, deleteRule),
			"EnableRule":          onRule("EnableRule", false, enableRule),
			"DisableRule":         onRule("DisableRule", false, disableRule),
			"ListRules":           {do: listRules, reads: true},
			"PutTargets":          onRule("PutTargets", false, putTargets),
			"RemoveTargets":       onRule("RemoveTargets", false, removeTargets),
			"ListTargetsByRule":   onRule("ListTargetsByRule", true, listTargets),
			"TagResource":         onTaggedEventRule(false, tagEventRule),
			"UntagResource":       onTaggedEventRule(false, untagEventRule),
			"ListTagsForResource": onTaggedEventRule(true, listEventRuleTags),
			"TestEventPattern":    {do: testEventPattern, reads: true},
		},
	}
}

// taggingToo is an action that asks for a second permission where it brings tags.
func taggingToo(permission string, act action) action {
	act.tagging = permission
	return act
}

// BusEvents are the events that an account's buses of a region took, oldest first.
func (a *AWS) BusEvents(account, region string) []BusEvent {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct := a.accountByID(account)
	if acct == nil {
		return nil
	}
	return slices.Clone(acct.in(region).events)
}

func createEventBus(r *request) (any, *apiError) {
	in, err := decode[struct{ Name string }](r)
	if err != nil {
		return nil, err
	}
	home := r.account.in(r.region)
	switch {
	case in.Name == "" || strings.Contains(in.Name, "/"):
		return nil, errValidation("Value '%s' at 'name' failed to satisfy constraint", in.Name)
	case home.buses[in.Name] || in.Name == "default":
		return nil, refusal("ResourceAlreadyExistsException", "Event bus %s already exists.", in.Name)
	}
	home.buses[in.Name] = true
	return struct{ EventBusArn string }{home.arn("events", "event-bus/"+in.Name)}, nil
}

type busEntry struct{ Source, DetailType, Detail, EventBusName string }

// bus is the name of the bus that an entry is for.
func (e busEntry) bus() string {
	return cmp.Or(e.EventBusName[strings.LastIndex(e.EventBusName, "/")+1:], "default")
}

func mayPutEvents(r *request) *apiError {
	in, err := decode[struct{ Entries []busEntry }](r)
	if err != nil {
		return err
	}
	for _, e := range in.Entries {
		on := target{arn: r.account.in(r.region).arn("events", "event-bus/"+e.bus()),
			context: map[string][]string{"events:source": {e.Source}, "events:detail-type": {e.DetailType}}}
		if err := r.permit("events:PutEvents", on, r.account, "", false); err != nil {
			return err
		}
	}
	return nil
}

// maxEntries is how many events one call takes, maxEntry how large all of them
// may be, in bytes.
const (
	maxEntries = 10
	maxEntry   = 262144
)

type busResult struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

func putEvents(r *request) (any, *apiError) {
	in, err := decode[struct{ Entries []busEntry }](r)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, e := range in.Entries {
		size += len(e.Source) + len(e.DetailType) + len(e.Detail)
	}
	switch {
	case len(in.Entries) < 1 || len(in.Entries) > maxEntries:
		return nil, errValidation("1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and 10")
	case size > maxEntry:
		return nil, errValidation("Total size of the entries in the request is over the limit.")
	}
	home := r.account.in(r.region)
	results, failed := []busResult{}, 0
	for i, e := range in.Entries {
		fault := home.fault(e)
		if fault.ErrorCode != "" {
			failed++
			results = append(results, fault)
			continue
		}
		if e.bus() == "default" || home.buses[e.bus()] { // any other takes it and drops it: see https://github.com/aws/aws-cli/issues/9186
			r.aws.emit(r.account, r.region, BusEvent{Bus: e.bus(), Source: e.Source, DetailType: e.DetailType, Detail: e.Detail, At: r.now})
		}
		results = append(results, busResult{EventID: uuidOf(r.id, "event", string(rune('0'+i)))})
	}
	return struct {
		FailedEntryCount int
		Entries          []busResult
	}{failed, results}, nil
}

// fault is why an entry is not taken. That a bus which isn't there is an
// InvalidArgument is the nearest of the codes that AWS lists; not verified.
func (s *stores) fault(e busEntry) busResult {
	switch {
	case e.Source == "" || e.DetailType == "" || e.Detail == "":
		return busResult{ErrorCode: "InvalidArgument", ErrorMessage: "Parameter is not valid. Reason: Source, DetailType and Detail are required arguments."}
	case strings.HasPrefix(e.Source, "aws."):
		return busResult{ErrorCode: "NotAuthorizedForSourceException", ErrorMessage: "Not authorized for the source."}
	case !json.Valid([]byte(e.Detail)) || !strings.HasPrefix(strings.TrimSpace(e.Detail), "{"):
		return busResult{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed."}
	}
	return busResult{}
}
