package rotationlambda

import (
	"context"
	"errors"
	"slices"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// turn is whose turn it is to go on with a record.
type turn int

const (
	reapers  turn = iota // the reaper's
	managers             // Secrets Manager's, which may still come back to it
	nobodys              // it was called off, or given up by Secrets Manager
)

// turnOf: before the new key is delivered it is Secrets Manager's, but for the wait
// until the user's other key has rested and makes room: that takes longer than
// Secrets Manager tries.
func (v *visit) turnOf(d awsapi.SecretDescription, r accesskey.Record) turn {
	if v.endsByATry(d, r) {
		return managers
	}
	if !slices.Contains([]accesskey.Phase{accesskey.Requested, accesskey.Claimed, accesskey.Created, accesskey.Proven}, r.Stage()) {
		return reapers
	}
	where, err := parseSealed(r.Sealed)
	switch {
	case err == nil && slices.Contains(d.Versions[where.version], current):
		return reapers // it is done, and only not on record
	case !d.RotationEnabled || err == nil && !slices.Contains(d.Versions[where.version], pending) || v.stale(r):
		return nobodys
	case makesRoom(r):
		return reapers
	}
	return managers
}

// endsByATry: a person had it rolled back before a key was made, and Secrets Manager may
// still try it again. Were there no record by then, that would begin it anew.
func (v *visit) endsByATry(d awsapi.SecretDescription, r accesskey.Record) bool {
	return r.Stage() == accesskey.RollingBack && r.New == "" && r.Outcome == policy.WhyPersonRolledBack &&
		d.RotationEnabled && d.Labelled(pending) != "" && v.f.Rotator.Clock.Now().Before(r.RollbackAt.Add(r.Terms.DeliverMax))
}

// abandoned turns a rotation around that Secrets Manager has been called off, or
// given up; left: it may still come back to it, and it is left alone.
func (v *visit) abandoned(ctx context.Context, d awsapi.SecretDescription, r accesskey.Record) (left bool, err error) {
	if whose := v.turnOf(d, r); whose != nobodys {
		return whose == managers, nil
	}
	v.alarm(ctx, "a rotation was called off or given up by Secrets Manager, and is rolled back", "record", stateOf(r))
	_, err = v.rotator.Give(ctx, v.subject, v.rotator.Holder, rotation.GoBack(WhyGivenUp))
	if err != nil && !errors.Is(err, rotation.ErrUnfit) {
		return false, v.wrong("%w", err)
	}
	return false, nil
}

// stale: Secrets Manager retries within a day, and a person who had it tried again
// is given as long.
func (v *visit) stale(r accesskey.Record) bool {
	over := r.Started.Add(r.Terms.DeliverMax)
	if again := r.Retried.Add(r.Terms.DeliverMax); again.After(over) {
		over = again
	}
	if makesRoom(r) {
		over = over.Add(r.Terms.Rest)
	}
	return v.f.Rotator.Clock.Now().After(over)
}

// makesRoom: another key of the user is watched as it rests, to be deleted for the
// new one's sake.
func makesRoom(r accesskey.Record) bool {
	return r.New == "" && len(r.Watch.Others) > 0
}
