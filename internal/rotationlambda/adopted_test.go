package rotationlambda

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/policy"
)

// TestALateAdoption: the write of an adoption gets lost, somebody adopts the secret for
// other destinations, and the first comes late over that. No key goes where the later
// adoption didn't want it: nothing is done, and people are told at once.
func TestALateAdoption(t *testing.T) {
	for name, second := range map[string][]string{"other destinations": {"ssm:/billing/two"}, "no further ones": nil} {
		t.Run(name, func(t *testing.T) {
			in(t, nil, func(w *world) {
				w.terms.Window = time.Second
				w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
					if c.Action == "TagResource" {
						w.cloud.SetFault(nil)
						return fakeaws.Delay(7 * time.Minute)
					}
					return fakeaws.Proceed()
				})
				if err := w.takeOver("ssm:/billing/one"); err == nil {
					w.t.Fatal("the first adoption's write was not lost")
				}
				time.Sleep(time.Minute)
				if err := w.takeOver(second...); err != nil {
					w.t.Fatal(err)
				}
				w.pass(10*time.Minute, 10*time.Hour)
				w.rotate(30)
				w.fails = nil
				w.reap()
				if said := strings.Join(w.fails, "\n"); !strings.Contains(said, "came late over") {
					w.t.Errorf("the reaper said %q", said)
				}
				w.pass(time.Hour, 10*time.Hour)
				if u := w.user("ana"); len(u.Keys) != 1 || w.record().ID != "" {
					w.t.Errorf("keys %v, the record is %s", ids(u), stateOf(w.record()))
				}
				a, err := w.adoption(second...)
				if err != nil || a.Taken() {
					w.t.Errorf("nothing is left to take over: %v", err)
				}
				w.pass(time.Hour, 10*time.Hour)
				if err := w.takeOver(second...); err != nil {
					w.t.Fatal(err)
				}
				w.fails = nil
				w.reap()
				if a, err = w.adoption(second...); err != nil || !a.Taken() || len(w.fails) > 0 {
					w.t.Errorf("it is not taken: %v, %q", err, w.fails)
				}
			})
		})
	}
}

func (w *world) adoption(deliver ...string) (Adoption, error) {
	a, err := w.hand().Adopt(w.t.Context(), secretID, "ana")
	if len(deliver) > 0 {
		a.Deliver = deliver
	}
	return a, err
}

func (w *world) takeOver(deliver ...string) error {
	w.t.Helper()
	a, err := w.adoption(deliver...)
	if err != nil {
		return err
	}
	return w.hand().Take(w.t.Context(), a)
}

// TestWhatPeopleTagIsTheirs: whoever sets the tags himself, or changes them after an
// adoption, is believed.
func TestWhatPeopleTagIsTheirs(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	first := adoption(map[string]string{UserTag: "ana", DeliverTag: "ssm:/one"}, noon)
	second := adoption(map[string]string{UserTag: "ana", DeliverTag: "ssm:/two"}, noon.Add(time.Hour))
	for name, c := range map[string]struct {
		deliver string
		of      []map[string]string
		late    bool
	}{
		"nobody adopted":              {"ssm:/one", nil, false},
		"as adopted":                  {"ssm:/one", []map[string]string{first}, false},
		"edited since":                {"ssm:/three", []map[string]string{first}, false},
		"adopted twice":               {"ssm:/two", []map[string]string{first, second}, false},
		"adopted twice, edited since": {"ssm:/three", []map[string]string{first, second}, false},
		"the first came late":         {"ssm:/one", []map[string]string{first, second}, true},
	} {
		tags := map[string]string{UserTag: "ana", DeliverTag: c.deliver, policy.SecretTag: "x"}
		for _, one := range c.of {
			for tag, value := range one {
				if strings.HasPrefix(tag, adoptedTag) {
					tags[tag] = value
				}
			}
		}
		if err := overtaken(tags); (err != nil) != c.late {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhoEndsAnotherKey: `keytend retire` leaves a user alone that is a function's
// already.
func TestWhoEndsAnotherKey(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	key := func(id accesskey.ID) accesskey.Key {
		return accesskey.Key{ID: accesskey.Observed(id, noon, "iam"), Status: accesskey.Observed(accesskey.Active, noon, "iam")}
	}
	for mark, want := range map[string]string{"": "`keytend retire AKIAI44QH8DHBEXAMPL2`", "arn": "`aws iam update-access-key --user-name ana --access-key-id AKIAI44QH8DHBEXAMPL2 --status Inactive`"} {
		a := Adoption{Secret: awsapi.SecretDescription{ARN: "arn"}, Held: oldKey, User: accesskey.User{
			Name: "ana", Keys: accesskey.Observed([]accesskey.Key{key(oldKey), key("AKIAI44QH8DHBEXAMPL2")}, noon, "iam"),
			Tags: accesskey.Observed(map[string]string{policy.SecretTag: mark}, noon, "iam"),
		}}
		if said := errors.Join(a.Problems()...).Error(); !strings.Contains(said, want) {
			t.Errorf("marked %q: %s", mark, said)
		}
	}
}
