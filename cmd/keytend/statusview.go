package main

import (
	"context"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/usage"
)

// view is one record as status shows it.
type view struct {
	Account    string             `json:"account"`
	User       string             `json:"user"`
	Work       accesskey.Work     `json:"work"`
	Phase      accesskey.Phase    `json:"phase"`
	Since      time.Time          `json:"since"`
	Started    time.Time          `json:"started"`
	Ended      *time.Time         `json:"ended"`
	Old        accesskey.ID       `json:"old"`
	New        accesskey.ID       `json:"new,omitempty"`
	Next       string             `json:"next,omitempty"` // the step that comes next
	Reason     accesskey.Reason   `json:"reason,omitempty"`
	Saw        string             `json:"saw,omitempty"`
	HeldUp     accesskey.Reason   `json:"held_up,omitempty"` // why the next step is not taken
	Then       string             `json:"then,omitempty"`    // what will be in the way when a notice is over
	NotBefore  *time.Time         `json:"not_before"`
	Deadline   *time.Time         `json:"deadline"`
	Alarmed    []accesskey.Reason `json:"alarmed,omitempty"`
	Command    string             `json:"command,omitempty"`   // what resolves a block
	Answers    []string           `json:"answers,omitempty"`   // the same, each with what it does
	HandOver   []string           `json:"hand_over,omitempty"` // how the key leaves whoever else manages it, line by line
	HeldBy     string             `json:"held_by,omitempty"`
	HeldWhy    string             `json:"held_why,omitempty"`
	Keys       []keyView          `json:"keys,omitempty"`
	Deliveries []deliveryView     `json:"deliveries,omitempty"`
	Uses       []string           `json:"uses,omitempty"`        // of the old key since the new one was delivered, as CloudTrail shows
	Unseen     string             `json:"unseen,omitempty"`      // why it is not known where the old key is used
	Before     *usage.Case        `json:"safety_case,omitempty"` // what is to be known before the old key is switched off
	Probe      string             `json:"probe,omitempty"`
	Unproved   string             `json:"unproved,omitempty"` // why the latest try as the new key failed
	Outcome    accesskey.Reason   `json:"outcome,omitempty"`
	Problem    string             `json:"problem,omitempty"` // why it could not be looked at
}

type keyView struct {
	ID       accesskey.ID `json:"id"`
	Status   string       `json:"status"`
	LastUsed string       `json:"last_used"`
}

type deliveryView struct {
	Destination string       `json:"destination"`
	Delivered   *time.Time   `json:"delivered"`
	Holds       accesskey.ID `json:"holds,omitempty"` // just read
	Readable    bool         `json:"readable"`
	Dropped     bool         `json:"dropped,omitempty"`
	Error       string       `json:"error,omitempty"`
}

func (s *status) viewOf(r accesskey.Record) view {
	v := view{
		Account: r.Subject.Account, User: r.Subject.User, Work: r.Work, Phase: r.Phase, Since: r.Since, Started: r.Started,
		Ended: moment(r.Ended), Old: r.Old, New: r.New, Reason: r.Watch.Waiting, Alarmed: r.Alerted, Outcome: r.Outcome, Probe: r.Probe, Unproved: r.Proof.Error,
	}
	if r.Block != nil {
		v.Since = r.Block.Since
		v.Reason, v.Saw, v.Command = r.Block.Reason, sentence(r.Block.Saw), r.Block.Command
		v.HandOver = handOverOf(r.Block)
		v.Answers = s.app.choices(r, &s.state)
	}
	if r.Hold != nil {
		v.HeldBy, v.HeldWhy = r.Hold.By, r.Hold.Why
	}
	for _, d := range r.Deliveries {
		v.Deliveries = append(v.Deliveries, deliveryView{Destination: d.Destination, Delivered: moment(d.Done), Dropped: d.Dropped, Error: d.Error})
	}
	return v
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// look adds what AWS and the destinations say now.
func (s *status) look(ctx context.Context, b *bench, r accesskey.Record) view {
	v := s.viewOf(r)
	if !r.Live() {
		return v
	}
	res, err := b.rotator.Look(ctx, r.Subject)
	if err != nil {
		v.Problem = err.Error()
		return v
	}
	step := b.admitted(ctx, res)
	v.Next, v.NotBefore, v.Deadline = string(step.Kind), moment(step.NotBefore), moment(step.Deadline)
	if r.Block == nil {
		v.Reason, v.Saw = step.Reason, step.Saw
	}
	if then, held := policy.Foreseen(step, r, s.gateOf(ctx, b, res)); held {
		v.Then = string(then.Reason) + ": " + then.Saw
	}
	if res.Step.Kind != policy.Wait && policy.HeldUp(r.Watch.Waiting) {
		v.HeldUp = r.Watch.Waiting
	}
	v.Keys = keyViews(res, b.now())
	if at := deliveredAt(r); !at.IsZero() {
		v.Uses = usesSince(res, at, b.now())
	}
	v.Before = b.safetyCase(ctx, res)
	v.Unseen = res.Input.OldUses.Why()
	for i, d := range v.Deliveries {
		held, known := res.Input.Destinations[d.Destination].Get()
		if v.Deliveries[i].Holds, v.Deliveries[i].Readable = held.Key, held.Readable; !known && !d.Dropped {
			v.Deliveries[i].Error = res.Input.Destinations[d.Destination].Why()
		}
	}
	return v
}

func keyViews(res rotation.Result, now time.Time) []keyView {
	user, known := res.Input.User.Get()
	keys, listed := user.Keys.Get()
	if !known || !listed {
		return nil
	}
	var views []keyView
	for _, k := range keys {
		id, _ := k.ID.Get()
		views = append(views, keyView{id, statusText(k), lastUsedText(k, now)})
	}
	return views
}
