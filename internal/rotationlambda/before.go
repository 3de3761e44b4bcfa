package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// outOfTheWay ends a record that another rotation left, where nobody was offered
// its key; what has come further must end by itself first: a user has two keys.
func (v *visit) outOfTheWay(ctx context.Context, r accesskey.Record) (accesskey.Record, error) {
	switch r.Stage() {
	case accesskey.Requested, accesskey.Claimed:
		now, _, err := v.labels(ctx)
		if err != nil {
			return r, v.wrong("%w", err)
		}
		held, err := v.pair(ctx, now, current)
		if err != nil || held.ID == r.Old {
			return r, err
		}
		return v.giveUp(ctx)
	case accesskey.Created, accesskey.Proven:
		moved, err := v.moved(ctx, r)
		if err != nil {
			return r, v.wrong("%w", err)
		}
		if !moved {
			return v.giveUp(ctx)
		}
	case accesskey.RollingBack:
		if !r.Flags.Offered {
			left, err := v.giveUp(ctx)
			if err == nil && v.unwanted(r) {
				err = v.end(ctx, v.unwantedHere())
			}
			return left, err
		}
	}
	return v.reapFirst(ctx, r)
}

// moved: AWSCURRENT is on the version that holds the record's new key, whatever
// the record says of it.
func (v *visit) moved(ctx context.Context, r accesskey.Record) (bool, error) {
	where, err := parseSealed(r.Sealed)
	if err != nil {
		return false, nil //nolint:nilerr // no new key was stored
	}
	now, _, err := v.labels(ctx)
	return now == where.version, err
}

// reapFirst does the reaper's work on a record before, as far as it goes by now.
// What is left ends this rotation: there is no room for its key.
func (v *visit) reapFirst(ctx context.Context, r accesskey.Record) (accesskey.Record, error) {
	alone := v.unreaped(r)
	if err := v.drive(ctx, func(r accesskey.Record) bool { return !r.Live() }); err == nil {
		return v.live(ctx)
	}
	left, err := v.live(ctx)
	if err != nil || left.ID == "" {
		return left, err
	}
	return left, v.end(ctx, v.wrong("the rotation before has not ended yet (%s), and a user has no more than two keys; %srotate less often, or see `keytend secret status %s`", stateOf(left), alone, v.arn))
}

// unreaped says where nobody has gone on with a record since its key was
// delivered, though there was something to do; else it is empty.
func (v *visit) unreaped(r accesskey.Record) string {
	last := time.UnixMilli(v.journal.seen.revision)
	most := r.Terms.OverlapMax + 2*24*time.Hour
	if stage := r.Stage(); stage == accesskey.Proven || stage == accesskey.Delivered {
		most = 24 * time.Hour
	}
	if r.Phase == accesskey.Blocked || v.f.Rotator.Clock.Now().Before(last.Add(most)) {
		return ""
	}
	return fmt.Sprintf("nobody has gone on with it since %s: is the reaper scheduled (the function, invoked with {\"task\":%q} every hour or two)? Without it each rotation first ends the one before, and keys get much older; ",
		last.UTC().Format(time.RFC3339), Reap)
}

// giveUp rolls a record back and waits for its end.
func (v *visit) giveUp(ctx context.Context) (accesskey.Record, error) {
	r, err := v.rotator.Give(ctx, v.subject, v.rotator.Holder, rotation.GoBack(WhyGivenUp))
	if err != nil && !errors.Is(err, rotation.ErrUnfit) {
		return r, v.wrong("%w", err)
	}
	if err := v.drive(ctx, func(r accesskey.Record) bool { return !r.Live() }); err != nil {
		return r, err
	}
	return v.live(ctx)
}

// unwanted: a person had this very rotation rolled back. Secrets Manager's next try
// would begin it anew.
func (v *visit) unwanted(r accesskey.Record) bool {
	where, err := parseSealed(r.Sealed)
	return r.Outcome == policy.WhyPersonRolledBack && (err != nil || where.version == v.token)
}

func (v *visit) unwantedHere() error {
	return v.wrong("a person had this rotation rolled back. The next comes by the schedule, or begin it with `aws secretsmanager rotate-secret --secret-id %s`", v.arn)
}

// callOff takes AWSPENDING off the version of a rotation that a person had rolled back
// before a key was stored there.
func (v *visit) callOff(ctx context.Context, r accesskey.Record) error {
	if r.Outcome != policy.WhyPersonRolledBack {
		return nil
	}
	now, next, err := v.labels(ctx)
	if err != nil || next == "" || next == now {
		return err
	}
	held, err := v.pair(ctx, next, pending)
	if err == nil && held.ID == "" {
		err = v.unlabel(ctx, next)
	}
	return err
}

// end ends a rotation that no retry can finish: AWSPENDING is taken off, so that
// the next one can begin.
func (v *visit) end(ctx context.Context, why error) error {
	v.alarm(ctx, "the rotation was ended", "why", why.Error())
	return errors.Join(why, v.unlabel(ctx, v.token))
}
