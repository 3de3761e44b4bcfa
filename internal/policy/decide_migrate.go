package policy

import (
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// migrates reports that the key is retired because its consumers move to roles:
// it may be used until they have, and they are to be seen there.
func (v *view) migrates() bool { return len(v.r.Successors) > 0 }

// movedBy is when all are to have moved.
func (v *view) movedBy() time.Time { return later(v.r.Started, v.r.WatchedFrom).Add(v.t.OverlapMax) }

// forced: a person wants the key off at overlap_max, whoever has not moved.
func (v *view) forced() bool { return v.r.Flags.Force && !v.now.Before(v.movedBy()) }

// notMoved is rule 7's silence, of a key whose consumers move one after the other.
func (v *view) notMoved() (Step, bool) {
	k, _ := v.key(v.r.Old)
	created, known := k.Created.Get()
	q := v.quietOf(v.r.Old, v.OldUses, created)
	switch {
	case v.forced():
		return pass()
	case !known || !q.known:
		return v.wait(WhyUnknownFact, "the last use of %s: %s", v.r.Old, k.LastUsed.Why())
	case q.silence >= q.needed:
		return pass()
	}
	saw := "key %s was last used %s%s: silent for %s of %s net of lag"
	args := []any{v.r.Old, usedAt(q.lastUse), v.whereLast(k), about(q.silence), about(q.needed)}
	if !v.now.Before(v.movedBy()) {
		return v.block(WhyStillUsed, saw, args...)
	}
	quietAt := later(q.lastUse, created).Add(v.t.LagMargin + q.needed)
	return v.waitUntil(later(quietAt, v.now.Add(v.t.Window)), v.movedBy(), WhyNotMoved, saw, args...)
}

// whereLast says where the key was last used, as far as was seen.
func (v *view) whereLast(k accesskey.Key) string {
	sightings, _ := v.OldUses.Get()
	if len(sightings) > 0 {
		last := slices.MaxFunc(sightings, func(a, b accesskey.Sighting) int { return a.At.Compare(b.At) }).Place
		return " by " + quoted(last.Agent) + " at " + last.Network + " for " + last.Service
	}
	if last, _ := k.LastUsed.Get(); last.Service != "" {
		return " for " + last.Service + " in " + last.Region
	}
	return ""
}

// roleLook is between two looks at a role that nobody uses yet: AWS tells of its
// uses hours late.
const roleLook = 4 * time.Hour

// successorUnused: a key that is silent proves little while nobody uses the role:
// it must have been used since the key last was.
func (v *view) successorUnused() (Step, bool) {
	if v.is(v.r.Old, accesskey.Inactive) || v.forced() {
		return pass()
	}
	k, _ := v.key(v.r.Old)
	last, _ := k.LastUsed.Get()
	sightings, _ := v.OldUses.Get()
	for _, role := range v.r.Successors {
		used, known := v.RoleUses[role].Get()
		switch {
		case !known:
			return v.wait(WhyUnknownFact, "the last use of role %s: %s", role, v.RoleUses[role].Why())
		case !used.IsZero() && used.After(lastUse(last, sightings)):
		case !v.now.Before(v.movedBy()):
			return v.block(WhyRoleUnused, "role %s was last used %s, key %s %s", role, usedAt(used), v.r.Old, usedAt(lastUse(last, sightings)))
		default:
			return v.waitUntil(v.now.Add(roleLook), v.movedBy(), WhyRoleUnused, "role %s was last used %s, key %s %s", role, usedAt(used), v.r.Old, usedAt(lastUse(last, sightings)))
		}
	}
	return pass()
}
