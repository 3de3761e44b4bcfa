package rotation

import (
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// check looks without changing anything but the record.
func (p *pass) check() error {
	switch p.step.Reason {
	case policy.WhySettle:
		return p.settle()
	case policy.WhyRights:
		return p.preflight()
	}
	next := p.next()
	what := p.noted(&next)
	return p.put(next, accesskey.Event{What: what, Key: p.step.Key, Destination: p.step.Destination})
}

// noted writes down what was seen.
func (p *pass) noted(next *accesskey.Record) string {
	switch p.step.Reason {
	case policy.WhyFoundDelivered:
		d := next.Delivery(p.step.Destination)
		d.Done, d.ReadBack = p.now, p.in.ObservedAt
		next.Flags.Offered = true
		return "found delivered"
	case policy.WhyAllDelivered:
		enter(next, accesskey.Delivered, p.now)
		return "delivered"
	case policy.WhyReadBack:
		p.readBack(next)
		enter(next, accesskey.Overlap, p.now)
		return "read back"
	case policy.WhyOffElsewhere:
		p.offElsewhere(next)
		return "found switched off"
	case policy.WhyReplacement:
		enter(next, accesskey.Requested, p.now)
		return "to be replaced"
	}
	enter(next, accesskey.Resting, p.now)
	return "rests"
}

func (p *pass) readBack(next *accesskey.Record) {
	for i := range next.Deliveries {
		d := &next.Deliveries[i]
		if h, known := p.in.Destinations[d.Destination].Get(); known && h.Readable && h.Key == next.New {
			d.ReadBack, d.Version = p.in.ObservedAt, h.Version
		}
	}
}

// offElsewhere notes a key that went off: by a request of ours that came late,
// and then it left as that request meant it to, or by somebody else.
func (p *pass) offElsewhere(next *accesskey.Record) {
	exit := accesskey.Exit{Theirs: next.Watch.OldInactive, Ordered: true}
	if p.step.Key == next.New {
		exit.Theirs = next.Watch.NewInactive
	}
	for _, i := range next.Late {
		if i.Action == accesskey.Deactivate && i.Key == p.step.Key {
			exit = accesskey.Exit{Deactivated: p.now, KnownUse: i.KnownUse, Ordered: i.Why == policy.WhyOrdered}
		}
	}
	if p.step.Key == next.New {
		next.NewExit = exit
		return
	}
	next.OldExit, next.Watch.OldActive = exit, time.Time{}
	enter(next, accesskey.Resting, p.now)
}

// preflight proves rights, destinations and escrow before a key is made.
func (p *pass) preflight() error {
	if err := p.preflightErr(); err != nil {
		return p.block(policy.WhyCheckFailed, err.Error())
	}
	next := p.next()
	next.Checked = p.now
	return p.put(next, accesskey.Event{What: "rights, destinations and escrow in order"})
}

// preflightErr says of everything that is not in order, not of the first only.
func (p *pass) preflightErr() error {
	errs := []error{p.Escrow.Check(p.ctx), p.Rights.MayRotate(p.ctx, p.record.Subject)}
	for _, d := range p.record.Deliveries {
		if d.Dropped {
			continue
		}
		place, err := p.Destination(p.record.Subject, d.Destination)
		if err == nil {
			err = place.Check(p.ctx)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("check %s: %w", d.Destination, err))
		}
	}
	return errors.Join(errs...)
}
