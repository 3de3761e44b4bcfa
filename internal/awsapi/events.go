package awsapi

import (
	"context"
	"encoding/json"
	"iter"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/keytend/keytend/internal/accesskey"
)

// EventsKept is how far back CloudTrail's event history reaches.
const EventsKept = 90 * 24 * time.Hour

// Event is one management event of CloudTrail's event history. All of it but
// ErrorCode is told by the caller or about the caller; none of it is secret, but
// Record may be personal: it isn't to be kept.
type Event struct {
	ID     string    // eventID
	At     time.Time // UTC, to the second
	Name   string    // CreateAccessKey
	Source string    // iam.amazonaws.com

	KeyID       accesskey.ID // that signed
	CallerARN   string       // of a role's session: arn:aws:sts::…:assumed-role/ROLE/SESSION
	UserAgent   string
	Network     string // source address, or AWS's own name for itself
	VPCEndpoint string // empty: not through one
	ErrorCode   string // empty: it succeeded

	User   string           // the request's userName; empty: none
	Key    accesskey.ID     // the request's accessKeyId: of UpdateAccessKey, DeleteAccessKey
	Status accesskey.Status // the request's status: of UpdateAccessKey
	Policy string           // the request's policyName: of PutUserPolicy
	NewKey accesskey.ID     // made by CreateAccessKey

	Record []byte // CloudTrail's own record, JSON
}

// EventQuery asks for the events of one region by one attribute.
type EventQuery struct {
	Region    string
	Attribute EventAttribute
	Value     string
	From, To  time.Time // both included, to the second; zero: open
	Token     string    // EventPage.Next of the same query; empty: from the newest
}

// EventAttribute is what events can be looked up by.
type EventAttribute string

// The attributes used here. AccessKeyId is the key that signed.
const (
	ByKey  EventAttribute = "AccessKeyId"
	ByName EventAttribute = "EventName"
)

// EventPage is one page of events.
type EventPage struct {
	Events []Event
	Next   string // EventQuery.Token of the page that follows; empty: this is the last
}

// Events pages through CloudTrail's event history, newest first, 50 a page
// (cloudtrail:LookupEvents), at the rate that AWS allows. It ends at the first
// error.
func (s *Session) Events(ctx context.Context, q EventQuery) iter.Seq2[[]Event, error] {
	return func(yield func([]Event, error) bool) {
		for page, err := range s.EventPages(ctx, q) {
			if !yield(page.Events, err) {
				return
			}
		}
	}
}

// EventPages is Events, told page by page, so that it can be gone on with later.
// Where it can't be waited for AWS's rate within the context's deadline, nothing
// is asked and the error is context.DeadlineExceeded.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
func (s *Session) EventPages(ctx context.Context, q EventQuery) iter.Seq2[EventPage, error] {
	return func(yield func(EventPage, error) bool) {
		for {
			page, err := s.eventPage(ctx, q)
			if err != nil {
				yield(EventPage{}, s.fail("cloudtrail:LookupEvents", err))
				return
			}
			if !yield(page, nil) || page.Next == "" {
				return
			}
			q.Token = page.Next
		}
	}
}

func (s *Session) eventPage(ctx context.Context, q EventQuery) (EventPage, error) {
	if err := s.pace.wait(ctx, q.Region); err != nil {
		return EventPage{}, err
	}
	type attribute struct{ AttributeKey, AttributeValue string }
	in := struct {
		LookupAttributes   []attribute
		StartTime, EndTime *seconds `json:",omitempty"`
		MaxResults         int
		NextToken          string `json:",omitempty"`
	}{[]attribute{{string(q.Attribute), q.Value}}, orOpen(q.From), orOpen(q.To), 50, q.Token}
	var out struct {
		Events    []listedEvent
		NextToken string
	}
	err := s.wireJSON(ctx, cloudTrail("LookupEvents", q.Region), in, &out)
	page := EventPage{Events: make([]Event, 0, len(out.Events)), Next: out.NextToken}
	for _, e := range out.Events {
		page.Events = append(page.Events, event(e))
	}
	return page, err
}

// listedEvent is what AWS lists of an event beside its record.
type listedEvent struct {
	EventID                string `json:"EventId"`
	EventName, EventSource string
	EventTime              seconds
	AccessKeyID            string `json:"AccessKeyId"`
	CloudTrailEvent        string
}

// seconds is a time as JSON 1.1 has it: seconds since 1970, perhaps with a part.
type seconds time.Time

// MarshalJSON implements json.Marshaler.
func (s seconds) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(s).UnixMilli())/1000, 'f', -1, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *seconds) UnmarshalJSON(b []byte) error {
	at, err := strconv.ParseFloat(string(b), 64)
	*s = seconds(time.UnixMilli(int64(math.Round(at * 1000))).UTC())
	return err
}

func orOpen(t time.Time) *seconds {
	if t.IsZero() {
		return nil
	}
	at := seconds(t)
	return &at
}

// eventRecord is what is read of CloudTrail's record.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type eventRecord struct {
	UserIdentity      struct{ ARN, AccessKeyID string }
	SourceIPAddress   string
	UserAgent         string
	VPCEndpointID     string `json:"vpcEndpointId"`
	ErrorCode         string
	RequestParameters json.RawMessage
	ResponseElements  json.RawMessage
}

// event reads one event. A record that can't be understood leaves its parts
// empty: what AWS lists beside it stands.
func event(e listedEvent) Event {
	var record eventRecord
	_ = json.Unmarshal([]byte(e.CloudTrailEvent), &record)
	var asked struct {
		UserName, Status, PolicyName string
		AccessKeyID                  string
	}
	_ = json.Unmarshal(record.RequestParameters, &asked) // of other calls userName may be anything
	var made struct {
		AccessKey struct{ AccessKeyID string }
	}
	_ = json.Unmarshal(record.ResponseElements, &made)
	id := e.AccessKeyID
	if id == "" {
		id = record.UserIdentity.AccessKeyID
	}
	return Event{
		ID: e.EventID, At: time.Time(e.EventTime).UTC(), Name: e.EventName, Source: e.EventSource,
		KeyID: accesskey.ID(id), CallerARN: record.UserIdentity.ARN, UserAgent: record.UserAgent, Network: record.SourceIPAddress,
		VPCEndpoint: record.VPCEndpointID, ErrorCode: record.ErrorCode, User: asked.UserName,
		Key: accesskey.ID(asked.AccessKeyID), Status: accesskey.Status(asked.Status), Policy: asked.PolicyName, NewKey: accesskey.ID(made.AccessKey.AccessKeyID),
		Record: []byte(e.CloudTrailEvent),
	}
}

// Session is the name of the caller's role session; empty where it is none.
func (e Event) Session() string {
	_, rest, found := strings.Cut(e.CallerARN, ":assumed-role/")
	if !found {
		return ""
	}
	_, name, _ := strings.Cut(rest, "/")
	return name
}

// lookupPace keeps to LookupEvents' two calls a second in each region of an account,
// with some room for others.
type lookupPace struct {
	limit    rate.Limit
	lock     sync.Mutex
	byRegion map[string]*rate.Limiter
}

func newLookupPace(unpaced bool) *lookupPace {
	limit := rate.Every(550 * time.Millisecond)
	if unpaced {
		limit = rate.Inf
	}
	return &lookupPace{limit: limit, byRegion: map[string]*rate.Limiter{}}
}

// another is the pace of another account.
func (p *lookupPace) another() *lookupPace {
	return &lookupPace{limit: p.limit, byRegion: map[string]*rate.Limiter{}}
}

func (p *lookupPace) wait(ctx context.Context, region string) error {
	p.lock.Lock()
	limiter, ok := p.byRegion[region]
	if !ok {
		limiter = rate.NewLimiter(p.limit, 1)
		p.byRegion[region] = limiter
	}
	p.lock.Unlock()
	err := limiter.Wait(ctx)
	if err != nil && ctx.Err() == nil {
		return context.DeadlineExceeded // it would be exceeded
	}
	return err
}

// HomeRegion is the region in which a partition keeps IAM, and in whose event
// history IAM's events are.
func HomeRegion(partition string) string {
	switch partition {
	case "aws-us-gov":
		return "us-gov-west-1"
	case "aws-cn":
		return "cn-north-1"
	}
	return "us-east-1"
}
