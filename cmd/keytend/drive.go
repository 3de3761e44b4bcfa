package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// drive takes one user's record through passes, and tells what happens.
type drive struct {
	app     *app
	rotator *rotation.Rotator
	subject accesskey.Subject
	stay    stay
	// between, where set, is asked after each pass.
	between func(context.Context, rotation.Result) error
	// heard, where set, gets the lines instead of stdout.
	heard func(string)

	left   time.Duration               // of patience
	waited map[accesskey.Reason]waited // for what, since the latest step
	took   time.Duration               // by the latest pass
}

// againAtMost is how often a command waits for one and the same thing, with
// others between or not, before it leaves: what nobody knows when it will come
// is for another day.
const againAtMost = 3

// waited is what was waited for: how often it was put off, and until when.
type waited struct {
	times int
	until time.Time
}

// failuresBorne is how many passes in a row may fail before a command gives up:
// each looks at the world anew.
const failuresBorne = 5

// actsAtMost is how many steps one command takes without a wait: a whole
// rotation has some thirty.
const actsAtMost = 500

// longestNap is how long --wait sleeps at most: what is held or blocked may be
// released by another command meanwhile.
const longestNap = 15 * time.Minute

// run makes passes until the record has ended, waits for longer than the
// command stays, or is a person's turn. The record may be left in any phase:
// the next command goes on.
func (d *drive) run(ctx context.Context) (rotation.Result, error) {
	d.left = d.stay.patience
	failed, acts := 0, 0
	for {
		res, err := d.pass(ctx)
		switch {
		case errors.Is(err, rotation.ErrNoRecord):
			return res, err
		case err != nil:
			if failed++; failed >= failuresBorne || ctx.Err() != nil {
				return res, err
			}
			d.app.log.WarnContext(ctx, "pass failed", "user", d.subject.User, "error", printable(err.Error()))
			if err := d.app.sleep(ctx, time.Duration(failed)*time.Second); err != nil {
				return res, err
			}
			continue
		case !res.Record.Live():
			return res, nil
		}
		failed = 0
		if !res.Waiting() {
			d.waited = nil
			if acts++; acts > actsAtMost {
				return res, fmt.Errorf("%s of %s comes to no end: still %s (%s)", res.Record.Work, d.subject.User, res.Step.Kind, res.Step.Reason)
			}
			continue
		}
		acts = 0
		if on, err := d.rest(ctx, res); err != nil || !on {
			return res, err
		}
	}
}

func (d *drive) pass(ctx context.Context) (rotation.Result, error) {
	before, _ := d.rotator.Journal.Fetch(ctx, d.subject)
	end := d.app.busy(d.subject.User + ": " + doing(before.Stage()))
	began := d.rotator.Clock.Now()
	res, err := d.rotator.Pass(ctx, d.subject)
	d.took = d.rotator.Clock.Now().Sub(began)
	end()
	if err != nil {
		return res, err
	}
	d.tell(before, res)
	if d.between != nil {
		err = d.between(ctx, res)
	}
	return res, err
}

// rest waits for what comes next, as far as patience goes; false: leave it to
// another command.
func (d *drive) rest(ctx context.Context, res rotation.Result) (on bool, err error) {
	pause := max(res.Step.NotBefore.Sub(d.rotator.Clock.Now()), 0) + 50*time.Millisecond
	blocked := res.Record.Phase == accesskey.Blocked
	if res.Step.Reason == policy.WhyReading { // each look gets on, and takes its time
		d.left -= d.took
	} else {
		d.count(res.Step)
	}
	switch {
	case d.stay.wait && !blocked:
		pause = min(pause, max(d.stay.nap, longestNap))
	case blocked || pause > d.left || d.waited[res.Step.Reason].times > againAtMost:
		return false, nil
	}
	d.left -= pause
	show, end := d.app.spin("waiting until " + clock(d.rotator.Clock.Now().Add(pause)) + ": " + string(res.Step.Reason))
	defer end()
	return true, d.nap(ctx, pause, show)
}

// count notes a wait. One until the same moment as before was only looked at too
// early.
func (d *drive) count(step policy.Step) {
	if d.waited == nil {
		d.waited = map[accesskey.Reason]waited{}
	}
	if w := d.waited[step.Reason]; w.times == 0 || step.NotBefore.After(w.until) {
		d.waited[step.Reason] = waited{w.times + 1, step.NotBefore}
	}
}

// nap sleeps, and turns the spinner.
func (d *drive) nap(ctx context.Context, pause time.Duration, turn func()) error {
	for pause > 0 {
		slice := min(pause, 200*time.Millisecond)
		if turn == nil {
			slice = pause
		} else {
			turn()
		}
		if err := d.app.sleep(ctx, slice); err != nil {
			return err
		}
		pause -= slice
	}
	return nil
}

// clock is the time of day, for waits of minutes.
func clock(t time.Time) string { return t.UTC().Format("15:04:05 MST") }

// tell says what one pass did: a line for each thing done, none for looking.
func (d *drive) tell(before accesskey.Record, res rotation.Result) {
	line := ""
	if before.Version != res.Record.Version {
		line = did(before, res)
	}
	switch {
	case line == "":
	case d.heard != nil:
		d.heard(printable(line))
	case !d.app.quiet:
		_, _ = fmt.Fprintf(d.app.stdout, "  %s  %s\n", clock(d.rotator.Clock.Now()), printable(line))
	}
}

// did puts into words what a pass has done; empty where it only looked.
func did(before accesskey.Record, res rotation.Result) string {
	r, step := res.Record, res.Step
	if r.Intent.Outcome == accesskey.OutcomeUnknown && before.Intent != r.Intent {
		return unanswered(r, step)
	}
	if step.Reason == policy.WhyDescription && r.Intent.Outcome == accesskey.OutcomeNotDone {
		return fmt.Sprintf("the description of %s could not be moved to %s: the audit says why", r.Old, r.New)
	}
	if r.Intent.Outcome == accesskey.OutcomeNotDone && before.Intent != r.Intent && step.Kind != policy.Check {
		return refused(r, step)
	}
	switch step.Kind {
	case policy.Check:
		return checked(r, step)
	case policy.Claim:
		if step.Reason == policy.WhyAgreed {
			return fmt.Sprintf("claimed: read twice, %s has %s", r.Subject.User, count(len(r.Claim.Keys), "key"))
		}
	case policy.Create:
		return fmt.Sprintf("created %s", r.New)
	case policy.Prove:
		return proved(before, r)
	case policy.Deliver:
		return "delivered to " + step.Destination
	case policy.Deactivate:
		return fmt.Sprintf("switched %s off (%s)", step.Key, step.Reason)
	case policy.Reactivate:
		return fmt.Sprintf("switched %s on again (%s)", step.Key, step.Reason)
	case policy.Restore:
		return "put back what " + step.Destination + " held before"
	case policy.Delete:
		return fmt.Sprintf("deleted %s (%s)", step.Key, step.Reason)
	case policy.Discard:
		return fmt.Sprintf("deleted %s: %s", step.Key, step.Reason)
	case policy.DenySessions:
		return "denied every session that was made until now"
	case policy.RollBack:
		return turnedAround(before, step)
	case policy.Finish:
		return finished(r, step)
	}
	return ""
}

// unanswered is a call of which it isn't known yet what became of it.
func unanswered(r accesskey.Record, step policy.Step) string {
	if d := r.Delivery(r.Intent.Destination); d != nil {
		return sentence(d.Error) + "; whether it was done all the same is found out by looking"
	}
	return fmt.Sprintf("%s: AWS's answer was lost; what became of it is found out by looking", step.Kind)
}

// refused is a call that was not carried out.
func refused(r accesskey.Record, step policy.Step) string {
	if d := r.Delivery(r.Intent.Destination); d != nil {
		return sentence(d.Error) + "; nothing was changed there"
	}
	return fmt.Sprintf("%s: refused; nothing was changed", step.Kind)
}

func checked(r accesskey.Record, step policy.Step) string {
	switch step.Reason {
	case policy.WhyRights:
		if r.Phase == accesskey.Blocked {
			return ""
		}
		return "rights, destinations and escrow are in order"
	case policy.WhySettle:
		return fmt.Sprintf("found out: %s was %s", r.Intent.Action, r.Intent.Outcome)
	case policy.WhyReadBack:
		return "read back everywhere: both keys work, the overlap begins"
	case policy.WhyOffElsewhere:
		return fmt.Sprintf("found %s switched off by somebody else", step.Key)
	}
	return ""
}

func proved(before, r accesskey.Record) string {
	if r.Proof.Error != "" && r.Proof.Count == 0 && r.Proof.Tried.After(before.Proof.Tried) {
		return fmt.Sprintf("%s failed its test, which begins anew: %s", r.New, sentence(r.Proof.Error))
	}
	if before.Proof.Passed.IsZero() && !r.Proof.Passed.IsZero() {
		return fmt.Sprintf("proved %s: %d calls in a row as the new key", r.New, r.Proof.Count)
	}
	return ""
}

func turnedAround(before accesskey.Record, step policy.Step) string {
	text := "rolling back: " + string(step.Reason)
	if step.Reason == policy.WhyProofExhausted && before.Proof.Error != "" {
		text += ": " + sentence(before.Proof.Error)
	}
	return text
}

func finished(r accesskey.Record, step policy.Step) string {
	if step.Reason == policy.WhyDescription && r.Intent.Outcome == accesskey.OutcomeDone {
		return fmt.Sprintf("moved the description of %s to %s", r.Old, r.New)
	}
	if r.Live() || step.Reason == policy.WhyRelease {
		return ""
	}
	return string(r.Phase)
}
