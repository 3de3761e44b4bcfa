package journal

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRunsAreKeptOnceADay(t *testing.T) {
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var got []Run
	keep := func(scope string, r Run) {
		if got, err = j.KeepRun(t.Context(), scope, r); err != nil {
			t.Fatal(err)
		}
	}
	keep("organization", Run{At: noon.AddDate(0, 0, -7), Accounts: 3, Keys: 40, Partial: true})
	keep("organization", Run{At: noon, Accounts: 4, Keys: 31, Retired: 9})
	keep("account 123456789012", Run{At: noon, Accounts: 1, Keys: 7})
	keep("organization", Run{At: noon.Add(time.Hour), Accounts: 4, Keys: 30, Retired: 10})
	want := []Run{{At: noon.AddDate(0, 0, -7), Accounts: 3, Keys: 40, Partial: true}, {At: noon.Add(time.Hour), Accounts: 4, Keys: 30, Retired: 10}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for n := range 20 {
		keep("organization", Run{At: noon.AddDate(0, 0, n), Accounts: 4, Keys: 30 - n})
	}
	if len(got) != runsShown || got[len(got)-1].Keys != 11 {
		t.Errorf("%d runs, the last %+v", len(got), got[len(got)-1])
	}
}
