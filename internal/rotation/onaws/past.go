package onaws

import (
	"context"
	"slices"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/rotation"
)

// changing are the calls by which a user's keys are changed.
var changing = []string{"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "PutUserPolicy"}

// Acts implements rotation.Past.
func (a *Account) Acts(ctx context.Context, subject accesskey.Subject) accesskey.Fact[[]rotation.Act] {
	at := a.Now()
	id, err := a.own(ctx, subject)
	if err != nil {
		return unread[[]rotation.Act](err)
	}
	var all []rotation.Act
	for _, name := range changing {
		some, err := a.actsOf(ctx, awsapi.EventQuery{Region: awsapi.HomeRegion(id.Partition), Attribute: awsapi.ByName, Value: name, From: at.Add(-awsapi.EventsKept)}, subject.User)
		if err != nil {
			return unread[[]rotation.Act](err)
		}
		all = append(all, some...)
	}
	slices.SortStableFunc(all, func(a, b rotation.Act) int { return a.At.Compare(b.At) })
	return accesskey.Observed(all, at, trailSource)
}

// actsOf goes through the events of one call, newest first, and returns those
// about a user oldest first.
func (a *Account) actsOf(ctx context.Context, q awsapi.EventQuery, user string) ([]rotation.Act, error) {
	var acts []rotation.Act
	pages := 0
	for events, err := range a.session.Events(ctx, q) {
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if act, is := actOf(e); is && e.User == user {
				acts = append(acts, act)
			}
		}
		if pages++; pages == authorPages {
			break
		}
	}
	slices.Reverse(acts)
	return acts, nil
}

// actOf reads an event as an act; false where it failed or is none.
func actOf(e awsapi.Event) (rotation.Act, bool) {
	act := rotation.Act{At: e.At, Key: e.Key, Token: tokenOf(e)}
	switch {
	case e.ErrorCode != "":
		return act, false
	case e.Name == "CreateAccessKey":
		act.Action, act.Key = accesskey.CreateKey, e.NewKey
	case e.Name == "DeleteAccessKey":
		act.Action = accesskey.DeleteKey
	case e.Name == "UpdateAccessKey" && e.Status == accesskey.Inactive:
		act.Action = accesskey.Deactivate
	case e.Name == "UpdateAccessKey" && e.Status == accesskey.Active:
		act.Action = accesskey.Reactivate
	case e.Name == "PutUserPolicy" && e.Policy == DenyPolicy:
		act.Action = accesskey.DenySessions
	default:
		return act, false
	}
	return act, true
}
