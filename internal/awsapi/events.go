package awsapi

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"golang.org/x/time/rate"

	"github.com/keytend/keytend/internal/accesskey"
)

// EventsKept is how far back CloudTrail's event history reaches.
const EventsKept = 90 * 24 * time.Hour

// Event is one management event of CloudTrail's event history. All of it but
// ErrorCode is told by the caller or about the caller; none of it is secret.
type Event struct {
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
}

// EventQuery asks for the events of one region by one attribute.
type EventQuery struct {
	Region    string
	Attribute EventAttribute
	Value     string
	From, To  time.Time // both included, to the second; zero: open
}

// EventAttribute is what events can be looked up by.
type EventAttribute string

// The attributes used here. AccessKeyId is the key that signed.
const (
	ByKey  EventAttribute = "AccessKeyId"
	ByName EventAttribute = "EventName"
)

// Events pages through CloudTrail's event history, newest first, 50 a page
// (cloudtrail:LookupEvents), at the rate that AWS allows. It ends at the first
// error.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
func (s *Session) Events(ctx context.Context, q EventQuery) iter.Seq2[[]Event, error] {
	const call = "cloudtrail:LookupEvents"
	in := &cloudtrail.LookupEventsInput{
		MaxResults: aws.Int32(50), StartTime: orOpen(q.From), EndTime: orOpen(q.To),
		LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKey(q.Attribute), AttributeValue: aws.String(q.Value)}},
	}
	return func(yield func([]Event, error) bool) {
		for {
			if err := s.pace.wait(ctx, q.Region); err != nil {
				yield(nil, s.fail(call, err))
				return
			}
			out, err := s.trail.LookupEvents(ctx, in, s.trailAPI(q.Region))
			if err != nil {
				yield(nil, s.fail(call, err))
				return
			}
			page := make([]Event, 0, len(out.Events))
			for _, e := range out.Events {
				page = append(page, event(e))
			}
			if !yield(page, nil) || aws.ToString(out.NextToken) == "" {
				return
			}
			in.NextToken = out.NextToken
		}
	}
}

func orOpen(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (s *Session) trailAPI(region string) func(*cloudtrail.Options) {
	retryer := s.retryers.of("cloudtrail:LookupEvents@" + region)
	return func(o *cloudtrail.Options) { o.Region, o.Retryer = region, retryer }
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
func event(e types.Event) Event {
	var record eventRecord
	_ = json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &record)
	var asked struct {
		UserName, Status, PolicyName string
		AccessKeyID                  string
	}
	_ = json.Unmarshal(record.RequestParameters, &asked) // of other calls userName may be anything
	var made struct {
		AccessKey struct{ AccessKeyID string }
	}
	_ = json.Unmarshal(record.ResponseElements, &made)
	id := aws.ToString(e.AccessKeyId)
	if id == "" {
		id = record.UserIdentity.AccessKeyID
	}
	return Event{
		At: aws.ToTime(e.EventTime).UTC(), Name: aws.ToString(e.EventName), Source: aws.ToString(e.EventSource),
		KeyID: accesskey.ID(id), CallerARN: record.UserIdentity.ARN, UserAgent: record.UserAgent, Network: record.SourceIPAddress,
		VPCEndpoint: record.VPCEndpointID, ErrorCode: record.ErrorCode, User: asked.UserName,
		Key: accesskey.ID(asked.AccessKeyID), Status: accesskey.Status(asked.Status), Policy: asked.PolicyName, NewKey: accesskey.ID(made.AccessKey.AccessKeyID),
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
	return limiter.Wait(ctx)
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
