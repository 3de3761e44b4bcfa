package rotation

import (
	"context"
	"errors"
	"fmt"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// claim writes a reading down, marks the user, or makes the claim.
func (p *pass) claim() error {
	switch p.step.Reason {
	case policy.WhyFirstReading:
		return p.firstReading()
	case policy.WhyTag:
		return p.tag()
	}
	next := p.next()
	next.Claim.At = p.now
	enter(&next, accesskey.Claimed, p.now)
	return p.put(next, accesskey.Event{What: "claimed", Note: fmt.Sprintf("keys %v", next.Claim.Keys)})
}

func (p *pass) firstReading() error {
	next := p.next()
	c := accesskey.Claim{Token: p.JournalName + "." + p.Random(), Former: next.Claim.Former, Read: p.in.ObservedAt, Keys: policy.KeyIDs(p.in)}
	if next.Claim.Token != "" {
		c.Former = append(c.Former, next.Claim.Token)
	}
	next.Claim = c
	if next.Phase == accesskey.Claimed {
		enter(&next, accesskey.Requested, p.now)
	}
	return p.put(next, accesskey.Event{What: "keys read", Note: fmt.Sprintf("keys %v", c.Keys)})
}

// tag marks the user as ours. Where that is denied, exclusion between journals
// is not guaranteed, and the audit says so.
func (p *pass) tag() error {
	return p.mutate(call{
		intent: accesskey.Intent{Action: accesskey.TagClaim},
		send:   func(ctx context.Context, permit Permit) error { return p.Tags.Tag(ctx, p.record.Subject, permit) },
		notDone: func(next *accesskey.Record, err error) {
			next.Claim.Untaggable = errors.Is(err, ErrDenied)
		},
	})
}
