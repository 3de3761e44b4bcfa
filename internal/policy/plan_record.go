package policy

import (
	"slices"

	"github.com/keytend/keytend/internal/accesskey"
)

// missing tells of a record whose key the inventory doesn't show. What the
// policy says of it may still be told by its user.
func (p *planner) missing(u *Underway) Item {
	s := u.Record.Subject
	as := Item{Account: s.Account, User: s.User, UserID: s.UserID, Key: u.Record.Old, Action: Unjudged}
	user := accesskey.User{Name: s.User, ID: s.UserID}
	for i := range p.Inventory.Users {
		if p.Inventory.Users[i].Name == s.User {
			user = p.Inventory.Users[i]
		}
	}
	key := accesskey.Key{ID: accesskey.Observed(u.Record.Old, p.now, "on record")}
	if ruling, err := p.rule(&p.Inventory.Account, &user, &key, p.now); err == nil {
		as.Ruling, as.Owner = p.shared(&ruling), ruling.Owner
	}
	return p.underway(u, as)
}

// underway is what a plan says about a record: its next step, as the gate lets
// it. as is what the plan would say about the key without it.
func (p *planner) underway(u *Underway, as Item) Item {
	r := &u.Record
	it := Item{
		Account: as.Account, User: as.User, UserID: r.Subject.UserID, Key: r.Old, Created: as.Created, Owner: as.Owner,
		Privileged: as.Privileged, Evidence: as.Evidence, Ruling: as.Ruling,
		Work: r.Work, Due: r.Due, Delete: !r.Terms.Keep, Record: r.ID, Version: r.Version, Phase: r.Phase,
		Planned: r.Planned, started: r.Started, drawn: r.Reserved,
	}
	for i := range r.Deliveries {
		it.Destinations = append(it.Destinations, r.Deliveries[i].Destination)
	}
	it.Late = !r.Due.IsZero() && p.now.After(r.Due) && r.OldExit.Inactive().IsZero()
	step := p.admitted(u, as)
	it.Next, it.At, it.Reason, it.Saw = step.Kind, step.NotBefore, step.Reason, step.Saw
	it.Action = actionOf(r, step)
	if it.Action == Blocked && r.Block != nil {
		it.Reason, it.Saw, it.Todo = r.Block.Reason, r.Block.Saw, r.Block.Command
	}
	if it.Unapproved = it.Action == Waits && yetToApprove(r, it.Ruling); it.Unapproved {
		it.Saw = joined(it.Saw, "nobody has approved it yet")
	}
	if it.Action == Approval || it.Unapproved {
		it.Todo = "keytend approve " + it.User + " (or: keytend reject " + it.User + ")"
	}
	if as.Reason == WhyLeaked && r.Work != accesskey.Revocation {
		it.Saw, it.Todo = joined(it.Saw, as.Saw), as.Todo
	}
	return it
}

// yetToApprove: a notice of weeks is time enough to decide, if people know that
// they have to.
func yetToApprove(r *accesskey.Record, ruling *Ruling) bool {
	return ruling != nil && ruling.Mode == Approve && r.Planned && (r.Approval == nil || r.Approval.Version < r.Amended)
}

// joined puts what was seen besides behind what was seen.
func joined(saw, besides string) string {
	if saw == "" {
		return besides
	}
	return saw + "; " + besides
}

// admitted is the record's next step, as the gate lets it.
func (p *planner) admitted(u *Underway, as Item) Step {
	if u.Step.Kind == "" {
		return Step{Kind: Wait, Reason: orReason(u.Record.Watch.Waiting, WhyUnknownFact), Saw: u.Why}
	}
	gate := Gate{Mode: ObserveOnly}
	if as.Ruling != nil || !u.Record.Planned {
		gate = rulingOf(&as).Gate(u.Record, p.now)
	}
	a := Admit(u.Step, u.Record, gate, p.now)
	switch {
	case a.Admitted:
		return u.Step
	case as.Reason == WhyExempt || as.Reason == WhyLeftOut:
		return Step{Kind: Wait, Reason: as.Reason, NotBefore: as.At, Saw: as.Saw}
	}
	return a.Step
}

func orReason(a, b accesskey.Reason) accesskey.Reason {
	if a != "" {
		return a
	}
	return b
}

func actionOf(r *accesskey.Record, step Step) Action {
	switch {
	case step.Kind == Block, r.Phase == accesskey.Blocked && step.Kind == Wait:
		return Blocked
	case step.Kind == Wait && step.Reason == WhyUnapproved:
		return Approval
	case step.Kind == Wait:
		return Waits
	}
	return GoOn
}

// Undone reports whether anything was done for a record that could not be left
// as it is: nothing was, where no call that changes the world was written down.
func Undone(r accesskey.Record) bool {
	return r.New == "" && r.Intent.Action == "" && r.Claim.Tagged.IsZero() && r.OldExit == (accesskey.Exit{}) &&
		slices.Contains([]accesskey.Phase{accesskey.Requested, accesskey.Noticed, accesskey.Claimed}, r.Stage())
}
