package policy

import (
	"slices"
	"time"
)

// Weekly is a change window: From ≤ time of day < Until on the given days in a
// place. Until ≤ From: it ends the day after.
type Weekly struct {
	Days        []time.Weekday // none: every day
	From, Until time.Duration  // since midnight
	Place       *time.Location // nil: UTC
}

// Contains reports whether t lies within.
func (w Weekly) Contains(t time.Time) bool {
	place := w.Place
	if place == nil {
		place = time.UTC
	}
	t = t.In(place)
	ofDay := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	if w.Until > w.From {
		return w.on(t.Weekday()) && w.From <= ofDay && ofDay < w.Until
	}
	yesterday := (t.Weekday() + 6) % 7
	return w.on(t.Weekday()) && w.From <= ofDay || w.on(yesterday) && ofDay < w.Until
}

func (w Weekly) on(day time.Weekday) bool {
	for _, d := range w.Days {
		if d == day {
			return true
		}
	}
	return len(w.Days) == 0
}

// turns are moments from one time up to another at which the window may open or
// close, in order: where its days begin and end, or, on a day on which the
// clocks of its place change, every minute.
func (w Weekly) turns(from, until time.Time) []time.Time {
	place := w.Place
	if place == nil {
		place = time.UTC
	}
	var turns []time.Time
	y, m, d := from.In(place).Date()
	for ; ; d++ {
		day, next := time.Date(y, m, d, 0, 0, 0, 0, place), time.Date(y, m, d+1, 0, 0, 0, 0, place)
		if day.After(until) {
			return turns
		}
		for _, t := range w.turnsOf(day, next) {
			if !t.Before(from) && !t.After(until) {
				turns = append(turns, t)
			}
		}
	}
}

func (w Weekly) turnsOf(day, next time.Time) []time.Time {
	if next.Sub(day) == Day {
		first, second := min(w.From, w.Until), max(w.From, w.Until)
		return []time.Time{day, day.Add(first), day.Add(second)}
	}
	var minutes []time.Time
	for t := day; t.Before(next); t = t.Add(time.Minute) {
		minutes = append(minutes, t)
	}
	return minutes
}

// nextOpening is when one of the windows opens, of which none is open now; eight
// days from now at the latest.
func nextOpening(windows []Weekly, now time.Time) time.Time {
	opens := now.Add(8 * Day)
	for _, w := range windows {
		for _, t := range w.turns(now, opens) {
			if w.Contains(t) {
				opens = t
				break
			}
		}
	}
	return opens
}

// Shut is the longest time without a break from one time up to another during
// which none of the windows is open; none: 0.
func Shut(windows []Weekly, from, until time.Time) time.Duration {
	if len(windows) == 0 {
		return 0
	}
	var turns []time.Time
	for _, w := range windows {
		turns = append(turns, w.turns(from, until)...)
	}
	turns = append(turns, from, until)
	slices.SortFunc(turns, time.Time.Compare)
	var longest time.Duration
	var since time.Time // shut from then on; zero: open
	for _, t := range turns {
		if !since.IsZero() {
			longest = max(longest, t.Sub(since))
		}
		switch {
		case slices.ContainsFunc(windows, func(w Weekly) bool { return w.Contains(t) }):
			since = time.Time{}
		case since.IsZero():
			since = t
		}
	}
	return longest
}
