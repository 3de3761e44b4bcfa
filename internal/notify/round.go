package notify

import (
	"context"
	"errors"
	"fmt"

	"github.com/keytend/keytend/internal/notice"
)

// ErrSilent is wrapped by errors of channels that gave no answer in time.
var ErrSilent = errors.New("no answer")

// Try sends a message through a channel and waits no longer than half a minute,
// repeats included, whether or not the channel heeds its context. Where it gave
// up waiting, the message may arrive all the same.
func Try(ctx context.Context, c Channel, m notice.Message) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.Send(limited, m) }()
	select {
	case err := <-done:
		if err == nil || limited.Err() == nil {
			return err
		}
	case <-limited.Done():
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", c.Name(), ctx.Err())
	}
	return fmt.Errorf("%s: %w within %s", c.Name(), ErrSilent, patience)
}

// round is one emptying of the outbox.
type round struct {
	post   Post
	outbox Outbox
	silent map[string]bool // channels that gave no answer
	seen   map[string]bool // parcels
	done   []Delivery
}

// take tries one parcel, or keeps it.
func (r *round) take(ctx context.Context, parcel notice.Parcel) error {
	if r.seen[parcel.ID] {
		return nil
	}
	r.seen[parcel.ID] = true
	if interrupted(ctx) || r.silent[parcel.Channel] {
		r.done = append(r.done, Delivery{Parcel: parcel, Kept: true})
		return nil
	}
	d := r.try(ctx, parcel)
	r.done = append(r.done, d)
	if d.Kept {
		return nil
	}
	return r.outbox.Settle(context.WithoutCancel(ctx), parcel, d.Parcel, r.alarms(d.Parcel))
}

func interrupted(ctx context.Context) bool { return ctx.Err() != nil }

func (r *round) try(ctx context.Context, parcel notice.Parcel) Delivery {
	p := r.post
	err := fmt.Errorf("channel %s is no longer configured: %w", parcel.Channel, ErrRefused)
	if c := p.channel(parcel.Channel); c != nil {
		err = Try(ctx, c, parcel.Message)
	}
	switch {
	case err == nil:
		return Delivery{Parcel: parcel.Delivered(p.Now())}
	case interrupted(ctx):
		return Delivery{Parcel: parcel, Kept: true}
	}
	r.silent[parcel.Channel] = errors.Is(err, ErrSilent)
	return Delivery{Parcel: parcel.Failed(err.Error(), errors.Is(err, ErrRefused), p.Now()), Err: err}
}

// alarms are what the fallback is told of a parcel that died.
func (r *round) alarms(died notice.Parcel) []notice.Parcel {
	p := r.post
	var alarms []notice.Parcel
	for _, a := range died.Alarm(p.Fallback, p.names(), p.Now()) {
		if to, ok := p.route(p.channel(a.Channel), a.To); ok {
			a.To = to
			alarms = append(alarms, a)
		}
	}
	return alarms
}
