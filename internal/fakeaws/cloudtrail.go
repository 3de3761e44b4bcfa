package fakeaws

import (
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// trailKept is how far back CloudTrail's event history reaches.
const trailKept = 90 * 24 * time.Hour

// cloudtrailService is CloudTrail's event history: the management events of
// one account and region, newest first; and Lake.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
func cloudtrailService() service {
	actions := lakeActions()
	actions["LookupEvents"] = action{do: lookupEvents, reads: true, rate: 2}
	return service{
		name:     "cloudtrail",
		source:   "cloudtrail.amazonaws.com",
		protocol: json11,
		target:   "CloudTrail_20131101",
		actions:  actions,
	}
}

type lookupInput struct {
	LookupAttributes []lookupAttribute
	StartTime        instant
	EndTime          instant
	EventCategory    string
	MaxResults       *int
	NextToken        string
}

type lookupAttribute struct{ AttributeKey, AttributeValue string }

type lookupOutput struct {
	Events    []lookedUpEvent
	NextToken string `json:",omitempty"`
}

type lookedUpEvent struct {
	EventID         string `json:"EventId"`
	EventName       string
	ReadOnly        string
	AccessKeyID     string `json:"AccessKeyId,omitempty"`
	EventTime       epoch
	EventSource     string
	Username        string `json:",omitempty"`
	Resources       []eventResource
	CloudTrailEvent string
}

func lookupEvents(r *request) (any, *apiError) {
	in, err := decode[lookupInput](r)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	next, err := in.start(r)
	if err != nil {
		return nil, err
	}
	out := lookupOutput{Events: []lookedUpEvent{}}
	if in.EventCategory == "insight" {
		return out, nil // nobody has switched Insights on
	}
	for next = range r.account.newestFirst(next, in.attribute()) {
		e := &r.account.events[next-1-r.account.dropped]
		if in.over(r, e) {
			break
		}
		if !in.wants(r, e) {
			continue
		}
		if len(out.Events) == in.limit() {
			out.NextToken = r.token(in.scope(r), strconv.Itoa(next))
			break
		}
		out.Events = append(out.Events, r.account.lookedUp(e))
	}
	return out, nil
}

// newestFirst are the numbers, counted from 1 and up to the given one, of events
// that may have the attribute.
func (acct *account) newestFirst(from int, a lookupAttribute) iter.Seq[int] {
	some := acct.index[a]
	if a.AttributeKey != "EventName" && a.AttributeKey != "AccessKeyId" {
		return func(yield func(int) bool) {
			for n := from; n > acct.dropped && yield(n); n-- {
			}
		}
	}
	i, found := slices.BinarySearch(some, from)
	if found {
		i++
	}
	return func(yield func(int) bool) {
		for i--; i >= 0 && yield(some[i]); i-- {
		}
	}
}

// file puts an event into the trail, where the commonest questions find it.
func (acct *account) file(e Event) {
	acct.events = append(acct.events, e)
	if acct.index == nil {
		acct.index = map[lookupAttribute][]int{}
	}
	for _, a := range []lookupAttribute{{"EventName", e.Name}, {"AccessKeyId", e.Identity.AccessKeyID}} {
		acct.index[a] = append(acct.index[a], acct.latest())
	}
	if len(acct.events)%pruneEvery == 0 {
		acct.prune(e.Time.Add(-trailKept - 2*time.Hour))
	}
}

// latest is the number of the newest event, counted from 1.
func (acct *account) latest() int { return acct.dropped + len(acct.events) }

// pruneEvery is after how many events it is looked whether old ones can go.
const pruneEvery = 4096

// prune drops what is older than anybody may ask about. Numbers stay as they are.
func (acct *account) prune(before time.Time) {
	old := slices.IndexFunc(acct.events, func(e Event) bool { return !e.Time.Before(before) })
	if old <= 0 {
		return
	}
	acct.events = slices.Clone(acct.events[old:])
	acct.dropped += old
	for a, numbers := range acct.index {
		i, _ := slices.BinarySearch(numbers, acct.dropped+1)
		if i == len(numbers) {
			delete(acct.index, a)
			continue
		}
		acct.index[a] = slices.Clone(numbers[i:])
	}
}

func (in *lookupInput) check() *apiError {
	switch {
	case in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 50):
		return trailError("InvalidMaxResultsException", "MaxResults must be between 1 and 50.")
	case in.EventCategory != "" && in.EventCategory != "insight":
		return trailError("InvalidEventCategoryException", "The event category is not valid.")
	case !in.StartTime.IsZero() && !in.EndTime.IsZero() && in.StartTime.After(in.EndTime.Time):
		return trailError("InvalidTimeRangeException", "The start time must be before the end time.")
	case len(in.LookupAttributes) > 1:
		return trailError("InvalidLookupAttributesException", "Only one lookup attribute can be specified.")
	}
	for _, a := range in.LookupAttributes {
		if _, known := attributeOf[a.AttributeKey]; !known || a.AttributeValue == "" {
			return trailError("InvalidLookupAttributesException", "The lookup attribute is not valid.")
		}
	}
	return nil
}

func trailError(code, message string) *apiError {
	return &apiError{Status: 400, Code: code, Message: message}
}

func (in *lookupInput) limit() int {
	if in.MaxResults != nil {
		return *in.MaxResults
	}
	return 50
}

// start is the number of the newest event to look at. Numbers never change, so
// one stays good from page to page.
func (in *lookupInput) start(r *request) (int, *apiError) {
	if in.NextToken == "" {
		return r.account.latest(), nil
	}
	after, ok := r.openToken(in.NextToken, in.scope(r))
	n, err := strconv.Atoi(after)
	if !ok || err != nil || n < 0 || n > r.account.latest() {
		return 0, trailError("InvalidNextTokenException", "The NextToken is not valid. A token is good only with the parameters of the call that it came from.")
	}
	return n, nil
}

// scope holds what must not change from page to page.
func (in *lookupInput) scope(r *request) string {
	return strconv.FormatUint(hash(r.account.id, r.region, in.attribute().AttributeKey, in.attribute().AttributeValue,
		in.StartTime.String(), in.EndTime.String()), 36)
}

func (in *lookupInput) attribute() lookupAttribute {
	if len(in.LookupAttributes) == 0 {
		return lookupAttribute{}
	}
	return in.LookupAttributes[0]
}

// over: this event and all before it are too old. A request that was carried out
// late may stand a little out of order.
func (in *lookupInput) over(r *request, e *Event) bool {
	const disorder = time.Hour
	return r.now.Sub(e.Time) > trailKept+disorder || !in.StartTime.IsZero() && e.Time.Before(in.StartTime.Add(-disorder))
}

func (in *lookupInput) wants(r *request, e *Event) bool {
	age := r.now.Sub(e.Time)
	switch {
	case age < r.aws.config.TrailDelay, age > trailKept:
		return false
	case e.seenIn(r.account.partition) != r.region:
		return false
	case !in.StartTime.IsZero() && e.Time.Before(in.StartTime.Time):
		return false
	case !in.EndTime.IsZero() && e.Time.After(in.EndTime.Time):
		return false
	}
	a, seen := in.attribute(), r.account.seen(e)
	return a.AttributeKey == "" || attributeOf[a.AttributeKey](&seen, a.AttributeValue)
}

// attributeOf tells by LookupAttributeKey whether an event has a value.
var attributeOf = map[string]func(*Event, string) bool{
	"EventId":     func(e *Event, v string) bool { return e.ID == v },
	"EventName":   func(e *Event, v string) bool { return e.Name == v },
	"ReadOnly":    func(e *Event, v string) bool { return strconv.FormatBool(e.ReadOnly) == strings.ToLower(v) },
	"Username":    func(e *Event, v string) bool { return e.username() == v },
	"EventSource": func(e *Event, v string) bool { return e.Source == v },
	"AccessKeyId": func(e *Event, v string) bool { return e.Identity.AccessKeyID == v },
	"ResourceType": func(e *Event, v string) bool {
		return e.concerns(func(r eventResource) bool { return r.ResourceType == v })
	},
	"ResourceName": func(e *Event, v string) bool {
		return e.concerns(func(r eventResource) bool { return r.ResourceName == v })
	},
}

// seen is the event as the account gets to know it: of a caller from another
// account only which account and who.
func (acct *account) seen(e *Event) Event {
	seen := *e
	if e.Identity.AccountID != acct.id {
		seen.Identity = Identity{Type: "AWSAccount", PrincipalID: e.Identity.PrincipalID, AccountID: e.Identity.AccountID}
	}
	return seen
}

func (acct *account) lookedUp(original *Event) lookedUpEvent {
	seen := acct.seen(original)
	e := &seen
	return lookedUpEvent{
		EventID: e.ID, EventName: e.Name, ReadOnly: strconv.FormatBool(e.ReadOnly), AccessKeyID: e.Identity.AccessKeyID,
		EventTime: epoch(e.Time), EventSource: e.Source, Username: e.username(), Resources: e.resources(),
		CloudTrailEvent: acct.recordOf(e),
	}
}

// username is the Username of an event: a session's own name for roles and
// federated users.
func (e *Event) username() string {
	switch e.Identity.Type {
	case "Root":
		return "root"
	case "AssumedRole", "FederatedUser":
		return e.Identity.SessionName
	}
	return e.Identity.UserName
}
