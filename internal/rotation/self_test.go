package rotation

import (
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// bySelf is a rotation of the key that our own requests are signed with: each
// write to the journal stands for calls made with it.
func bySelf(t *testing.T, arrange func(*world)) (*world, *process) {
	t.Helper()
	return story(t, func(w *world, p *process) {
		w.tracing = true
		p.base = p.journal.mustLive().Old
		p.journal.onWrite = func(accesskey.Record, accesskey.Record, accesskey.Event) {
			if m := w.made[p.base]; m != nil {
				m.uses = append(m.uses, use{w.now, OwnAgent})
			}
		}
		arrange(w)
	})
}

// TestSelfIsNobody: what Keytend does with the new key does not show that its
// consumers have it.
func TestSelfIsNobody(t *testing.T) {
	w, p := bySelf(t, func(w *world) { w.eaters = nil })
	r := p.journal.mustLive()
	if k, _ := w.user.find(r.Old); k.status != accesskey.Active || p.base != r.New {
		t.Fatalf("the old key is %s, our own requests are signed with %s\n%s", k.status, p.base, tail(w.trace))
	}
	blockedFor(t, p, policy.WhyStillUsed)
	if !strings.Contains(r.Block.Saw, "signs keytend's own requests") {
		t.Error(r.Block.Saw)
	}
	if len(w.broken) > 0 {
		t.Error(w.broken)
	}
}

func TestSelfWithAConsumer(t *testing.T) {
	w, p := bySelf(t, func(*world) {})
	w.mustEnd(t, p, accesskey.Done)
	if r := p.journal.latest(); !r.Watch.NewTaken.After(r.Proof.Passed) || r.Watch.NewOurs.IsZero() {
		t.Errorf("taken %s, ours %s", r.Watch.NewTaken.Format(time.RFC3339), r.Watch.NewOurs.Format(time.RFC3339))
	}
}
