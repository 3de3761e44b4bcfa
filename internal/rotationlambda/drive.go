package rotationlambda

import (
	"context"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

const (
	failuresBorne = 5 // passes in a row that may fail: each looks at the world anew
	actsAtMost    = 300
	spare         = 20 * time.Second // of the invocation's time, for the answer
)

// drive makes passes until the record is where it is wanted, waiting as long as
// the invocation may. An error says what is waited for, or what a person must
// choose; the next invocation goes on.
func (v *visit) drive(ctx context.Context, reached func(accesskey.Record) bool) error {
	failed := 0
	for range actsAtMost {
		res, err := v.rotator.Pass(ctx, v.subject)
		switch {
		case v.over != nil:
			return v.end(ctx, v.wrong("%w", v.over))
		case err != nil:
			if failed++; failed >= failuresBorne {
				return v.wrong("%w", err)
			}
			if err := v.rest(ctx, time.Duration(failed)*time.Second, err); err != nil {
				return err
			}
			continue
		case reached(res.Record):
			return nil
		case !res.Record.Live() && v.unwanted(res.Record):
			return v.end(ctx, v.unwantedHere())
		case !res.Record.Live():
			return v.wrong("the rotation has ended without it: %s (%s)", res.Record.Phase, res.Record.Outcome)
		}
		failed = 0
		if res.Waiting() {
			if err := v.waiting(ctx, res); err != nil {
				return err
			}
		}
	}
	return v.wrong("the rotation comes to no end")
}

// waiting waits for what comes next, as far as the invocation's time goes.
func (v *visit) waiting(ctx context.Context, res rotation.Result) error {
	r, key := res.Record, res.Record.Old
	if r.New != "" {
		key = r.New
	}
	if b := r.Block; r.Phase == accesskey.Blocked && b != nil {
		return v.wrong("key %s: a person must choose: %s: %s. What resolves it: %s", key, b.Reason, b.Saw, b.Command)
	}
	pause := res.Step.NotBefore.Sub(v.f.Rotator.Clock.Now())
	return v.rest(ctx, max(pause, 0)+50*time.Millisecond, v.wrong("key %s: the %s waits since %s: %s: %s. The next try goes on",
		key, r.Work, r.Watch.WaitingFrom.UTC().Format(time.RFC3339), res.Step.Reason, res.Step.Saw))
}

// rest sleeps, or returns why it can't.
func (v *visit) rest(ctx context.Context, pause time.Duration, why error) error {
	if !v.f.Rotator.Clock.Now().Add(pause + spare).Before(v.ends) {
		return why
	}
	if err := v.f.Sleep(ctx, pause); err != nil {
		return why
	}
	return nil
}
