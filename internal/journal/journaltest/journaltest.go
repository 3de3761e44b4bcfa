// Package journaltest is the contract that every journal keeps: the SQLite
// file, the fleet's database, and the memory of the simulation.
package journaltest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Record returns a live record about a user.
func Record(id, user string) accesskey.Record {
	return accesskey.Record{
		ID: id, Work: accesskey.Rotation, Phase: accesskey.Requested, Since: began, Started: began,
		Subject: accesskey.Subject{Account: "123456789012", User: user, UserID: "AIDA" + user},
		Old:     "AKIAIOSFODNN7EXAMPLE", Terms: accesskey.DefaultTerms(),
		Deliveries: []accesskey.Delivery{{Destination: "dotenv:/srv/.env", Expect: "v1"}},
	}
}

// Event returns an event about a record.
func Event(r accesskey.Record, what string) accesskey.Event {
	return accesskey.Event{At: began, Who: "holder-1", What: what, Record: r.ID, Account: r.Subject.Account, User: r.Subject.User}
}

// Run holds a journal to the contract. open returns an empty one each time.
func Run(t *testing.T, open func(*testing.T) rotation.Journal) {
	for name, test := range map[string]func(*testing.T, rotation.Journal){
		"a record comes back as it was":        comesBack,
		"one live record a user":               oneLive,
		"a replacement is compare-and-swap":    compareAndSwap,
		"of many writers one wins":             oneWins,
		"a refused write leaves nothing":       leavesNothing,
		"budgets count live records":           liveBudget,
		"budgets count draws in a time":        timeBudget,
		"what was given back can't be altered": noAliasing,
		"the head is the latest act of ours":   head,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func create(t *testing.T, j rotation.Journal, r accesskey.Record) accesskey.Record {
	t.Helper()
	r, err := j.Create(t.Context(), r, Event(r, "create"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func replace(t *testing.T, j rotation.Journal, old accesskey.Record, change func(*accesskey.Record)) accesskey.Record {
	t.Helper()
	next := old.Clone()
	change(&next)
	next, err := j.Replace(t.Context(), old, next, Event(next, "replace"))
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func comesBack(t *testing.T, j rotation.Journal) {
	r := create(t, j, Record("r1", "ana"))
	if r.Version != 1 {
		t.Errorf("version %d, want 1", r.Version)
	}
	got, err := j.Fetch(t.Context(), r.Subject)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Errorf("fetched differs (-created +fetched):\n%s", diff)
	}
	if _, err := j.Fetch(t.Context(), accesskey.Subject{Account: "123456789012", User: "bo"}); !errors.Is(err, rotation.ErrNoRecord) {
		t.Errorf("another user: %v, want ErrNoRecord", err)
	}
	if _, err := j.Fetch(t.Context(), accesskey.Subject{Account: "210987654321", User: "ana"}); !errors.Is(err, rotation.ErrNoRecord) {
		t.Errorf("another account: %v, want ErrNoRecord", err)
	}
}

func oneLive(t *testing.T, j rotation.Journal) {
	r := create(t, j, Record("r1", "ana"))
	if _, err := j.Create(t.Context(), Record("r2", "ana"), Event(Record("r2", "ana"), "create")); !errors.Is(err, rotation.ErrExists) {
		t.Errorf("a second live record: %v, want ErrExists", err)
	}
	replace(t, j, r, func(r *accesskey.Record) { r.Phase = accesskey.Done })
	if _, err := j.Fetch(t.Context(), r.Subject); !errors.Is(err, rotation.ErrNoRecord) {
		t.Errorf("an ended record is fetched: %v", err)
	}
	create(t, j, Record("r2", "ana"))
}

func compareAndSwap(t *testing.T, j rotation.Journal) {
	first := create(t, j, Record("r1", "ana"))
	second := replace(t, j, first, func(r *accesskey.Record) { r.Phase = accesskey.Claimed })
	if second.Version != 2 {
		t.Errorf("version %d, want 2", second.Version)
	}
	if _, err := j.Replace(t.Context(), first, first, Event(first, "late")); !errors.Is(err, rotation.ErrConflict) {
		t.Errorf("a late writer: %v, want ErrConflict", err)
	}
	got, err := j.Fetch(t.Context(), first.Subject)
	if err != nil || got.Phase != accesskey.Claimed || got.Version != 2 {
		t.Errorf("after a conflict: %v %d %v", got.Phase, got.Version, err)
	}
}

func oneWins(t *testing.T, j rotation.Journal) {
	r := create(t, j, Record("r1", "ana"))
	var group sync.WaitGroup
	won := make(chan int, 8)
	for i := range 8 {
		group.Go(func() {
			next := r.Clone()
			next.Deliveries[0].Tries = i
			if _, err := j.Replace(t.Context(), r, next, Event(r, fmt.Sprint("writer ", i))); err == nil {
				won <- i
			} else if !errors.Is(err, rotation.ErrConflict) {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	group.Wait()
	close(won)
	var winners []int
	for i := range won {
		winners = append(winners, i)
	}
	got, err := j.Fetch(t.Context(), r.Subject)
	if err != nil || len(winners) != 1 || got.Deliveries[0].Tries != winners[0] {
		t.Errorf("winners %v, stored %+v, %v", winners, got.Deliveries, err)
	}
}

func leavesNothing(t *testing.T, j rotation.Journal) {
	r := create(t, j, Record("r1", "ana"))
	late := Event(r, "intent create")
	late.At = began.Add(time.Hour)
	stale := r.Clone()
	stale.Version = 7
	if _, err := j.Replace(t.Context(), stale, r, late); !errors.Is(err, rotation.ErrConflict) {
		t.Fatalf("%v, want ErrConflict", err)
	}
	if at, err := j.Head(t.Context(), r.Subject); err != nil || !at.IsZero() {
		t.Errorf("the event of a refused write was kept: head %v %v", at, err)
	}
}

func liveBudget(t *testing.T, j rotation.Journal) {
	budget := accesskey.Reservation{Budget: "account 123456789012", Limit: 1}
	ana, bo := create(t, j, Record("r1", "ana")), create(t, j, Record("r2", "bo"))
	drawn := ana.Clone()
	drawn.Reserved = []accesskey.Reserved{{Budget: budget.Budget, At: began}}
	drawn, err := j.Replace(t.Context(), ana, drawn, Event(ana, "draw"), budget)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Replace(t.Context(), bo, bo, Event(bo, "draw"), budget); !errors.Is(err, rotation.ErrBudget) {
		t.Errorf("a second draw: %v, want ErrBudget", err)
	}
	if drawn, err = j.Replace(t.Context(), drawn, drawn, Event(drawn, "again"), budget); err != nil {
		t.Errorf("its own draw counts against a record: %v", err)
	}
	replace(t, j, drawn, func(r *accesskey.Record) { r.Phase = accesskey.Done })
	if _, err := j.Replace(t.Context(), bo, bo, Event(bo, "draw"), budget); err != nil {
		t.Errorf("an ended record's draw still counts: %v", err)
	}
}

func timeBudget(t *testing.T, j rotation.Journal) {
	daily := accesskey.Reservation{Budget: "new a day", Limit: 1, Since: began}
	ana, bo := create(t, j, Record("r1", "ana")), create(t, j, Record("r2", "bo"))
	ended := ana.Clone()
	ended.Phase = accesskey.Done
	ended.Reserved = []accesskey.Reserved{{Budget: daily.Budget, At: began.Add(time.Second)}}
	if _, err := j.Replace(t.Context(), ana, ended, Event(ana, "draw"), daily); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Replace(t.Context(), bo, bo, Event(bo, "draw"), daily); !errors.Is(err, rotation.ErrBudget) {
		t.Errorf("a draw of an ended record today: %v, want ErrBudget", err)
	}
	daily.Since = began.Add(time.Minute)
	if _, err := j.Replace(t.Context(), bo, bo, Event(bo, "draw"), daily); err != nil {
		t.Errorf("yesterday's draw still counts: %v", err)
	}
}

func noAliasing(t *testing.T, j rotation.Journal) {
	r := Record("r1", "ana")
	kept := create(t, j, r)
	r.Deliveries[0].Destination = "altered"
	kept.Deliveries[0].Expect = "altered"
	got, err := j.Fetch(t.Context(), r.Subject)
	if err != nil || got.Deliveries[0] != (accesskey.Delivery{Destination: "dotenv:/srv/.env", Expect: "v1"}) {
		t.Errorf("stored record was altered from outside: %+v %v", got.Deliveries, err)
	}
}

// head: only what proves that we acted on AWS moves it, so that a journal put
// back from a copy doesn't grow young by being asked for something.
func head(t *testing.T, j rotation.Journal) {
	first, elsewhere := Record("r1", "ana"), Record("r9", "bo")
	var at time.Time
	var hour time.Duration
	write := func(old accesskey.Record, e accesskey.Event) accesskey.Record {
		t.Helper()
		hour += time.Hour
		e.At = began.Add(hour)
		next := old.Clone()
		next.Phase = accesskey.Phase(e.What)
		if e.What == "end" {
			next.Phase = accesskey.Done
		}
		next, err := j.Replace(t.Context(), old, next, e)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	is := func(what string, want time.Time) {
		t.Helper()
		if got, err := j.Head(t.Context(), first.Subject); err != nil || !got.Equal(want) {
			t.Errorf("%s: head %v %v, want %v", what, got, err, want)
		}
	}
	is("of nobody", time.Time{})
	r := create(t, j, first)
	is("asked for", time.Time{})
	for _, what := range []string{"hold", "release", "keys read", "waits", "blocked", "prove"} {
		r = write(r, Event(r, what))
		is(what, time.Time{})
	}
	r = write(r, Event(r, "intent tag"))
	at = began.Add(hour)
	is("intent", at)
	r = write(r, Event(r, "claimed"))
	is("claimed", at)
	done := Event(r, "tag done")
	done.Outcome = accesskey.OutcomeDone
	r = write(r, done)
	at = began.Add(hour)
	is("outcome", at)
	write(r, Event(r, "end"))
	is("the record has ended", at)
	bo := create(t, j, elsewhere)
	write(bo, Event(bo, "intent tag"))
	is("another user's intent", at)
	r = create(t, j, Record("r2", "ana"))
	is("asked for again", at)
	write(r, Event(r, accesskey.Recovered))
	is("recovered", began.Add(hour))
}
