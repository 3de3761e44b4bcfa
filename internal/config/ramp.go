package config

import (
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/match"
	"github.com/keytend/keytend/internal/policy"
)

// Ramp works off the keys that are overdue when it starts, a few a week, those
// first that hurt least.
type Ramp struct {
	// Start is the day (UTC) on which the first may begin.
	Start Moment `yaml:"start" jsonschema:"required"`
	// PerWeek is how many more may begin each week.
	PerWeek int `yaml:"per_week" jsonschema:"required"`
	// Order says which come first: unused, low_privilege, rest.
	Order []Wave `yaml:"order"`
}

const week = 7 * policy.Day

func (r *Ramp) preset() { r.Order = []Wave{WaveUnused, WaveLowPrivilege, WaveRest} }

// Begins is when the first may begin (UTC).
func (r *Ramp) Begins() time.Time { return r.Start.From(time.UTC) }

// Allowed is how many may have begun by a moment: per_week at the start, and as
// many more with each week that is over.
func (r *Ramp) Allowed(at time.Time) int {
	if at.Before(r.Begins()) {
		return 0
	}
	return (1 + int(at.Sub(r.Begins())/week)) * r.PerWeek
}

// Turn is when the n-th may begin, counted from 0.
func (r *Ramp) Turn(n int) time.Time {
	return r.Begins().Add(time.Duration(n/max(r.PerWeek, 1)) * week)
}

// WaveOf says which part of the keys a key belongs to. What is unknown of it
// makes it one of the rest.
func WaveOf(user accesskey.User, key accesskey.Key, unused time.Duration, now time.Time) Wave {
	if rested(key, now) > unused {
		return WaveUnused
	}
	if p, known := user.Privilege.Get(); known && !p.Admin && key.LastUsed.Known() {
		return WaveLowPrivilege
	}
	return WaveRest
}

// rested is for how long a key was not used; 0 where that is unknown.
func rested(key accesskey.Key, now time.Time) time.Duration {
	last, known := key.LastUsed.Get()
	if !known {
		return 0
	}
	if !last.Never() {
		return now.Sub(last.At)
	}
	created, known := key.Created.Get()
	if !known {
		return 0
	}
	return now.Sub(created)
}

// wave is the place of a key's part in the ramp's order; without a ramp all are
// in the first.
func (p *Policy) wave(s *match.Subject, unused time.Duration) int {
	if p.Ramp == nil {
		return 0
	}
	if i := slices.Index(p.Ramp.Order, WaveOf(*s.User, *s.Key, unused, s.Now)); i >= 0 {
		return i
	}
	return len(p.Ramp.Order)
}
