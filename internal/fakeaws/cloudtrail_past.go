package fakeaws

import (
	"cmp"
	"slices"
	"time"
)

// EventSpec describes calls of before the simulation began, as CloudTrail tells
// of them.
type EventSpec struct {
	At    time.Time
	Days  int    // the same call at the same time of this many days in all; zero: one
	Times int    // calls on each day, a minute apart; zero: one
	Key   string // that signed: of a user of the account

	Service     string // ec2.amazonaws.com
	Name        string // DescribeInstances
	Region      string // empty: us-east-1
	Source      string // address, or an AWS service's name
	VPCEndpoint string
	Agent       string // user agent
	Error       string // errorCode
	Data        bool   // a data event: trails may have it, the event history has not

	Parameters map[string]any // requestParameters
	Resources  []string       // ARNs of what it was about
}

// seedEvents puts the calls of the past into the trail, in the order of time.
func (a *AWS) seedEvents(acct *account, specs []EventSpec) {
	var events []Event
	for _, s := range specs {
		owner := a.keyOwner(acct, s.Key)
		for day := range max(1, s.Days) {
			for n := range max(1, s.Times) {
				at := s.At.AddDate(0, 0, -day).Add(time.Duration(n) * time.Minute)
				events = append(events, s.event(requestID(a.random.next()), owner, second(at)))
			}
		}
	}
	slices.SortStableFunc(events, func(x, y Event) int { return x.Time.Compare(y.Time) })
	for _, e := range events {
		if e.Data {
			acct.data = append(acct.data, e)
			continue
		}
		acct.file(e)
	}
}

func (a *AWS) keyOwner(acct *account, key string) Identity {
	id := Identity{Type: "IAMUser", AccountID: acct.id, AccessKeyID: key}
	if k := a.keys[key]; k != nil && k.owner != nil {
		id.PrincipalID, id.ARN, id.UserName = k.owner.id, acct.userARN(k.owner), k.owner.name
	}
	return id
}

func (s EventSpec) event(id string, caller Identity, at time.Time) Event {
	return Event{
		ID: id, RequestID: id, Time: at, Name: s.Name, Source: s.Service, Region: cmp.Or(s.Region, standardRegion), ReadOnly: isRead(s.Name),
		Identity: caller, UserAgent: s.Agent, SourceIP: s.Source, VPCEndpoint: s.VPCEndpoint, ErrorCode: s.Error, Data: s.Data,
		Parameters: s.Parameters, Resources: s.Resources,
	}
}
