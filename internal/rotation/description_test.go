package rotation

import (
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestDescription: the old key's description becomes the new one's once the old
// key can't come back; whatever hinders that hinders nothing else.
func TestDescription(t *testing.T) {
	keep := ordinaryWork(nil, func(r *accesskey.Record) { r.Terms.Keep = true })
	refused := ordinaryWork(func(w *world) { w.failOnce("iam:TagUser description", refuse) }, nil)
	lost := ordinaryWork(func(w *world) { w.failOnce("iam:TagUser description", lose) }, nil)
	never := ordinaryWork(func(w *world) { w.failOnce("iam:TagUser description", notDone) }, nil)
	theirs := ordinaryWork(func(w *world) {
		w.change(func(u *user) { clear(u.tags) })
	}, nil)
	for _, x := range []struct {
		name     string
		begin    func() (*world, *process)
		old, new bool // which key is described in the end
	}{
		{"rotated", ordinaryWork(nil, nil), false, true},
		{"rotated, the old key kept", keep, false, true},
		{"rolled back", withOrder(accesskey.Resting, turnBack), true, false},
		{"tagging is denied", ordinaryWork(func(w *world) { w.tagsDenied = true }, nil), true, false},
		{"refused once", refused, true, false},
		{"the answer is lost", lost, false, true},
		{"lost and not done", never, true, false},
		{"there is none", theirs, false, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			w, p := x.begin()
			w.tracing = true
			r, _ := w.untilEnd(p, 60*24*time.Hour)
			w.atEnd()
			_, old := w.user.tags[string(r.Old)]
			_, fresh := w.user.tags[string(r.New)]
			if r.Live() || old != x.old || fresh != x.new || len(w.broken) > 0 {
				t.Errorf("ended %s, old described %v, new %v; broken %v\n%s", r.Phase, old, fresh, w.broken, strings.Join(w.trace, "\n"))
			}
		})
	}
}
