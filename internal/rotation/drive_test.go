package rotation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// pass runs one pass and tells whether the process died of it.
func (w *world) pass(p *process) (res Result, err error, died bool) {
	defer func() {
		if x := recover(); x != nil {
			c, mine := x.(crashed)
			if !mine {
				panic(x)
			}
			if c.p != p {
				panic(x)
			}
			died = true
		}
	}()
	p.looked, p.made = p.learned, nil
	res, err = p.rotator.Pass(context.Background(), w.subject())
	w.say("%s: %s %s %s [%s] %s err=%v", p.name, res.Step.Kind, res.Step.Key, res.Step.Destination, res.Step.Reason, res.Step.Saw, err)
	w.afterPass(p, res, err)
	return res, err, false
}

// runOne runs one pass and sets when the process has its next.
func (w *world) runOne(p *process) (Result, error) {
	res, err, died := w.pass(p)
	p.next = w.now.Add(2 * time.Second)
	switch {
	case died:
	case errors.Is(err, ErrNoRecord):
		p.next = w.now.Add(w.maxNap)
	case err != nil:
		p.next = w.now.Add(10 * time.Second)
	case res.Waiting():
		p.next = w.now.Add(w.maxNap)
		if t := res.Step.NotBefore; !t.IsZero() && t.Before(p.next) {
			p.next = t
		}
		switch res.Step.Reason { // minute by minute they take too long to live through
		case policy.WhySkew, policy.WhyHeld, policy.WhyUnapproved, policy.WhyBudget, policy.WhyInUseByUs, policy.WhyNewUnused, policy.WhyPlaces:
			p.next = w.now.Add(min(w.maxNap, time.Hour))
		}
		if soon := w.now.Add(time.Second); p.next.Before(soon) {
			p.next = soon
		}
	}
	return res, err
}

// reborn starts the process that takes the place of one that died.
func (w *world) reborn(p *process) *process {
	w.now = w.now.Add(10 * time.Second)
	q := w.newProcess(fmt.Sprintf("%s'", p.name), p.journal)
	q.base, q.rotator.Decide, q.rotator.Gate, q.provable, q.other, q.host = p.base, p.rotator.Decide, p.rotator.Gate, p.provable, p.other, p.host
	if p.other != nil {
		p.other.other = q
	}
	return q
}

// untilEnd runs passes until the record is over, or has been a person's turn
// for a while, or the time is up. It returns the record as it stands.
func (w *world) untilEnd(p *process, limit time.Duration) (accesskey.Record, *process) {
	until := w.now.Add(limit)
	var blocked time.Time
	for w.now.Before(until) && len(w.broken) == 0 {
		w.advance(p.next)
		_, err := w.runOne(p)
		if p.dead {
			p = w.reborn(p)
			continue
		}
		r, live := p.journal.live()
		if !live {
			return p.journal.latest(), p
		}
		if errors.Is(err, ErrNoRecord) {
			break
		}
		switch {
		case r.Phase != accesskey.Blocked:
			blocked = time.Time{}
		case blocked.IsZero():
			blocked = w.now
		case w.now.Sub(blocked) > 3*24*time.Hour:
			return r, p
		}
	}
	r, live := p.journal.live()
	if !live {
		r = p.journal.latest()
	}
	return r, p
}

// quickTerms are the protocol's times, shorter, in the same proportions.
func quickTerms() accesskey.Terms {
	t := accesskey.DefaultTerms()
	t.Idle, t.LagMargin, t.Overlap, t.OverlapMax, t.Rest = 24*time.Hour, 6*time.Hour, 12*time.Hour, 5*24*time.Hour, 24*time.Hour
	t.Notice, t.DeliverMax = 24*time.Hour, 12*time.Hour
	t.Cache = time.Hour
	return t
}

// rotate puts a rotation of a key on record.
func (w *world) rotate(p *process, old accesskey.ID, alter func(*accesskey.Record)) accesskey.Record {
	r := accesskey.Record{
		ID: fmt.Sprintf("r%d", p.journal.events), Work: accesskey.Rotation, Subject: w.subject(), Phase: accesskey.Requested,
		Since: w.now, Started: w.now, Old: old, Terms: quickTerms(),
	}
	for _, name := range w.placeNames() {
		r.Deliveries = append(r.Deliveries, accesskey.Delivery{Destination: name})
	}
	if alter != nil {
		alter(&r)
	}
	r, err := p.Create(context.Background(), r, accesskey.Event{What: "asked", At: w.now})
	if err != nil {
		panic(err)
	}
	return r
}

func (w *world) placeNames() []string {
	var out []string
	for _, c := range []string{"a", "b", "c"} {
		if w.places[c] != nil {
			out = append(out, c)
		}
	}
	return out
}

// ordinary is a user with one key in two places, each with a consumer.
func ordinary(seed uint64) (*world, accesskey.ID) {
	w := newWorld(seed)
	old := w.addKey("", false)
	w.describe(old)
	w.made[old].offered = true
	for i, name := range []string{"a", "b"} {
		w.places[name] = &place{name: name, readable: true}
		w.put(w.places[name], old, false)
		w.eaters = append(w.eaters, &consumer{name: "eater-" + name, place: name, period: time.Duration(100+30*i) * time.Minute, cache: 45 * time.Minute, next: w.now})
	}
	w.advance(w.now.Add(48 * time.Hour))
	return w, old
}
