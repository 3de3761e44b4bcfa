package fakeaws

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// trailKept is how far back CloudTrail's event history reaches.
const trailKept = 90 * 24 * time.Hour

// cloudtrailService is CloudTrail's event history: the management events of
// one account and region, newest first.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
func cloudtrailService() service {
	return service{
		name:     "cloudtrail",
		source:   "cloudtrail.amazonaws.com",
		protocol: json11,
		target:   "CloudTrail_20131101",
		actions: map[string]action{
			"LookupEvents": {do: lookupEvents, reads: true, rate: 2},
		},
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
	for ; next > 0; next-- {
		e := &r.account.events[next-1]
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

// start is one more than the index of the newest event to look at. Events are
// only ever added, so an index stays good from page to page.
func (in *lookupInput) start(r *request) (int, *apiError) {
	if in.NextToken == "" {
		return len(r.account.events), nil
	}
	after, ok := r.openToken(in.NextToken, in.scope(r))
	n, err := strconv.Atoi(after)
	if !ok || err != nil || n < 0 || n > len(r.account.events) {
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
	a := in.attribute()
	return a.AttributeKey == "" || attributeOf[a.AttributeKey](e, a.AttributeValue)
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

func (acct *account) lookedUp(e *Event) lookedUpEvent {
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

// seenIn is the region whose event history has the event. Global services
// write to one region of their partition.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
func (e *Event) seenIn(partition string) string {
	switch e.Source {
	case "iam.amazonaws.com":
		return homeRegion(partition)
	case "organizations.amazonaws.com":
		if partition == "aws-cn" {
			return "cn-northwest-1"
		}
		return homeRegion(partition)
	}
	return e.Region
}

// host is AWS's own host name for the service.
func (e *Event) host(partition string) string {
	name, _, _ := strings.Cut(e.Source, ".")
	if name != "iam" {
		name += "." + e.seenIn(partition)
	}
	suffix := ".amazonaws.com"
	if partition == "aws-cn" {
		suffix += ".cn"
	}
	return name + suffix
}

// homeRegion is where a partition keeps IAM.
func homeRegion(partition string) string {
	switch partition {
	case "aws-us-gov":
		return "us-gov-west-1"
	case "aws-cn":
		return "cn-north-1"
	}
	return "us-east-1"
}

// eventResource is a thing that an event concerns.
type eventResource struct{ ResourceType, ResourceName string }

var resourceTypes = []struct{ parameter, kind string }{
	{"accessKeyId", "AWS::IAM::AccessKey"},
	{"userName", "AWS::IAM::User"},
	{"groupName", "AWS::IAM::Group"},
	{"roleName", "AWS::IAM::Role"},
	{"roleArn", "AWS::IAM::Role"},
	{"policyArn", "AWS::IAM::Policy"},
}

// resources are found as CloudTrail does it: for events that change something,
// from the parameters and the answer.
func (e *Event) resources() []eventResource {
	list := []eventResource{}
	if e.ReadOnly {
		return list
	}
	for _, t := range resourceTypes {
		name, _ := e.Parameters[t.parameter].(string)
		if key, ok := e.Response["accessKey"].(map[string]any); ok && name == "" {
			name, _ = key[t.parameter].(string)
		}
		if name != "" {
			list = append(list, eventResource{t.kind, name})
		}
	}
	return list
}

func (e *Event) concerns(fits func(eventResource) bool) bool {
	for _, r := range e.resources() {
		if fits(r) {
			return true
		}
	}
	return false
}

// trailRecord is an event as CloudTrail writes it, members in its order.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type trailRecord struct {
	EventVersion       string         `json:"eventVersion"`
	UserIdentity       trailIdentity  `json:"userIdentity"`
	EventTime          string         `json:"eventTime"`
	EventSource        string         `json:"eventSource"`
	EventName          string         `json:"eventName"`
	AWSRegion          string         `json:"awsRegion"`
	SourceIPAddress    string         `json:"sourceIPAddress"`
	UserAgent          string         `json:"userAgent"`
	ErrorCode          string         `json:"errorCode,omitempty"`
	ErrorMessage       string         `json:"errorMessage,omitempty"`
	RequestParameters  map[string]any `json:"requestParameters"` // null where there are none
	ResponseElements   map[string]any `json:"responseElements"`
	RequestID          string         `json:"requestID"`
	EventID            string         `json:"eventID"`
	ReadOnly           bool           `json:"readOnly"`
	EventType          string         `json:"eventType"`
	ManagementEvent    bool           `json:"managementEvent"`
	RecipientAccountID string         `json:"recipientAccountId"`
	EventCategory      string         `json:"eventCategory"`
	TLSDetails         trailTLS       `json:"tlsDetails"`
}

type trailTLS struct {
	TLSVersion               string `json:"tlsVersion"`
	CipherSuite              string `json:"cipherSuite"`
	ClientProvidedHostHeader string `json:"clientProvidedHostHeader"`
}

type trailIdentity struct {
	Type           string        `json:"type"`
	PrincipalID    string        `json:"principalId"`
	ARN            string        `json:"arn"`
	AccountID      string        `json:"accountId"`
	AccessKeyID    string        `json:"accessKeyId,omitempty"`
	UserName       string        `json:"userName,omitempty"`
	SessionContext *trailSession `json:"sessionContext,omitempty"`
}

type trailSession struct {
	SessionIssuer *trailIssuer    `json:"sessionIssuer,omitempty"`
	Attributes    trailAttributes `json:"attributes"`
}

type trailIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

type trailAttributes struct {
	CreationDate     string `json:"creationDate"`
	MFAAuthenticated string `json:"mfaAuthenticated"`
}

func (acct *account) recordOf(e *Event) string {
	record := trailRecord{
		EventVersion: "1.11", UserIdentity: e.Identity.trail(), EventTime: e.Time.UTC().Format(time.RFC3339),
		EventSource: e.Source, EventName: e.Name, AWSRegion: e.seenIn(acct.partition), SourceIPAddress: e.SourceIP,
		UserAgent: e.UserAgent, ErrorCode: e.ErrorCode, ErrorMessage: e.ErrorText,
		RequestParameters: e.Parameters, ResponseElements: e.Response, RequestID: e.RequestID, EventID: e.ID,
		ReadOnly: e.ReadOnly, EventType: "AwsApiCall", ManagementEvent: true, RecipientAccountID: acct.id,
		EventCategory: "Management", TLSDetails: trailTLS{"TLSv1.3", "TLS_AES_128_GCM_SHA256", e.host(acct.partition)},
	}
	text, err := json.Marshal(record)
	if err != nil {
		panic("fakeaws: event does not encode: " + err.Error())
	}
	return string(text)
}

func (id Identity) trail() trailIdentity {
	t := trailIdentity{Type: id.Type, PrincipalID: id.PrincipalID, ARN: id.ARN, AccountID: id.AccountID, AccessKeyID: id.AccessKeyID}
	if id.Type == "IAMUser" {
		t.UserName = id.UserName
	}
	if id.IssuedAt.IsZero() {
		return t
	}
	t.SessionContext = &trailSession{Attributes: trailAttributes{CreationDate: id.IssuedAt.UTC().Format(time.RFC3339), MFAAuthenticated: strconv.FormatBool(id.MFA)}}
	if id.IssuerARN != "" {
		kind := "Role"
		if id.Type == "FederatedUser" {
			kind = "IAMUser"
		}
		t.SessionContext.SessionIssuer = &trailIssuer{Type: kind, PrincipalID: id.IssuerID, ARN: id.IssuerARN, AccountID: id.AccountID, UserName: id.UserName}
	}
	return t
}
