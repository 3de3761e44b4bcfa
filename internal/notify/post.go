package notify

import (
	"context"
	"time"

	"github.com/keytend/keytend/internal/notice"
)

// Outbox is what is to be sent, and what became of it.
type Outbox interface {
	// Outbox returns the parcels that are to be tried now.
	Outbox(ctx context.Context, now time.Time) ([]notice.Parcel, error)
	// Settle writes a try's outcome and the alarms that come of it, in one
	// transaction.
	Settle(ctx context.Context, before, after notice.Parcel, alarms []notice.Parcel) error
}

// Post takes parcels to their channels.
type Post struct {
	Channels []Channel
	Fallback string // who is told of parcels that died
	Now      func() time.Time
}

// Parcels are what carries a digest through every channel; none where no channel
// reaches its recipient or the fallback.
func (p Post) Parcels(d notice.Digest, t Templates) ([]notice.Parcel, error) {
	m, err := t.Render(d)
	if err != nil {
		return nil, err
	}
	var parcels []notice.Parcel
	for _, c := range p.Channels {
		if to, ok := p.route(c, d.To); ok {
			parcels = append(parcels, p.parcel(m, c.Name(), d.ID, to))
		}
	}
	return parcels, nil
}

func (p Post) parcel(m notice.Message, channel, id, to string) notice.Parcel {
	if m.To != to {
		m.Title, m.Text = m.Title+" (for "+m.To+")", "For "+m.To+", whom this channel can't address.\n\n"+m.Text
	}
	m.ID, m.To = notice.ID(id, channel), to
	now := p.Now()
	return notice.Parcel{Message: m, Channel: channel, State: notice.Pending, Made: now, Next: now}
}

// route is whom a channel tells instead of somebody it can't reach.
func (p Post) route(c Channel, to string) (string, bool) {
	for _, who := range []string{to, p.Fallback} {
		if reaches(c, who) {
			return who, true
		}
	}
	return "", false
}

// Delivery is what one parcel came to.
type Delivery struct {
	Parcel notice.Parcel
	Err    error  // nil: sent, or kept
	Kept   bool   // not tried, or broken off: as it was, for the next run
	Why    string // what keeps it; empty: the end of the context
	Told   bool   // that it was given up is told by another way than its own
}

// Deliver tries every parcel whose time has come, alarms that come of it
// included. A channel that gives no answer, or fails three times in a row, is not
// tried again: what else is for it is kept, as everything is once the context ends. The error is that
// of the outbox: what was sent may not be marked, and is sent again under the
// same ID.
func (p Post) Deliver(ctx context.Context, o Outbox) ([]Delivery, error) {
	r := round{post: p, outbox: o, failed: map[string]int{}, quit: map[string]string{}, seen: map[string]bool{}}
	for range 2 { // the second time takes the alarms
		parcels, err := o.Outbox(context.WithoutCancel(ctx), p.Now())
		if err != nil {
			return r.done, err
		}
		for _, parcel := range parcels {
			if err := r.take(ctx, parcel); err != nil {
				return r.done, err
			}
		}
	}
	return r.done, nil
}

func (p Post) channel(name string) Channel {
	for _, c := range p.Channels {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

func (p Post) names() []string {
	var names []string
	for _, c := range p.Channels {
		names = append(names, c.Name())
	}
	return names
}
