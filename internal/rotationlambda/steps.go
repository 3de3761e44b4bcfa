package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// step is one of the four that Secrets Manager asks for.
type step string

const (
	create step = "createSecret"
	set    step = "setSecret"
	test   step = "testSecret"
	finish step = "finishSecret"
)

// stepOf takes both spellings that AWS's documentation has.
func stepOf(text string) step {
	for _, s := range []step{create, set, test, finish} {
		if strings.EqualFold(strings.ReplaceAll(text, "_", ""), string(s)) {
			return s
		}
	}
	return ""
}

// Step takes one step of a rotation, or finds it taken.
func (f *Function) Step(ctx context.Context, e Event) error {
	if stepOf(e.Step) == "" {
		return fmt.Errorf("the step %q of secret %s is none that a rotation has: createSecret, setSecret, testSecret, finishSecret", e.Step, e.SecretID)
	}
	d, err := f.Store.Describe(ctx, e.SecretID)
	if err != nil {
		return fmt.Errorf("account %s, secret %s: %w", f.Account, e.SecretID, err)
	}
	done, err := f.asked(d, e)
	if done || err != nil {
		return err
	}
	v, err := f.open(ctx, d, e)
	if err != nil {
		return err
	}
	return v.take(ctx)
}

// asked are the checks before anything else, in AWS's order; done: the rotation
// is over.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-lambda-function-customizing.html
func (f *Function) asked(d awsapi.SecretDescription, e Event) (done bool, err error) {
	labels, there := d.Versions[e.Token]
	switch {
	case !d.RotationEnabled:
		err = errors.New("rotation is not switched on: nothing is done. Switch it on with `keytend secret adopt`, or `aws secretsmanager rotate-secret`")
	case !there:
		err = fmt.Errorf("version %s is none of the secret's: this rotation has been ended. Begin a new one with `aws secretsmanager rotate-secret --secret-id %s`", e.Token, d.ARN)
	case slices.Contains(labels, current):
		return true, nil
	case !slices.Contains(labels, pending):
		err = fmt.Errorf("version %s does not carry %s: it is not the one to be rotated to", e.Token, pending)
	}
	if err != nil {
		return false, fmt.Errorf("account %s, secret %s: %w", f.Account, d.ARN, err)
	}
	return false, nil
}

func (v *visit) take(ctx context.Context) error {
	switch v.step {
	case create:
		return v.createSecret(ctx)
	case set:
		return v.setSecret(ctx)
	case test:
		return v.testSecret(ctx)
	}
	return v.finishSecret(ctx)
}

// createSecret claims, makes the new key and stores it as AWSPENDING.
func (v *visit) createSecret(ctx context.Context) error {
	r, err := v.ready(ctx)
	if err != nil {
		return err
	}
	if v.prepared(r) {
		return nil
	}
	return v.drive(ctx, v.prepared)
}

// prepared: the new key lies in the version that this rotation is about.
func (v *visit) prepared(r accesskey.Record) bool {
	stage := r.Stage()
	where, err := parseSealed(r.Sealed)
	return err == nil && where.version == v.token && (stage == accesskey.Created || stage == accesskey.Proven)
}

// ready returns the record that this rotation goes on with: a new one where none
// is under way.
func (v *visit) ready(ctx context.Context) (accesskey.Record, error) {
	r, err := v.live(ctx)
	if err != nil {
		return r, err
	}
	if r.ID != "" && !v.prepared(r) {
		if r, err = v.outOfTheWay(ctx, r); err != nil {
			return r, err
		}
	}
	if r.ID != "" {
		return r, nil
	}
	old, err := v.oldKey(ctx)
	if err != nil {
		return r, err
	}
	if err := v.free(ctx); err != nil {
		return r, err
	}
	return v.begin(ctx, old)
}

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

// oldKey is the key that AWSCURRENT names: the user's, and Active.
func (v *visit) oldKey(ctx context.Context) (accesskey.Key, error) {
	text, _, err := v.f.Store.Value(ctx, v.arn)
	if err != nil {
		return accesskey.Key{}, v.wrong("%w", err)
	}
	held, err := document.Read(text.Reveal())
	switch {
	case err != nil:
		return accesskey.Key{}, v.wrong("the secret's value is not understood: %w. Wanted is a JSON object with accessKeyId and secretAccessKey, or with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", err)
	case held.ID == "":
		return accesskey.Key{}, v.wrong("the secret holds no key yet: put one there, or make one with `keytend secret create`")
	}
	all, known := v.user.Keys.Get()
	if !known {
		return accesskey.Key{}, v.wrong("read the user's keys: %s", v.user.Keys.Why())
	}
	for _, k := range all {
		id, _ := k.ID.Get()
		status, _ := k.Status.Get()
		switch {
		case id != held.ID:
		case status != accesskey.Active:
			return k, v.wrong("key %s, which %s holds, is %s: switch it on, or put an Active key of the user's there", id, current, status)
		default:
			return k, nil
		}
	}
	return accesskey.Key{}, v.wrong("%s holds key %s, which is none of the user's: put a key of the user's there, or set the secret's tag %s right", current, held.ID, UserTag)
}

// free: the version that this rotation is about can take a key. One that names a
// dead key ends the rotation.
func (v *visit) free(ctx context.Context) error {
	held, err := v.pair(ctx, v.token, "")
	switch {
	case err != nil:
		return v.wrong("read %s: %w", pending, err)
	case held.ID == "":
		return nil
	}
	if v.has(held.ID) {
		return v.wrong("%s holds key %s, which the function did not put there, and nothing is on record: take the label off (`aws secretsmanager update-secret-version-stage --secret-id %s --version-stage %s --remove-from-version-id %s`) and, once nobody uses it, delete the key",
			pending, held.ID, v.arn, pending, v.token)
	}
	if err := v.f.Sleep(ctx, time.Minute); err != nil {
		return v.wrong("%w", err)
	}
	v.rotator.Keys.User(ctx, v.subject)
	if !v.user.Keys.Known() || v.has(held.ID) {
		return v.wrong("%s holds key %s: whether it exists is looked at again", pending, held.ID)
	}
	return v.end(ctx, v.wrong("%s held key %s, which does not exist any more; the label was taken off. Begin a new rotation with `aws secretsmanager rotate-secret --secret-id %s`", pending, held.ID, v.arn))
}

// has reports whether the user had the key when it was last read.
func (v *visit) has(key accesskey.ID) bool {
	all, _ := v.user.Keys.Get()
	return slices.ContainsFunc(all, func(k accesskey.Key) bool {
		id, _ := k.ID.Get()
		return id == key
	})
}

// begin puts the rotation on record.
func (v *visit) begin(ctx context.Context, old accesskey.Key) (accesskey.Record, error) {
	terms, err := v.f.Terms(v.user, old)
	if err != nil {
		return accesskey.Record{}, v.wrong("%w", err)
	}
	id, _ := old.ID.Get()
	places, err := v.destinations()
	if err != nil {
		return accesskey.Record{}, err
	}
	r, err := v.rotator.Begin(ctx, rotation.Request{
		Work: accesskey.Rotation, Subject: v.subject, Key: id, Destinations: places, Terms: functionTerms(terms), Who: v.rotator.Holder,
	})
	if err != nil {
		return r, v.wrong("%w", err)
	}
	return r, nil
}

// destinations are those of the tag, and the secret itself at the end.
func (v *visit) destinations() ([]string, error) {
	var names []string
	for _, name := range strings.Fields(v.tags[DeliverTag]) {
		d, err := v.rotator.Destination(v.subject, name)
		if err != nil {
			return nil, v.wrong("the secret's tag %s: %w", DeliverTag, err)
		}
		if !slices.Contains(names, d.Name()) {
			names = append(names, d.Name())
		}
	}
	return append(slices.DeleteFunc(names, func(n string) bool { return n == v.self.Name() }), v.self.Name()), nil
}

// setSecret hands the new key, proved, to further destinations.
func (v *visit) setSecret(ctx context.Context) error {
	r, err := v.underWay(ctx)
	if err != nil || v.spread(r) {
		return err
	}
	return v.drive(ctx, v.spread)
}

// underWay is the record of this very rotation.
func (v *visit) underWay(ctx context.Context) (accesskey.Record, error) {
	r, err := v.live(ctx)
	if err == nil && !v.prepared(r) {
		err = v.wrong("no new key is on record for version %s (%s): createSecret comes first", v.token, stateOf(r))
	}
	return r, err
}

// spread: every destination but the secret itself has the key.
func (v *visit) spread(r accesskey.Record) bool {
	return !slices.ContainsFunc(r.Deliveries, func(d accesskey.Delivery) bool {
		return d.Destination != v.self.Name() && d.Done.IsZero() && !d.Dropped
	})
}

// testSecret proves what AWSPENDING holds. Where AWSPENDING holds nothing, or
// what AWSCURRENT does, Secrets Manager only tries the function out: rotation was
// switched on without rotating at once.
func (v *visit) testSecret(ctx context.Context) error {
	r, err := v.live(ctx)
	if err != nil {
		return err
	}
	if !v.prepared(r) {
		held, err := v.pair(ctx, v.token, pending)
		if err != nil {
			return v.wrong("read %s: %w", pending, err)
		}
		if old, err := v.oldKey(ctx); held.ID == "" || err == nil && is(old, held.ID) {
			return err
		}
	}
	if r, err = v.underWay(ctx); err != nil {
		return err
	}
	if r.Proof.Passed.IsZero() {
		return v.drive(ctx, func(r accesskey.Record) bool { return !r.Proof.Passed.IsZero() })
	}
	return v.proveAgain(ctx, r)
}

func is(k accesskey.Key, id accesskey.ID) bool {
	own, _ := k.ID.Get()
	return own == id
}

// proveAgain: the key was proved before it went to further destinations; what
// AWSPENDING holds now must still work.
func (v *visit) proveAgain(ctx context.Context, r accesskey.Record) error {
	held, err := v.pair(ctx, v.token, pending)
	if err == nil && held.ID != r.New {
		err = fmt.Errorf("%s holds %q, not key %s", pending, held.ID, r.New)
	}
	if err != nil {
		return v.wrong("%w", err)
	}
	who, err := v.rotator.Prover.Prove(ctx, held, []string{v.f.Region})
	if err == nil && who != v.subject.UserID {
		err = fmt.Errorf("key %s belongs to %s, not to %s", held.ID, who, v.subject.UserID)
	}
	if err != nil {
		return v.wrong("the new key fails: %w", err)
	}
	return nil
}

// finishSecret moves AWSCURRENT.
func (v *visit) finishSecret(ctx context.Context) error {
	if _, err := v.underWay(ctx); err != nil {
		return err
	}
	if err := v.drive(ctx, v.delivered); err != nil {
		return err
	}
	_, noted := v.rotator.Pass(ctx, v.subject)                          // that all is delivered
	if err := errors.Join(noted, v.unlabel(ctx, v.token)); err != nil { // the reaper does it
		v.f.Log.WarnContext(ctx, "finishSecret", "secret", v.arn, "error", err.Error())
	}
	return nil
}

// delivered: the secret has the new key.
func (v *visit) delivered(r accesskey.Record) bool {
	d := r.Delivery(v.self.Name())
	return d != nil && !d.Done.IsZero()
}

// WhyItsStep is why one step of a rotation stops: what comes next is another's.
const WhyItsStep accesskey.Reason = "another step of the rotation does this"

// turnPause is how soon it is looked at again.
const turnPause = 10 * time.Second

// bounded lets a step go only as far as Secrets Manager asks for. The reaper makes
// no key and moves AWSCURRENT to none: that is what nobody asked it for.
func (v *visit) bounded(next policy.Step, r accesskey.Record, now time.Time) policy.Step {
	allowed := true
	switch next.Kind {
	case policy.Create:
		allowed = v.step == create
	case policy.Prove:
		allowed = v.step == set || v.step == test || next.Reason == policy.WhyRollback
	case policy.Deliver:
		first := r.Stage() == accesskey.Proven
		allowed = !first || v.step == finish || v.step == set && next.Destination != v.self.Name()
	}
	if allowed {
		return next
	}
	return policy.Step{
		Kind: policy.Wait, Reason: WhyItsStep, NotBefore: now.Add(turnPause), Deadline: r.Since.Add(r.Terms.DeliverMax),
		Saw: fmt.Sprintf("%s is not for %s to do", next.Kind, v.whose()),
	}
}

func (v *visit) whose() string {
	if v.step == "" {
		return "the reaper"
	}
	return string(v.step)
}
