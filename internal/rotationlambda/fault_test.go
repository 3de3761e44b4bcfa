package rotationlambda

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
)

// mutating are the calls that change something.
var mutating = []string{"TagResource", "UntagResource", "TagUser", "UntagUser", "CreateAccessKey", "PutSecretValue", "UpdateSecretVersionStage", "UpdateAccessKey", "DeleteAccessKey",
	"CreateSecret", "RotateSecret"}

// misfortune is what befalls one call of the function.
type misfortune struct {
	name  string
	fault fakeaws.Fault
	dies  bool // the process, with the call
}

var misfortunes = []misfortune{
	{name: "refused", fault: fakeaws.Refuse(400, "ValidationException", "no")},
	{name: "5xx", fault: fakeaws.Refuse(503, "ServiceUnavailable", "x")},
	{name: "lost", fault: fakeaws.LoseAnswer()},
	{name: "later", fault: fakeaws.Delay(7 * time.Minute)},
	{name: "dies before", fault: fakeaws.Refuse(503, "ServiceUnavailable", "x"), dies: true},
	{name: "dies after", fault: fakeaws.LoseAnswer(), dies: true},
	{name: "dies, and it comes later", fault: fakeaws.Delay(7 * time.Minute), dies: true},
}

// strike has the n-th mutating call of the function meet with a misfortune; 0:
// none does. All mutating calls are noted.
func (w *world) strike(n int, m misfortune) {
	w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		if !w.calling || !slices.Contains(mutating, c.Action) {
			return fakeaws.Proceed()
		}
		if w.calls = append(w.calls, c.Action); len(w.calls) != n {
			return fakeaws.Proceed()
		}
		w.struck, w.dead = c.Action, m.dies
		return m.fault
	})
}

// history is a rotation from its beginning to its end; what became of it.
func (w *world) history() {
	w.t.Helper()
	w.rotate(30)
	w.live(5*24*time.Hour, 4*time.Hour)
}

// TestFaults has every call that changes something meet with every misfortune,
// once each. KEYTEND_FAULTS=all leaves none out.
func TestFaults(t *testing.T) {
	var calls []string
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.strike(0, misfortune{})
		w.history()
		w.oneKeyLeft()
		calls = w.calls
	})
	if len(calls) < 40 {
		t.Fatalf("a rotation has only %d calls that change something: %v", len(calls), calls)
	}
	thorough := os.Getenv("KEYTEND_FAULTS") == "all"
	for i, action := range calls {
		for k, m := range misfortunes {
			if !thorough && (action == "TagResource" && (i+k)%len(misfortunes) != 0 || m.name == "5xx" || m.name == "dies before") {
				continue // all of them take minutes
			}
			t.Run(fmt.Sprintf("%d %s %s", i+1, action, m.name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, nil)
					w.strike(i+1, m)
					w.history()
					if w.struck != action {
						t.Fatalf("struck %q", w.struck)
					}
					w.wellEnded()
				})
			})
		}
	}
}

// wellEnded: the rotation was carried out, whatever happened, with nothing left
// over; or it was ended, people heard of it, and the next one was carried out.
func (w *world) wellEnded() {
	w.t.Helper()
	if u := w.user("ana"); w.holds().ID == oldKey && len(u.Keys) == 1 && !w.record().Live() {
		if !strings.Contains(w.log.String(), `"alert":true`) {
			w.t.Error("the rotation was ended, and nobody heard of it")
		}
		w.live(36*24*time.Hour, 12*time.Hour)
	}
	r := w.record()
	if r.Phase != accesskey.Done {
		w.t.Errorf("the record stands at %s, %+v", r.Phase, r.Block)
	}
	w.oneKeyLeft()
	w.nothingSecretSaid()
	if w.t.Failed() {
		w.t.Logf("the function said: %s", strings.Join(w.fails, "\n"))
	}
}
