package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
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
			return v.giveUp(ctx)
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
	r, err := v.rotator.Give(ctx, v.subject, v.rotator.Holder, rotation.Rollback())
	if err != nil && !errors.Is(err, rotation.ErrUnfit) {
		return r, v.wrong("%w", err)
	}
	if err := v.drive(ctx, func(r accesskey.Record) bool { return !r.Live() }); err != nil {
		return r, err
	}
	return v.live(ctx)
}

// end ends a rotation that no retry can finish: AWSPENDING is taken off, so that
// the next one can begin.
func (v *visit) end(ctx context.Context, why error) error {
	v.alarm(ctx, "the rotation was ended", "why", why.Error())
	return errors.Join(why, v.unlabel(ctx, v.token))
}
