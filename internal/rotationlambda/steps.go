package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
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
