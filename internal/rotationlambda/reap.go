package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// Reaped is what one run of the reaper saw.
type Reaped struct {
	Secrets  int      `json:"secrets"`   // that are the function's
	UnderWay int      `json:"under_way"` // of them, with a record that has not ended
	Ended    int      `json:"ended"`     // by this run
	Blocked  []string `json:"blocked,omitempty"`
	Failed   []string `json:"failed,omitempty"`
	Left     int      `json:"left,omitempty"` // not looked at: the time was over
}

// leastTime is what there must be of the invocation's time to begin with a secret.
const leastTime = 20 * time.Second

// longestNap is how long the reaper waits for one secret; others wait behind it.
const longestNap = 90 * time.Second

// Reap goes on with every rotation of the region that Secrets Manager won't come
// back to: it switches the old key off once it is silent, deletes it after its
// rest, and clears up after rotations that were cancelled or given up. Secrets
// for which there is no time are first another time.
func (f *Function) Reap(ctx context.Context) (Reaped, error) {
	var out Reaped
	var all []awsapi.SecretDescription
	for d, err := range f.Store.Tagged(ctx, "") {
		if err != nil {
			return out, fmt.Errorf("reap in account %s, %s: %w", f.Account, f.Region, err)
		}
		if f.minds(d) {
			all = append(all, d)
		}
	}
	out.Secrets = len(all)
	slices.SortFunc(all, func(a, b awsapi.SecretDescription) int { return compare(a.ARN, b.ARN) })
	if n := len(all); n > 0 {
		at := firstOf(n, f.Rotator.Clock.Now())
		all = slices.Concat(all[at:], all[:at])
	}
	ends := f.Rotator.Clock.Now().Add(timeLeft(ctx))
	var errs []error
	for i, d := range all {
		if !f.Rotator.Clock.Now().Add(leastTime + spare).Before(ends) {
			out.Left = len(all) - i
			break
		}
		if err := f.reapOne(ctx, d, &out); err != nil {
			out.Failed = append(out.Failed, d.ARN)
			errs = append(errs, err)
		}
	}
	return out, errors.Join(errs...)
}

// firstOf is which of n secrets is looked at first: another in each hour, by no
// pattern that a schedule could fall in with, for then some would never be.
func firstOf(n int, now time.Time) int {
	hour := uint64(now.Unix() / int64(time.Hour/time.Second))
	return rand.New(rand.NewPCG(hour, 0)).IntN(n) //nolint:gosec // order, no secret
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// reapOne looks at one secret, as it is by now: lists lag behind.
func (f *Function) reapOne(ctx context.Context, listed awsapi.SecretDescription, out *Reaped) error {
	d, err := f.Store.Describe(ctx, listed.ARN)
	if err != nil {
		return fmt.Errorf("account %s, secret %s: %w", f.Account, listed.ARN, err)
	}
	found, err := unpack(d.Tags)
	if err == nil && found.revision == 0 && len(ordersIn(d.Tags, found)) == 0 {
		return f.recordless(ctx, d)
	}
	if !d.Deleted.IsZero() { // AWS takes no tags there
		f.doomed(ctx, d, found.Record, out)
		return nil
	}
	if err == nil && found.revision > 0 {
		f.restate(ctx, d, found.Record)
	}
	v, err := f.open(ctx, d, Event{})
	if err != nil {
		return err
	}
	return v.reap(ctx, d, out)
}

// restate has the line for people say what the record says. It is the one tag that
// every write shares, so that a write which got lost and came late comes over it.
func (f *Function) restate(ctx context.Context, d awsapi.SecretDescription, r accesskey.Record) {
	state := stateOf(r)
	if d.Tags[stateTag] == state {
		return
	}
	if err := f.Store.Tag(ctx, d.ARN, map[string]string{stateTag: state}, f.Rotator.Clock.Now().Add(writeLife)); err != nil {
		f.Log.WarnContext(ctx, "the tag "+stateTag+" is not what the record says; the next run sets it right", "secret", d.ARN, "record", state, "error", err.Error())
	}
}

// doomed tells of a secret that goes with a rotation under way: what is left of
// it is in nobody's hands once the secret can't be restored any more.
func (f *Function) doomed(ctx context.Context, d awsapi.SecretDescription, r accesskey.Record, out *Reaped) {
	if !r.Live() {
		return
	}
	out.UnderWay++
	out.Blocked = append(out.Blocked, d.ARN)
	f.Log.ErrorContext(ctx, "the secret is marked for deletion, and a rotation is under way: restore it, or delete the user's keys that nobody uses", "alert", true,
		"account", f.Account, "user", r.Subject.User, "secret", d.ARN, "record", stateOf(r))
}

func (v *visit) reap(ctx context.Context, d awsapi.SecretDescription, out *Reaped) error {
	r, err := v.live(ctx)
	if err != nil {
		return err
	}
	if r.ID == "" {
		return v.sweep(ctx, d)
	}
	if left, err := v.abandoned(ctx, d, r); left || err != nil {
		out.count(v.arn, r)
		return err
	}
	r, err = v.goOn(ctx)
	switch {
	case err != nil:
		out.UnderWay++
	case !r.Live():
		out.Ended++
		err = errors.Join(v.callOff(ctx, r), v.sweep(ctx, d))
	default:
		out.count(v.arn, r)
	}
	return err
}

// count notes a record that is under way.
func (out *Reaped) count(arn string, r accesskey.Record) {
	out.UnderWay++
	if r.Phase == accesskey.Blocked {
		out.Blocked = append(out.Blocked, arn)
	}
}

// goOn makes passes until the next step is further away than the reaper waits.
func (v *visit) goOn(ctx context.Context) (accesskey.Record, error) {
	var last accesskey.Record
	failed, naps := 0, 0
	for range actsAtMost {
		res, err := v.rotator.Pass(ctx, v.subject)
		if errors.Is(err, rotation.ErrNoRecord) {
			return last, nil
		}
		if err != nil {
			if failed++; failed >= failuresBorne {
				return last, v.wrong("%w", err)
			}
			if v.rest(ctx, time.Duration(failed)*time.Second, err) != nil {
				return last, v.wrong("%w", err)
			}
			continue
		}
		failed, last = 0, res.Record
		if !res.Waiting() {
			naps = 0
			continue
		}
		pause := max(res.Step.NotBefore.Sub(v.f.Rotator.Clock.Now()), 0) + 50*time.Millisecond
		if naps++; !last.Live() || last.Phase == accesskey.Blocked || pause > longestNap || naps > napsAtMost(res.Step) {
			return last, nil
		}
		if over := v.rest(ctx, pause, errTime); over != nil {
			return last, nil //nolint:nilerr // the next run goes on
		}
	}
	return last, v.wrong("the rotation comes to no end")
}

var errTime = errors.New("the invocation's time is over")

// napsAtMost is how often in a row the reaper waits for something: what only has
// to settle comes at once, what nobody knows when it comes is for another time.
func napsAtMost(s policy.Step) int {
	switch s.Reason {
	case policy.WhyClaimSettling, policy.WhyConfirming, policy.WhySpacing, policy.WhyIntentOpen:
		return 4
	}
	return 1
}

// sweep takes off an AWSPENDING that was left behind, and looks at what
// AWSCURRENT names.
func (v *visit) sweep(ctx context.Context, d awsapi.SecretDescription) error {
	now, next, err := v.labels(ctx)
	if err != nil {
		return v.wrong("%w", err)
	}
	if next != "" {
		if err := v.sweepPending(ctx, d, now, next); err != nil {
			return err
		}
	}
	held, err := v.pair(ctx, now, current)
	if err != nil {
		return v.wrong("%w", err)
	}
	status := v.statusOf(held.ID)
	if d.RotationEnabled && held.ID != "" && status != accesskey.Active {
		v.alarm(ctx, "AWSCURRENT names a key that does not work", "key", string(held.ID), "status", string(status))
	}
	if err := overtaken(v.tags); err != nil && d.RotationEnabled {
		return v.wrong("%w", err)
	}
	return nil
}

// sweepPending: a label left where it hinders the next rotation goes: beside
// AWSCURRENT, on a dead key, or where rotation was called off before a key was
// made. One that Secrets Manager may still come back to stays.
func (v *visit) sweepPending(ctx context.Context, d awsapi.SecretDescription, now, next string) error {
	held, err := v.pair(ctx, next, pending)
	if err != nil {
		return v.wrong("read %s: %w", pending, err)
	}
	switch {
	case next == now, held.ID == "" && !d.RotationEnabled:
	case held.ID != "" && v.user.Keys.Known() && !v.has(held.ID):
		v.alarm(ctx, "AWSPENDING named a key that does not exist, and was taken off", "key", string(held.ID))
	case held.ID != "":
		v.alarm(ctx, "AWSPENDING names a key that is on no record of ours: take the label off, and the key, once nobody uses it", "key", string(held.ID))
		return nil
	default:
		return nil
	}
	return v.unlabel(ctx, next)
}

// statusOf is a key's status as last read; empty: the user has no such key, or
// that is not known.
func (v *visit) statusOf(key accesskey.ID) accesskey.Status {
	all, _ := v.user.Keys.Get()
	for _, k := range all {
		if id, _ := k.ID.Get(); id == key {
			status, _ := k.Status.Get()
			return status
		}
	}
	return ""
}
