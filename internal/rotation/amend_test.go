package rotation

import (
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// interrupted lives a rotation in which a person gives an order in the moment in
// which a call is under way.
func interrupted(t *testing.T, action accesskey.Action, do func(*world, *accesskey.Record)) (*world, *process) {
	t.Helper()
	w, p := ordinaryWork(nil, nil)()
	w.tracing, p.journal.record = true, true
	p.journal.onEvent(accesskey.Intended(action), func(accesskey.Record) { w.order(p.journal, do) })
	return w, p
}

func (m *memory) wroteDown(what string) int {
	n := 0
	for _, e := range m.log {
		if strings.HasPrefix(e.What, what) {
			n++
		}
	}
	return n
}

// TestOrderWhileCallIsUnderWay: what became of a call is written down although
// the record was replaced meanwhile, and the order stands.
func TestOrderWhileCallIsUnderWay(t *testing.T) {
	for _, action := range []accesskey.Action{
		accesskey.TagClaim, accesskey.CreateKey, accesskey.Deliver, accesskey.Deactivate, accesskey.DeleteKey, accesskey.MoveDescription, accesskey.UntagClaim,
	} {
		t.Run(string(action), func(t *testing.T) {
			w, p := interrupted(t, action, func(w *world, r *accesskey.Record) {
				r.Hold = &accesskey.Hold{By: "ana", Why: "lunch", At: w.now}
				w.later(time.Hour, func() { w.order(p0(w).journal, func(_ *world, r *accesskey.Record) { r.Hold = nil }) })
			})
			w.mustEnd(t, p, accesskey.Done)
			if p.journal.wroteDown(string(action)+" settled") > 0 || p.journal.wroteDown(string(action)+" done") == 0 {
				t.Errorf("the outcome was lost:\n%s", tail(w.trace))
			}
		})
	}
}

func p0(w *world) *process { return w.processes[0] }

// TestRollbackWhileKeyIsMade: a key that comes too late is deleted where it was
// made, and the audit says so.
func TestRollbackWhileKeyIsMade(t *testing.T) {
	w, p := interrupted(t, accesskey.CreateKey, turnBack)
	w.mustEnd(t, p, accesskey.RolledBack)
	if len(w.user.keys) != 1 || p.journal.wroteDown("create not done") != 1 || p.journal.wroteDown("create settled") > 0 {
		t.Errorf("keys %+v\n%s", w.user.keys, tail(w.trace))
	}
}

// TestRollbackWhileKeyGoesOff: what was switched off meanwhile is known to be ours
// to switch on again.
func TestRollbackWhileKeyGoesOff(t *testing.T) {
	w, p := interrupted(t, accesskey.Deactivate, turnBack)
	w.untilEnd(p, 2*24*time.Hour)
	if p.journal.wroteDown("deactivate done") == 0 || p.journal.wroteDown("deactivate settled") > 0 || p.journal.wroteDown("reactivate done") == 0 || len(w.broken) > 0 {
		t.Errorf("broken %v\n%s", w.broken, tail(w.trace))
	}
}
