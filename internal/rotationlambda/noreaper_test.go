package rotationlambda

import (
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestWithoutAReaper: nobody invokes the reaper, ever. What Secrets Manager's next
// rotations find they end first, and say so; a delivered key is never taken back.
func TestWithoutAReaper(t *testing.T) {
	in(t, nil, func(w *world) {
		w.rotate(30)
		first := w.record().New
		if r := w.record(); r.Stage() == accesskey.Proven {
			t.Errorf("AWSCURRENT holds the new key, and the record says %s", r.Phase)
		}
		held := map[accesskey.ID]bool{}
		for range 440 {
			w.pass(6*time.Hour, 10000*time.Hour)
			if err := w.works(w.holds()); err != nil {
				w.t.Fatal(err)
			}
			held[w.holds().ID] = true
		}
		if held[oldKey] || !held[first] || len(held) < 4 {
			t.Errorf("the secret held %v; the first new key was %s", held, first)
		}
		if !strings.Contains(w.log.String(), "is the reaper scheduled") {
			t.Error("nobody was told that no reaper comes")
		}
		if t.Failed() {
			t.Logf("the function said: %s\nkeys %v, record %s", strings.Join(w.fails, "\n"), ids(w.user("ana")), stateOf(w.record()))
		}
	})
}
