package main

import (
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/usage"
)

// usesSince says who was seen using the old key since a moment, each place in a
// sentence, the latest first.
func usesSince(res rotation.Result, since, now time.Time) []string {
	sightings, _ := res.Input.OldUses.Get()
	late := slices.DeleteFunc(slices.Clone(sightings), func(s accesskey.Sighting) bool { return s.At.Before(since) })
	return usage.Told(late, now)
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
