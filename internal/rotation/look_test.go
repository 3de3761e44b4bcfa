package rotation

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestIdleLookSavesThePass: where a look says that a pass would leave the record
// as it is, the pass that follows at once writes nothing; and most looks of a
// rotation that takes weeks say so.
func TestIdleLookSavesThePass(t *testing.T) {
	for name, prepare := range map[string]func(*world, *process){
		"a rotation": func(*world, *process) {},
		"one that is held up": func(w *world, p *process) {
			p.journal.onWrite = func(_, next accesskey.Record, _ accesskey.Event) {
				if next.Phase == accesskey.Overlap && next.Hold == nil && w.now.Sub(next.Since) < time.Minute {
					w.later(time.Hour, func() { w.places["a"].key = "AKIAI44QH8DHBEXAMPLE" })
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := ordinaryWork(nil, nil)()
			w.maxNap = 12 * time.Hour
			prepare(w, p)
			idle, written := 0, 0
			for until := w.now.Add(30 * 24 * time.Hour); w.now.Before(until); w.advance(p.next) {
				look, err := p.rotator.Look(t.Context(), w.subject())
				if err != nil {
					break // it has ended
				}
				before := p.journal.latest().Version
				if _, err := w.runOne(p); err != nil {
					t.Fatal(err)
				}
				changed := p.journal.latest().Version != before
				switch {
				case look.Idle && changed:
					t.Errorf("a look said that nothing was to be done (%s, %s), and a pass wrote %s", look.Step.Kind, look.Step.Reason, p.journal.latest().Phase)
				case look.Idle:
					idle++
				case changed:
					written++
				}
			}
			if idle < 5 || written < 5 {
				t.Errorf("%d idle looks, %d passes that wrote", idle, written)
			}
		})
	}
}
