package rotation

import (
	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// wait writes down since when it waits for this reason, and tells people once
// when that is too long.
func (p *pass) wait() error {
	next, event := p.waited()
	if same(p.record, next) {
		return nil
	}
	return p.put(next, event)
}

// waited is the record as it waits, and what the audit says of it.
func (p *pass) waited() (accesskey.Record, accesskey.Event) {
	next := p.next()
	if p.record.Phase == accesskey.Blocked && !unblocks(p.step.Reason) {
		next.Phase, next.Block = p.record.Phase, p.record.Block
	}
	if next.Watch.Waiting != p.step.Reason {
		next.Watch.Waiting, next.Watch.WaitingFrom = p.step.Reason, policy.WaitingSince(p.record, p.step.Reason, p.now)
	}
	event := accesskey.Event{What: "waits", Key: p.step.Key, Destination: p.step.Destination, Note: p.step.Saw}
	if !p.step.Deadline.IsZero() && !p.now.Before(p.step.Deadline) && !alerted(next, p.step.Reason) {
		next.Alerted = append(next.Alerted, p.step.Reason)
		event.What, event.Alert = "waits past its deadline", true
	}
	return next, event
}

// idle reports that taking the step would change nothing, and write nothing
// down.
func (p *pass) idle() bool {
	switch p.step.Kind {
	case policy.Wait:
		next, _ := p.waited()
		return same(p.record, next)
	case policy.Block:
		return p.blocked(p.step.Reason)
	}
	return false
}

// stuck waits where the step could not even be begun: nothing was sent, and
// people are told if it stays so.
func (p *pass) stuck(err error) error {
	p.step = policy.CannotAct(p.record, p.step, err.Error(), p.now)
	return p.wait()
}

// unblocks: a wait for more knowledge doesn't mean that what blocked is over.
func unblocks(why accesskey.Reason) bool {
	switch why {
	case policy.WhyUnknownFact, policy.WhyReading, policy.WhyStaleLook, policy.WhyConfirming, policy.WhyIntentOpen, policy.WhySpacing, policy.WhySkew, policy.WhyAuthor, policy.WhyCannotAct:
		return false
	}
	return true
}

func alerted(r accesskey.Record, why accesskey.Reason) bool {
	for _, a := range r.Alerted {
		if a == why {
			return true
		}
	}
	return false
}

// same reports that nothing worth writing down has changed.
func same(a, b accesskey.Record) bool {
	if p, q := a.Allowed, b.Allowed; (p == nil) != (q == nil) || p != nil && *p != *q {
		return false
	}
	if a.Phase != b.Phase || len(a.Alerted) != len(b.Alerted) || len(a.Late) != len(b.Late) {
		return false
	}
	v, w := a.Watch, b.Watch
	if len(v.Others) != len(w.Others) {
		return false
	}
	for id, t := range v.Others {
		if !w.Others[id].Equal(t) {
			return false
		}
	}
	if v.OldSeen.IsZero() != w.OldSeen.IsZero() || v.NewSeen.IsZero() != w.NewSeen.IsZero() ||
		v.NewOurs.IsZero() != w.NewOurs.IsZero() || v.NewTaken.IsZero() != w.NewTaken.IsZero() {
		return false
	}
	return v.OldGone.Equal(w.OldGone) && v.NewGone.Equal(w.NewGone) && v.OldInactive.Equal(w.OldInactive) &&
		v.NewInactive.Equal(w.NewInactive) && v.OldActive.Equal(w.OldActive) &&
		v.OldRevived.After(a.OldExit.Inactive()) == w.OldRevived.After(b.OldExit.Inactive()) &&
		v.NewRevived.After(a.NewExit.Inactive()) == w.NewRevived.After(b.NewExit.Inactive()) && v.Waiting == w.Waiting
}
