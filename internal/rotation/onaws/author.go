package onaws

import (
	"context"
	"errors"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/rotation"
)

const trailSource = "cloudtrail:LookupEvents"

// byAgent stands between caller and user agent in Authorship.By; no ARN of a
// caller has a space.
const byAgent = " with "

// authorPages bounds the search for one event in an account that makes keys by
// the thousand: 50 events each.
const authorPages = 40

// Author implements rotation.Trail. CloudTrail documents no index of what an
// event made (AccessKeyId is the caller's key), so CreateAccessKey events are
// gone through; where the key was just listed, only those of its minute.
func (a *Account) Author(ctx context.Context, subject accesskey.Subject, key accesskey.ID) accesskey.Fact[rotation.Authorship] {
	at := a.Now()
	found, err := a.author(ctx, subject, key)
	if err != nil {
		return unread[rotation.Authorship](err)
	}
	return accesskey.Observed(found, at, trailSource)
}

func (a *Account) author(ctx context.Context, subject accesskey.Subject, key accesskey.ID) (rotation.Authorship, error) {
	a.lock.Lock()
	known, created := a.authors[key], a.created[key]
	a.lock.Unlock()
	if known.Found {
		return known, nil
	}
	id, err := a.own(ctx, subject)
	if err != nil {
		return rotation.Authorship{}, err
	}
	query := awsapi.EventQuery{Region: awsapi.HomeRegion(id.Partition), Attribute: awsapi.ByName, Value: "CreateAccessKey", From: a.Now().Add(-awsapi.EventsKept)}
	if !created.IsZero() {
		if created.Add(awsapi.EventsKept).Before(a.Now()) {
			return rotation.Authorship{}, nil
		}
		query.From, query.To = created.Add(-time.Minute), created.Add(time.Minute)
	}
	found, err := a.search(ctx, query, key)
	if err == nil && found.Found {
		a.lock.Lock()
		a.authors[key] = found
		a.lock.Unlock()
	}
	return found, err
}

func (a *Account) search(ctx context.Context, q awsapi.EventQuery, key accesskey.ID) (rotation.Authorship, error) {
	pages := 0
	for events, err := range a.session.Events(ctx, q) {
		if err != nil {
			return rotation.Authorship{}, err
		}
		for _, e := range events {
			if e.NewKey == key && e.ErrorCode == "" {
				return rotation.Authorship{Found: true, Token: tokenOf(e), By: e.CallerARN + byAgent + awsapi.Redact(e.UserAgent)}, nil
			}
		}
		if pages++; pages == authorPages {
			return rotation.Authorship{}, errors.New(trailSource + ": more CreateAccessKey events than can be gone through")
		}
	}
	return rotation.Authorship{}, nil
}
