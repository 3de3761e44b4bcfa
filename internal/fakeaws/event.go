package fakeaws

import (
	"slices"
	"time"
)

// Event is one call as CloudTrail records it.
type Event struct {
	ID        string // eventID
	SharedID  string // sharedEventID: of a call that two accounts get an event of
	RequestID string
	Time      time.Time // UTC, to the second
	Name      string    // ListUsers
	Source    string    // iam.amazonaws.com
	Region    string
	ReadOnly  bool

	Identity    Identity
	UserAgent   string
	SourceIP    string
	VPCEndpoint string // empty: not through one
	Data        bool   // a data event: not in the event history

	Parameters map[string]any // requestParameters; secrets hidden
	Resources  []string       // ARNs of what it is about, where CloudTrail lists them
	Response   map[string]any // responseElements; nil for calls that only read
	ErrorCode  string
	ErrorText  string

	ByService  bool           // an event of a service's own, not of a call: AwsServiceEvent
	Additional map[string]any // additionalEventData
}

// Identity is CloudTrail's userIdentity.
type Identity struct {
	Type        string // Root, IAMUser, AssumedRole, FederatedUser
	PrincipalID string
	ARN         string
	AccountID   string
	AccessKeyID string
	UserName    string // of an IAMUser; of the issuer for a session
	SessionName string // of an AssumedRole or FederatedUser
	IssuerARN   string // sessionContext.sessionIssuer of a session
	IssuerID    string
	IssuedAt    time.Time // of a session; zero: a long-lived key signed
	MFA         bool      // the session was made with a multi-factor device
	InvokedBy   string    // the service whose event it is
}

// Events are all that CloudTrail has of an account, oldest first.
func (a *AWS) Events(account string) []Event {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct := a.accountByID(account)
	if acct == nil {
		return nil
	}
	return slices.Clone(acct.events)
}
