package policy

import (
	"math/rand/v2"
	"testing"
	"time"
)

// openingByMinute and shutByMinute look at every minute.
func openingByMinute(windows []Weekly, now time.Time) time.Time {
	last := now.Add(8 * Day)
	for t := now.Truncate(time.Minute).Add(time.Minute); t.Before(last); t = t.Add(time.Minute) {
		if openAt(windows, t) {
			return t
		}
	}
	return last
}

func shutByMinute(windows []Weekly, from, until time.Time) time.Duration {
	var longest, shut time.Duration
	for t := from; t.Before(until); t = t.Add(time.Minute) {
		if shut += time.Minute; openAt(windows, t) {
			shut = 0
		}
		longest = max(longest, shut)
	}
	return longest
}

func openAt(windows []Weekly, t time.Time) bool {
	for _, w := range windows {
		if w.Contains(t) {
			return true
		}
	}
	return false
}

// TestWindowsAsByMinute: what is found from the ends of windows is what looking
// at every minute finds, also where clocks change: by an hour, by half of one, at
// midnight.
func TestWindowsAsByMinute(t *testing.T) {
	places := []*time.Location{nil}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"} {
		place, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, place)
	}
	starts := []time.Time{
		time.Date(2026, 1, 5, 9, 30, 0, 0, time.UTC), time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 23, 59, 0, 0, time.UTC),
		time.Date(2026, 4, 4, 12, 0, 0, 0, time.UTC), time.Date(2026, 9, 5, 22, 15, 0, 0, time.UTC), time.Date(2026, 11, 1, 4, 0, 0, 0, time.UTC),
	}
	dice := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		var windows []Weekly
		for range 1 + dice.IntN(2) {
			w := Weekly{From: time.Duration(dice.IntN(96)) * 15 * time.Minute, Until: time.Duration(1+dice.IntN(96)) * 15 * time.Minute, Place: places[dice.IntN(len(places))]}
			for day := range time.Weekday(7) {
				if dice.IntN(3) == 0 {
					w.Days = append(w.Days, day)
				}
			}
			windows = append(windows, w)
		}
		now := starts[dice.IntN(len(starts))].Add(time.Duration(dice.IntN(600)) * time.Minute)
		if got, want := nextOpening(windows, now), openingByMinute(windows, now); !openAt(windows, now) && !got.Equal(want) {
			t.Errorf("%+v at %s: opens %s, want %s", windows, now, got, want)
		}
		until := now.Add(3 * Day)
		if got, want := Shut(windows, now, until), shutByMinute(windows, now, until); got != want {
			t.Errorf("%+v from %s: shut for %s, want %s", windows, now, got, want)
		}
	}
}
