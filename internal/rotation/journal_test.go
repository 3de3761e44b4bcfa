package rotation_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/journal"
	"github.com/keytend/keytend/internal/rotation"
)

// TestChainOfHistories is invariant 8's second half: what is written in the
// course of drawn histories goes into the real journal, whose chain verifies after
// every write, against its head as it was published before.
func TestChainOfHistories(t *testing.T) {
	from, histories := uint64(1), 12
	if testing.Short() {
		histories = 3
	}
	for range histories {
		state, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		var heads []journal.Mark
		events := int64(0)
		written := func(got accesskey.Record, err error) {
			if err != nil {
				t.Fatal(err)
			}
			events++
			if n, err := state.Verify(t.Context(), heads...); err != nil || n != events {
				t.Fatalf("event %d of %d: %v", events, n, err)
			}
			head, err := state.Latest(t.Context())
			if err != nil || head.Seq != events {
				t.Fatalf("head %d, want %d: %v", head.Seq, events, err)
			}
			heads = append(heads, head)
			if kept, err := state.Fetch(t.Context(), got.Subject); got.Live() && (err != nil || cmp.Diff(got, kept) != "") {
				t.Fatalf("kept: %v\n%s", err, cmp.Diff(got, kept))
			}
		}
		broken, next := rotation.MirrorHistory(from, state, written)
		if len(broken) > 0 {
			t.Errorf("seed %d: %v", next-1, broken)
		}
		from = next
		t.Logf("seed %d: %d events", next-1, events)
		if err := state.Close(); err != nil {
			t.Error(err)
		}
	}
}
