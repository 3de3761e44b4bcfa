package fakeaws

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

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
	AdditionalData     map[string]any `json:"additionalEventData,omitempty"`
	RequestID          string         `json:"requestID"`
	EventID            string         `json:"eventID"`
	ReadOnly           bool           `json:"readOnly"`
	Resources          []trailARN     `json:"resources,omitempty"`
	EventType          string         `json:"eventType"`
	ManagementEvent    bool           `json:"managementEvent"`
	RecipientAccountID string         `json:"recipientAccountId"`
	SharedEventID      string         `json:"sharedEventID,omitempty"`
	VPCEndpointID      string         `json:"vpcEndpointId,omitempty"`
	EventCategory      string         `json:"eventCategory"`
	TLSDetails         *trailTLS      `json:"tlsDetails,omitempty"`
}

type trailARN struct {
	AccountID string `json:"accountId,omitempty"`
	ARN       string `json:"ARN"`
}

type trailTLS struct {
	TLSVersion               string `json:"tlsVersion"`
	CipherSuite              string `json:"cipherSuite"`
	ClientProvidedHostHeader string `json:"clientProvidedHostHeader"`
}

type trailIdentity struct {
	Type           string        `json:"type,omitempty"`
	PrincipalID    string        `json:"principalId,omitempty"`
	ARN            string        `json:"arn,omitempty"`
	AccountID      string        `json:"accountId"`
	AccessKeyID    string        `json:"accessKeyId,omitempty"`
	UserName       string        `json:"userName,omitempty"`
	InvokedBy      string        `json:"invokedBy,omitempty"`
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
		UserAgent: e.UserAgent, ErrorCode: e.trailCode(), ErrorMessage: e.ErrorText,
		RequestParameters: e.Parameters, ResponseElements: e.Response, RequestID: e.RequestID, EventID: e.ID,
		ReadOnly: e.ReadOnly, EventType: "AwsApiCall", ManagementEvent: true, RecipientAccountID: acct.id, SharedEventID: e.SharedID,
		VPCEndpointID: e.VPCEndpoint, EventCategory: "Management", AdditionalData: e.Additional,
	}
	for _, arn := range e.Resources {
		record.Resources = append(record.Resources, trailARN{acct.id, arn})
	}
	if e.ByService {
		record.EventType = "AwsServiceEvent"
	} else {
		record.TLSDetails = &trailTLS{"TLSv1.3", "TLS_AES_128_GCM_SHA256", e.host(acct.partition)}
	}
	if e.Data {
		record.ManagementEvent, record.EventCategory = false, "Data"
	}
	text, err := json.Marshal(record)
	if err != nil {
		panic("fakeaws: event does not encode: " + err.Error())
	}
	return string(text)
}

// trailCode is the errorCode: of IAM's own errors the name of the exception
// (NoSuchEntityException), of the common ones the code on the wire.
func (e *Event) trailCode() string {
	if name := iamExceptions[e.ErrorCode]; name != "" && e.Source == "iam.amazonaws.com" {
		return name
	}
	return e.ErrorCode
}

// iamExceptions are the names of IAM's errors by their codes on the wire.
var iamExceptions = map[string]string{
	"DeleteConflict":          "DeleteConflictException",
	"EntityAlreadyExists":     "EntityAlreadyExistsException",
	"InvalidInput":            "InvalidInputException",
	"LimitExceeded":           "LimitExceededException",
	"MalformedPolicyDocument": "MalformedPolicyDocumentException",
	"NoSuchEntity":            "NoSuchEntityException",
	"PasswordPolicyViolation": "PasswordPolicyViolationException",
	"ReportExpired":           "CredentialReportExpiredException",
	"ReportInProgress":        "CredentialReportNotReadyException",
	"ReportNotPresent":        "CredentialReportNotPresentException",
}

func (id Identity) trail() trailIdentity {
	t := trailIdentity{Type: id.Type, PrincipalID: id.PrincipalID, ARN: id.ARN, AccountID: id.AccountID, AccessKeyID: id.AccessKeyID, InvokedBy: id.InvokedBy}
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
