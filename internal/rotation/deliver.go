package rotation

import (
	"context"
	"fmt"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// deliver hands the new key to one destination, over what was just read there
// and only over that; what stood there first is sealed with the intent.
func (p *pass) deliver() error {
	name := p.step.Destination
	place, err := p.Destination(p.record.Subject, name)
	if err != nil {
		return p.stuck(err)
	}
	cred, err := p.secret()
	if err != nil {
		return p.stuck(err)
	}
	seen, _ := p.in.Destinations[name].Get()
	previous, fresh, err := p.previous(place, name, seen)
	if err != nil {
		return p.stuck(err)
	}
	if !fresh {
		return nil
	}
	var version Version
	return p.mutate(call{
		intent: accesskey.Intent{Action: accesskey.Deliver, Key: p.record.New, Destination: name},
		prepare: func(next *accesskey.Record) {
			d := next.Delivery(name)
			d.Previous, d.Expect, d.Tried, d.Tries = previous, seen.Version, p.now, d.Tries+1
			next.Flags.Offered = true
		},
		send: func(ctx context.Context, permit Permit) (err error) {
			version, err = place.Deliver(Within(ctx, permit.Until, p.Clock.Now), p.expected(seen), cred)
			return err
		},
		done:    func(next *accesskey.Record) { next.Delivery(name).Version = string(version) },
		notDone: func(next *accesskey.Record, err error) { next.Delivery(name).Error = err.Error() },
	})
}

// expected is what a delivery replaces: the version just read, or where nothing
// can be read, the old key.
func (p *pass) expected(seen policy.Reading) Version {
	if !seen.Readable {
		return Version(p.record.Old)
	}
	return Version(seen.Version)
}

// previous seals what stands in a destination before our first write there.
// fresh is false where somebody wrote since it was read: look again.
func (p *pass) previous(place Destination, name string, seen policy.Reading) (sealed string, fresh bool, err error) {
	if d := p.record.Delivery(name); d.Previous != "" {
		return d.Previous, true, nil
	}
	restorer, can := place.(Restorer)
	if !can {
		return "", true, nil
	}
	plain, version, err := restorer.Previous(p.ctx)
	if err != nil {
		return "", false, fmt.Errorf("read %s before the first write: %w", name, err)
	}
	if string(version) != seen.Version {
		return "", false, nil
	}
	sealed, err = p.Escrow.Seal(p.ctx, ForPrevious, plain)
	if err != nil {
		return "", false, fmt.Errorf("seal what %s holds: %w", name, err)
	}
	return sealed, true, nil
}

// restore puts back what stood in a destination before us.
func (p *pass) restore() error {
	name := p.step.Destination
	place, err := p.Destination(p.record.Subject, name)
	if err != nil {
		return p.stuck(err)
	}
	restorer, can := place.(Restorer)
	if !can {
		return p.stuck(fmt.Errorf("%s can't be put back", name))
	}
	plain, err := p.Escrow.Open(p.ctx, ForPrevious, p.record.Delivery(name).Previous)
	if err != nil {
		return p.stuck(fmt.Errorf("open what %s held: %w", name, err))
	}
	seen, _ := p.in.Destinations[name].Get()
	return p.mutate(call{
		intent: accesskey.Intent{Action: accesskey.Restore, Key: p.record.Old, Destination: name},
		prepare: func(next *accesskey.Record) {
			d := next.Delivery(name)
			d.Expect, d.Tried, d.Tries = seen.Version, p.now, d.Tries+1
		},
		send: func(ctx context.Context, permit Permit) error {
			_, err := restorer.Restore(Within(ctx, permit.Until, p.Clock.Now), Version(seen.Version), plain)
			return err
		},
		notDone: func(next *accesskey.Record, err error) { next.Delivery(name).Error = err.Error() },
	})
}
