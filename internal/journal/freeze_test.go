package journal

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/journal/journaltest"
	"github.com/keytend/keytend/internal/rotation"
)

var _ rotation.Freezer = (*Journal)(nil)

func TestFreezes(t *testing.T) {
	j, noon := fresh(t), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, o := range []rotation.Freeze{
		{From: noon, Why: "incident", By: "ana"},
		{From: noon, Until: noon.Add(time.Hour), By: "bo"},
	} {
		if err := j.Freeze(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	in := func(at time.Time) int {
		all, err := j.Freezes(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if n := in(noon.Add(time.Hour - 1)); n != 2 {
		t.Errorf("%d in force", n)
	}
	if n := in(noon.Add(time.Hour)); n != 1 {
		t.Errorf("%d in force once one is over", n)
	}
	orders, err := j.Freezes(t.Context(), noon.Add(2*time.Hour))
	if err != nil || len(orders) != 1 || orders[0].By != "ana" || orders[0].Why != "incident" || !orders[0].From.Equal(noon) || !orders[0].Until.IsZero() {
		t.Errorf("%+v, %v", orders, err)
	}
	if n, err := j.Lift(t.Context(), noon.Add(2*time.Hour), "cy"); n != 1 || err != nil {
		t.Errorf("lifted %d, %v", n, err)
	}
	if n, err := j.Lift(t.Context(), noon.Add(2*time.Hour), "cy"); n != 0 || err != nil {
		t.Errorf("lifted %d again, %v", n, err)
	}
	if n := in(noon.Add(2 * time.Hour)); n != 0 {
		t.Errorf("%d in force once lifted", n)
	}
	if n, err := j.Verify(t.Context()); n != 3 || err != nil { // two orders, one that lifts
		t.Errorf("%d events, %v", n, err)
	}
}

func TestDrawn(t *testing.T) {
	j, budget := fresh(t), accesskey.Reservation{Budget: "all", Limit: 1}
	r, err := j.Create(t.Context(), journaltest.Record("r1", "ana"), journaltest.Event(journaltest.Record("r1", "ana"), "create"))
	if err != nil {
		t.Fatal(err)
	}
	next := r.Clone()
	next.Reserved = []accesskey.Reserved{{Budget: "all", At: r.Started}}
	if r, err = j.Replace(t.Context(), r, next, journaltest.Event(r, "intent"), budget); err != nil {
		t.Fatal(err)
	}
	if n, err := j.Drawn(t.Context(), budget); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	budget.Since = r.Started.Add(time.Second)
	if n, err := j.Drawn(t.Context(), budget); n != 0 || err != nil {
		t.Errorf("since: %d, %v", n, err)
	}
}

// A plan rests on what is live and on what was rejected, of one account.
func TestAccount(t *testing.T) {
	j := fresh(t)
	for id, user := range map[string]string{"r1": "ana", "r2": "bo", "r3": "cy"} {
		r, err := j.Create(t.Context(), journaltest.Record(id, user), journaltest.Event(journaltest.Record(id, user), "create"))
		if err != nil {
			t.Fatal(err)
		}
		next := r.Clone()
		switch user {
		case "ana":
			next.Phase, next.Rejection = accesskey.RolledBack, &accesskey.Rejection{By: "dan"}
		case "bo":
			next.Phase = accesskey.Done
		}
		if _, err := j.Replace(t.Context(), r, next, journaltest.Event(r, "x")); err != nil && !errors.Is(err, rotation.ErrConflict) {
			t.Fatal(err)
		}
	}
	got, err := j.Account(t.Context(), "123456789012")
	if err != nil || len(got) != 2 || got[0].Subject.User != "ana" || got[0].Rejection == nil || got[1].Subject.User != "cy" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = j.Account(t.Context(), "210987654321"); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Notices rest on what is live and on what has ended lately.
func TestRecent(t *testing.T) {
	j := fresh(t)
	began := journaltest.Record("r1", "ana").Started
	for id, days := range map[string]int{"r1": 0, "r2": 10, "r3": 40} {
		r := journaltest.Record(id, "user-"+id)
		r, err := j.Create(t.Context(), r, journaltest.Event(r, "create"))
		if err != nil {
			t.Fatal(err)
		}
		if days == 0 {
			continue
		}
		next := r.Clone()
		next.Phase, next.Ended = accesskey.Done, began.AddDate(0, 0, days)
		if _, err := j.Replace(t.Context(), r, next, journaltest.Event(r, "end")); err != nil {
			t.Fatal(err)
		}
	}
	for since, want := range map[int]int{0: 3, 10: 3, 11: 2, 40: 2, 41: 1} {
		got, err := j.Recent(t.Context(), "123456789012", began.AddDate(0, 0, since))
		if err != nil || len(got) != want {
			t.Errorf("since day %d: %d records, %v; want %d", since, len(got), err, want)
		}
	}
}

// TestHistoryIsNotReadThrough: what is asked of every account, every time, goes by
// an index that has nothing of the history.
func TestHistoryIsNotReadThrough(t *testing.T) {
	j := fresh(t)
	for query, args := range map[string][]any{recentOf: {"1", "1", "2026"}, plannedOf: {"1", "1"}} {
		rows, err := j.db.QueryContext(t.Context(), "explain query plan "+query, args...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			fine := strings.Contains(detail, "record_ended (account=? AND ended") || strings.Contains(detail, "record_rejected (account=?)")
			if strings.Contains(detail, " record ") && !fine {
				t.Errorf("%s\n%s", query, detail)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
