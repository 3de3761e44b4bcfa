package rotation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestTagIsReleased: whatever becomes of the call that takes our tag off, in the
// end it is off: another journal waits for it.
func TestTagIsReleased(t *testing.T) {
	for _, m := range []mode{refuse, notDone, lose, late, die, dieAfter, dieLate} {
		t.Run(fmt.Sprint(m), func(t *testing.T) {
			w, p := ordinaryWork(nil, nil)()
			w.tracing = true
			w.failOnce("iam:UntagUser", m)
			w.fineAt(t, p, accesskey.Done)
			if tag := w.user.tags[ClaimTag]; tag != "" {
				t.Errorf("tag %q\n%s", tag, tail(w.trace))
			}
		})
	}
}

// sticky may not take tags off.
type sticky struct{ Tags }

func (sticky) Untag(context.Context, accesskey.Subject, Permit) error {
	return fmt.Errorf("%w (%w)", ErrDenied, ErrNotDone)
}

// TestTagThatStays: where taking it off is denied, the record ends, and people
// are told of the tag.
func TestTagThatStays(t *testing.T) {
	w, p := ordinaryWork(nil, nil)()
	p.rotator.Tags, p.journal.record = sticky{p.rotator.Tags}, true
	w.fineAt(t, p, accesskey.Done)
	told := slices.ContainsFunc(p.journal.log, func(e accesskey.Event) bool {
		return e.Alert && strings.HasPrefix(e.What, "untag") && e.Outcome == accesskey.OutcomeNotDone
	})
	if !told || w.user.tags[ClaimTag] == "" {
		t.Errorf("told %v, tags %v", told, w.user.tags)
	}
	w.rotate(p, p.journal.latest().New, func(r *accesskey.Record) { r.Started = w.now.Add(time.Second) })
	w.fineAt(t, p, accesskey.Done)
}
