package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

// usesSince says who was seen using the old key since a moment, each place in a
// line with its latest use.
func usesSince(res rotation.Result, since time.Time) []string {
	sightings, _ := res.Input.OldUses.Get()
	latest := map[accesskey.Place]time.Time{}
	var places []accesskey.Place
	for _, s := range sightings {
		if s.At.Before(since) {
			continue
		}
		if latest[s.Place].IsZero() {
			places = append(places, s.Place)
		}
		if s.At.After(latest[s.Place]) {
			latest[s.Place] = s.At
		}
	}
	slices.SortStableFunc(places, func(a, b accesskey.Place) int { return latest[b].Compare(latest[a]) })
	var lines []string
	for _, p := range places {
		lines = append(lines, fmt.Sprintf("used by %s at %s for %s, last %s", p.Agent, p.Network, p.Service, stamp(latest[p])))
	}
	return lines
}

// deliveredAt is when the last destination got the new key; zero: not yet.
func deliveredAt(r accesskey.Record) time.Time {
	var at time.Time
	for _, d := range r.Deliveries {
		if d.Done.After(at) {
			at = d.Done
		}
	}
	return at
}
