package fakeaws

import (
	"context"
	"slices"
	"time"
)

// duty is what AWS does by itself at some time: rotate a secret, try that again,
// invoke what a schedule names. Unlike deferred work it may run functions, which
// call AWS themselves.
type duty struct {
	at   time.Time
	seq  uint64 // among those of one moment, in the order in which they were set
	do   func(ctx context.Context)
	void bool // called off
}

// due has do run at the virtual time at, by RunDue and outside the lock.
func (a *AWS) due(at time.Time, do func(ctx context.Context)) *duty {
	a.duties++
	d := &duty{at: at, seq: a.duties, do: do}
	i, _ := slices.BinarySearchFunc(a.agenda, d, func(have, d *duty) int {
		if c := have.at.Compare(d.at); c != 0 {
			return c
		}
		return int(have.seq) - int(d.seq)
	})
	a.agenda = slices.Insert(a.agenda, i, d)
	select {
	case a.woken <- struct{}{}:
	default: // it is told already
	}
	return d
}

// callOff keeps a duty from being done; nil is none.
func (a *AWS) callOff(d *duty) {
	if d != nil {
		d.void = true
		a.agenda = slices.DeleteFunc(a.agenda, func(have *duty) bool { return have == d })
	}
}

// RunDue does everything scheduled that is due by Now, oldest first: rotations of
// secrets and their retries, EventBridge's rules and schedules, invocations that
// nobody waits for. It returns how many things it did. What it does may take time
// and make more due. Once ctx has ended it begins nothing more, and while it is
// at work already (it may be called by what it does) it does nothing.
func (a *AWS) RunDue(ctx context.Context) int {
	if !a.turn.TryLock() {
		return 0
	}
	defer a.turn.Unlock()
	return a.doDue(ctx)
}

// doDue is for who holds the turn.
func (a *AWS) doDue(ctx context.Context) (done int) {
	for ctx.Err() == nil {
		d := a.nextDuty()
		if d == nil {
			break
		}
		d.do(ctx)
		done++
	}
	return done
}

// nextDuty takes the oldest duty that is due.
func (a *AWS) nextDuty() *duty {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.agenda) == 0 || a.agenda[0].at.After(a.clock.now()) {
		return nil
	}
	d := a.agenda[0]
	a.agenda = a.agenda[1:]
	return d
}

// NextDue is when RunDue has something to do next; false: nothing is scheduled.
func (a *AWS) NextDue() (time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.agenda) == 0 {
		return time.Time{}, false
	}
	return a.agenda[0].at, true
}

// Woken receives when something new was scheduled, for whoever waits for NextDue.
func (a *AWS) Woken() <-chan struct{} { return a.woken }

// Elapse is Advance by d in as many steps as there are things due on the way, each
// done in its own time. It returns how many it did. While RunDue is at work it is
// Advance alone.
func (a *AWS) Elapse(ctx context.Context, d time.Duration) int {
	if !a.turn.TryLock() {
		a.Advance(d)
		return 0
	}
	defer a.turn.Unlock()
	return a.elapse(ctx, d)
}

// elapse is for who holds the turn.
func (a *AWS) elapse(ctx context.Context, d time.Duration) int {
	until := a.Now().Add(d)
	done := a.doDue(ctx)
	for ctx.Err() == nil {
		next, any := a.NextDue()
		if !any || next.After(until) {
			break
		}
		a.Advance(max(0, next.Sub(a.Now())))
		done += a.doDue(ctx)
	}
	a.Advance(max(0, until.Sub(a.Now())))
	return done + a.doDue(ctx)
}

// elapseInTurn waits until what is being done is done; false: ctx ended before.
func (a *AWS) elapseInTurn(ctx context.Context, d time.Duration) bool {
	for !a.turn.TryLock() {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
	defer a.turn.Unlock()
	a.elapse(ctx, d)
	return ctx.Err() == nil
}
