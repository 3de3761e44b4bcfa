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
	failed map[string]int    // channels, and how often in a row they have failed
	quit   map[string]string // channels that are not tried again, and why
	seen   map[string]bool   // parcels
	done   []Delivery
}

// enough is how often in a row a channel may fail: each try of one that is down or
// overrun takes its time, and the next parcel would fare no better.
const enough = 3

// judge counts the outcomes of a channel's tries. One that gives no answer has
// taken more time than any other.
func (r *round) judge(channel string, err error) {
	r.failed[channel]++
	switch {
	case err == nil, errors.Is(err, ErrRefused): // it is there
		r.failed[channel] = 0
	case errors.Is(err, ErrSilent):
		r.quit[channel] = "it gave no answer"
	case r.failed[channel] >= enough:
		r.quit[channel] = fmt.Sprintf("it failed %d times in a row", enough)
	}
}

// take tries one parcel, or keeps it.
func (r *round) take(ctx context.Context, parcel notice.Parcel) error {
	if r.seen[parcel.ID] {
		return nil
	}
	r.seen[parcel.ID] = true
	if why := r.quit[parcel.Channel]; why != "" || interrupted(ctx) {
		r.done = append(r.done, Delivery{Parcel: parcel, Kept: true, Why: why})
		return nil
	}
	d := r.try(ctx, parcel)
	var alarms []notice.Parcel
	alarms, d.Told = r.alarms(d.Parcel)
	r.done = append(r.done, d)
	if d.Kept {
		return nil
	}
	return r.outbox.Settle(context.WithoutCancel(ctx), parcel, d.Parcel, alarms)
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
		r.judge(parcel.Channel, nil)
		return Delivery{Parcel: parcel.Delivered(p.Now())}
	case interrupted(ctx):
		return Delivery{Parcel: parcel, Kept: true}
	}
	r.judge(parcel.Channel, err)
	return Delivery{Parcel: parcel.Failed(err.Error(), errors.Is(err, ErrRefused), p.Now()), Err: err}
}

// alarms are what the fallback is told of a parcel that died: not by the way it
// died on, unless there is no other, and nobody is told meanwhile.
func (r *round) alarms(died notice.Parcel) (alarms []notice.Parcel, told bool) {
	p := r.post
	var sameWay []notice.Parcel
	for _, a := range died.Alarm(p.Fallback, p.names(), p.Now()) {
		to, ok := p.route(p.channel(a.Channel), a.To)
		a.To = to
		switch {
		case !ok:
		case a.Channel == died.Channel && a.To == died.To:
			sameWay = append(sameWay, a)
		default:
			alarms = append(alarms, a)
		}
	}
	if len(alarms) == 0 {
		return sameWay, false
	}
	return alarms, true
}
