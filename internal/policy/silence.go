package policy

import (
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// sessionLife is how long temporary credentials made from a key can outlive the
// call that made them.
const sessionLife = 36 * time.Hour

// silence is how long a key is known not to have been used, net of the lag of
// publication: what AWS said at observed is true of the time up to observed −
// lag. Never less than 0. from is when counting begins (delivery), at the
// earliest.
func silence(observed time.Time, lag time.Duration, lastUse, from time.Time) time.Duration {
	return max(0, observed.Add(-lag).Sub(later(lastUse, from)))
}

// needed is how long a key must have been silent: idle, twice the longest gap
// between its sightings, what outlives it in sessions, a declared schedule.
func needed(t accesskey.Terms, sightings []accesskey.Sighting) time.Duration {
	need := max(t.Idle, 2*longestGap(sightings), t.Schedule)
	if slices.ContainsFunc(sightings, func(s accesskey.Sighting) bool { return s.Session }) {
		need = max(need, sessionLife)
	}
	return need
}

// longestGap is the longest time between two neighbouring sightings.
func longestGap(sightings []accesskey.Sighting) time.Duration {
	times := make([]time.Time, 0, len(sightings))
	for _, s := range sightings {
		times = append(times, s.At)
	}
	slices.SortFunc(times, time.Time.Compare)
	var gap time.Duration
	for i := 1; i < len(times); i++ {
		gap = max(gap, times[i].Sub(times[i-1]))
	}
	return gap
}

// quiet is what is known about a leaving key's silence.
type quiet struct {
	known   bool
	lastUse time.Time     // latest of last-used data and sightings; zero: never
	silence time.Duration // so far
	needed  time.Duration
}

// quietOf measures the silence of a key since it was no longer handed out.
func (v *view) quietOf(id accesskey.ID, uses accesskey.Fact[[]accesskey.Sighting], from time.Time) quiet {
	k, _ := v.key(id)
	last, known := k.LastUsed.Get()
	if !known {
		return quiet{}
	}
	sightings, _ := uses.Get() // unread: the gaps are unknown, as the plan says
	use := lastUse(last, sightings)
	return quiet{
		known: true, lastUse: use,
		silence: silence(k.LastUsed.At(), v.t.LagMargin, use, from),
		needed:  needed(v.t, sightings),
	}
}

func lastUse(last accesskey.LastUse, sightings []accesskey.Sighting) time.Time {
	use := last.At
	for _, s := range sightings {
		use = later(use, s.At)
	}
	return use
}

// missingPlace returns a place that used the leaving key, and neither shows on the
// one that stays nor has been silent, since from, for as long as its own gaps ask
// for.
func (v *view) missingPlace(leaving, staying []accesskey.Sighting, from time.Time) (accesskey.Place, bool) {
	for _, place := range placesOf(leaving) {
		there := at(leaving, place)
		last := there[len(there)-1].At
		if silence(v.ObservedAt, v.t.LagMargin, last, from) >= needed(v.t, there) {
			continue
		}
		if len(at(staying, place)) == 0 {
			return place, true
		}
	}
	return accesskey.Place{}, false
}

// since are the sightings after a moment.
func since(sightings []accesskey.Sighting, moment time.Time) []accesskey.Sighting {
	return slices.DeleteFunc(slices.Clone(sightings), func(s accesskey.Sighting) bool { return !s.At.After(moment) })
}

func placesOf(sightings []accesskey.Sighting) []accesskey.Place {
	var out []accesskey.Place
	for _, s := range sightings {
		if !slices.Contains(out, s.Place) {
			out = append(out, s.Place)
		}
	}
	return out
}

// at returns the sightings in one place, oldest first.
func at(sightings []accesskey.Sighting, p accesskey.Place) []accesskey.Sighting {
	var out []accesskey.Sighting
	for _, s := range sightings {
		if s.Place == p {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b accesskey.Sighting) int { return a.At.Compare(b.At) })
	return out
}
