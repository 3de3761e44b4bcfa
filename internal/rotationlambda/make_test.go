package rotationlambda

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

const firstSecret = "prod/reports"

// withBob is a world with a user who has no key yet.
func withBob(s *fakeaws.AccountSpec) {
	s.Users = append(s.Users, fakeaws.UserSpec{Name: "bob", Created: s.Created})
}

// first is what `keytend secret create` does, as a process of its own.
func (w *world) first() error {
	w.runs++
	w.session, w.dead = nil, false
	ctx, f := w.t.Context(), w.function()
	create := func(ctx context.Context, tags map[string]string) error {
		_, err := w.session.Secrets(region).CreateSecret(ctx, firstSecret, "", "", fmt.Sprintf("00000000-0000-4000-8000-%012d", w.runs), accesskey.NewSecret(stored.Empty), tags)
		return err
	}
	first := First{
		ID: firstSecret, User: "bob", Every: 30 * policy.Day, Create: create, Say: func(string) {},
		Ready: func(accesskey.User) error { return nil },
	}
	if err := f.Make(ctx, first); err != nil {
		return err
	}
	return w.adopt(f, firstSecret, "bob")
}

// adopt is what `keytend secret adopt` does.
func (w *world) adopt(f *Function, id, user string) error {
	ctx := w.t.Context()
	a, err := f.Adopt(ctx, id, user)
	if err != nil {
		return err
	}
	a.Function, a.Every = functionARN, 30*policy.Day
	for _, problem := range a.Problems() {
		return problem
	}
	if a.Secret.RotationEnabled && a.Taken() {
		return nil
	}
	if err := f.Take(ctx, a); err != nil {
		return err
	}
	return w.session.Secrets(region).Rotate(ctx, a.Secret.ARN, functionARN, "rate(30 days)", fmt.Sprintf("00000001-0000-4000-8000-%012d", w.runs), false)
}

// again has a person run a command until it succeeds, half an hour apart.
func (w *world) again(run func() error) {
	w.t.Helper()
	for range 6 {
		err := run()
		if n := len(w.user("bob").Keys); n > 1 {
			w.t.Fatalf("bob has %d keys", n)
		}
		if err == nil {
			return
		}
		w.fails = append(w.fails, err.Error())
		w.pass(30*time.Minute, 4*time.Hour)
	}
	w.t.Fatal("running it again does not finish the work")
}

// handedOver: the secret says whose it is, and is rotated.
func (w *world) handedOver(id, user string) {
	w.t.Helper()
	d, err := w.secrets().DescribeSecret(w.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(id)})
	if err != nil {
		w.t.Fatal(err)
	}
	tags := map[string]string{}
	for _, t := range d.Tags {
		tags[*t.Key] = *t.Value
	}
	marks := w.user(user).Tags
	if _, left := tags[makeTag]; left || tags[UserTag] != user || marks[rotation.SecretTag] != *d.ARN || marks[rotation.ClaimTag] != "" || !aws.ToBool(d.RotationEnabled) {
		w.t.Errorf("the secret's tags are %v, the user's %v; rotated: %v", tags, marks, aws.ToBool(d.RotationEnabled))
	}
}

// firstKeyHeld: the one key that bob has lies in the secret, and works.
func (w *world) firstKeyHeld() {
	w.t.Helper()
	out, err := w.secrets().GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(firstSecret)})
	if err != nil {
		w.t.Fatal(err)
	}
	held, err := document.Read(aws.ToString(out.SecretString))
	if u := w.user("bob"); err != nil || len(u.Keys) != 1 || u.Keys[0].ID != string(held.ID) || u.Keys[0].Secret != held.Secret.Reveal() {
		w.t.Errorf("bob's keys are %v, the secret holds %s (%v)", ids(u), held.ID, err)
	}
}

// TestFirstKeyFaults has every call of secret create that changes something meet
// with every misfortune, once each: running it again finishes the work.
func TestFirstKeyFaults(t *testing.T) {
	w := faults(t, withBob, func(w *world) { w.again(w.first) }, func(w *world) {
		w.firstKeyHeld()
		w.handedOver(firstSecret, "bob")
	})
	for _, action := range []string{"CreateSecret", "TagUser", "TagResource", "CreateAccessKey", "PutSecretValue", "UntagUser", "UntagResource", "RotateSecret"} {
		if !strings.Contains(strings.Join(w, " ")+" ", action+" ") {
			t.Errorf("no %s among %v", action, w)
		}
	}
}

// TestAdoptionFaults does the same for secret adopt.
func TestAdoptionFaults(t *testing.T) {
	adopt := func(w *world) error {
		w.runs++
		w.session, w.dead = nil, false
		return w.adopt(w.function(), secretID, "ana")
	}
	calls := faults(t, withBob, func(w *world) { w.again(func() error { return adopt(w) }) }, func(w *world) {
		w.handedOver(secretID, "ana")
		if w.holds().ID != oldKey || len(w.user("ana").Keys) != 1 {
			w.t.Errorf("keys %v, the secret holds %s", ids(w.user("ana")), w.holds().ID)
		}
	})
	if len(calls) != 3 {
		t.Errorf("calls: %v", calls)
	}
}

// faults lives through a history with each call that changes something struck by
// each misfortune, and returns those calls.
func faults(t *testing.T, change func(*fakeaws.AccountSpec), live, ends func(*world)) []string {
	t.Helper()
	var calls []string
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, change)
		w.strike(0, misfortune{})
		live(w)
		ends(w)
		calls = w.calls
	})
	for i, action := range calls {
		for _, m := range misfortunes {
			if os.Getenv("KEYTEND_FAULTS") != "all" && (m.name == "5xx" || m.name == "dies before") {
				continue
			}
			t.Run(fmt.Sprintf("%d %s %s", i+1, action, m.name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, change)
					w.strike(i+1, m)
					live(w)
					if w.struck != action {
						t.Fatalf("struck %q", w.struck)
					}
					ends(w)
					w.nothingSecretSaid()
					if t.Failed() {
						t.Logf("it said: %s", strings.Join(w.fails, "\n"))
					}
				})
			})
		}
	}
	return calls
}

// TestFirstKeyStoredLate: the key was deleted since it could not be stored, and
// then it was stored after all.
func TestFirstKeyStoredLate(t *testing.T) {
	in(t, withBob, func(w *world) {
		w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
			if c.Action == "PutSecretValue" {
				return fakeaws.Delay(7 * time.Minute)
			}
			return fakeaws.Proceed()
		})
		if err := w.first(); err == nil || !strings.Contains(err.Error(), "deleted at once") {
			w.t.Fatalf("the key was not deleted: %v", err)
		}
		w.cloud.SetFault(nil)
		w.pass(30*time.Minute, 4*time.Hour)
		w.again(w.first)
		w.firstKeyHeld()
		w.handedOver(firstSecret, "bob")
	})
}

// TestFirstKeyWrittenDownLate: that an attempt began comes late over the same of the
// next one, whose key is still to come. Nobody makes another before that can't be.
func TestFirstKeyWrittenDownLate(t *testing.T) {
	in(t, withBob, func(w *world) {
		late := func(action string) {
			w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
				if w.calling && c.Action == action {
					return fakeaws.Delay(14 * time.Minute)
				}
				return fakeaws.Proceed()
			})
		}
		late("TagResource")
		if err := w.first(); err == nil {
			w.t.Fatal("that the attempt was written down is not known")
		}
		w.cloud.SetFault(nil)
		w.pass(9*time.Minute, 4*time.Hour)
		late("CreateAccessKey")
		if err := w.first(); err == nil {
			w.t.Fatal("what became of the key is not known")
		}
		w.cloud.SetFault(nil)
		for range 10 {
			w.pass(3*time.Minute, 4*time.Hour)
			if err := w.first(); err != nil {
				w.fails = append(w.fails, err.Error())
			}
			if all := ids(w.user("bob")); len(all) > 1 {
				w.t.Fatalf("bob has the keys %v", all)
			}
		}
		w.again(w.first)
		w.firstKeyHeld()
		w.handedOver(firstSecret, "bob")
	})
}

// TestFirstKeyRefused: what was certainly not done need not be waited for.
func TestFirstKeyRefused(t *testing.T) {
	in(t, withBob, func(w *world) {
		w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
			if c.Action == "CreateAccessKey" {
				return fakeaws.Refuse(403, "AccessDenied", "no")
			}
			return fakeaws.Proceed()
		})
		if err := w.first(); err == nil || !strings.Contains(err.Error(), "Put that right") {
			w.t.Fatal(err)
		}
		w.cloud.SetFault(nil)
		if err := w.first(); err != nil {
			w.t.Fatal(err)
		}
		w.firstKeyHeld()
	})
}
