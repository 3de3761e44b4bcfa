package journal

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// TestNoteIsALink: what has no record is in the chain all the same, and among
// its user's events.
func TestNoteIsALink(t *testing.T) {
	j := lived(t)
	before, err := j.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := accesskey.Event{
		At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Who: "ana", What: "delete the root user's password",
		Account: "123456789012", User: "<root_account>", Outcome: accesskey.OutcomeDone,
	}
	if err := j.Note(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	after, err := j.Latest(t.Context())
	if err != nil || after.Seq != before.Seq+1 {
		t.Errorf("%+v after %+v: %v", after, before, err)
	}
	if n, err := j.Verify(t.Context(), before, after); err != nil || n != after.Seq {
		t.Errorf("%d %v", n, err)
	}
	got, err := j.Events(t.Context(), accesskey.Subject{Account: e.Account, User: e.User})
	if err != nil || len(got) != 1 || got[0] != e {
		t.Errorf("%+v %v", got, err)
	}
}
