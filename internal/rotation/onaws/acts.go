package onaws

import (
	"context"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// acting are the calls by which a journal's acts are told: each record makes
// one of these within minutes of any other mutating call.
var acting = []string{"TagUser", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"}

const (
	actsLife  = 5 * time.Minute // how long what was read counts: rule 18 has a margin of more
	actsLate  = time.Hour       // how late an event may come; AWS says about 15 minutes
	actsPages = 10              // of one call's events in one look, 50 each
)

// acts is when each user was last changed under a token of our journal, as far
// as CloudTrail tells. It is read for all users at once: one look-up for each
// user in each pass would take more than the two a second that AWS gives.
type acts struct {
	read   time.Time // up to then
	latest map[string]time.Time
}

// LatestAct implements rotation.Trail. Where CloudTrail may not be read, nothing
// tells of a journal that was put back from a copy: the right to read it is not
// needed to rotate.
func (a *Account) LatestAct(ctx context.Context, subject accesskey.Subject) accesskey.Fact[time.Time] {
	id, err := a.own(ctx, subject)
	if err != nil {
		return unread[time.Time](err)
	}
	if err := a.actsTurn.take(ctx); err != nil {
		return unread[time.Time](err)
	}
	defer a.actsTurn.leave()
	if now := a.Now(); a.acts.read.IsZero() || now.Sub(a.acts.read) >= actsLife {
		err := a.readActs(ctx, awsapi.HomeRegion(id.Partition), now)
		switch class := awsapi.ClassOf(err); {
		case class == awsapi.Denied, class == awsapi.DeniedByOrganization:
			return accesskey.Observed(a.acts.latest[subject.User], now, failed(err))
		case err != nil:
			return unread[time.Time](err)
		}
	}
	return accesskey.Observed(a.acts.latest[subject.User], a.acts.read, trailSource)
}

// readActs reads what came since the last time, newest first, so that what is
// left out where there is too much is the older.
func (a *Account) readActs(ctx context.Context, region string, now time.Time) error {
	from := now.Add(-awsapi.EventsKept)
	if !a.acts.read.IsZero() {
		from = a.acts.read.Add(-actsLate)
	} else {
		a.acts.latest = map[string]time.Time{}
	}
	for _, name := range acting {
		pages := 0
		for events, err := range a.session.Events(ctx, awsapi.EventQuery{Region: region, Attribute: awsapi.ByName, Value: name, From: from}) {
			if err != nil {
				return err
			}
			for _, e := range events {
				a.note(e)
			}
			if pages++; pages == actsPages {
				break
			}
		}
	}
	a.acts.read = now
	return nil
}

func (a *Account) note(e awsapi.Event) {
	if !strings.HasPrefix(tokenOf(e), a.options.Journal+".") {
		return
	}
	if e.At.After(a.acts.latest[e.User]) {
		a.acts.latest[e.User] = e.At
	}
}
