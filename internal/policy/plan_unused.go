package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// unused has a key that nobody uses retired: told of first, switched off when
// it was unused for Ruling.Disable. A key that nobody uses is not replaced,
// since nobody would take the new one up.
func (s *prospect) unused() bool {
	r := &s.ruling
	idle := s.now.Sub(later(s.use.At, s.created))
	switch {
	case idle <= r.Rules.Unused && (r.Disable <= 0 || idle < r.Disable-r.Retire.Notice):
		return false
	case r.Disable <= 0:
		return false
	case s.use.Never() && !r.NeverUsed:
		return s.neverUsed(idle)
	}
	return s.retire()
}

// neverUsed: the policy only reports such keys, and replacing one that nobody
// has ever used would come to no end.
func (s *prospect) neverUsed(idle time.Duration) bool {
	if idle <= s.ruling.Rules.Unused {
		return false
	}
	s.item.Todo = "delete it, or have the policy switch such keys off (never_used: disable)"
	return s.say(Leave, WhyNeverUsed, "never used since it was created "+about(idle)+" ago; the policy only reports that")
}

// retire begins so early that notice is over when the key was unused for long
// enough.
func (s *prospect) retire() bool {
	r := &s.ruling
	last := later(s.use.At, s.created)
	s.item.Work, s.item.Delete = accesskey.Retirement, !r.Retire.Keep
	s.item.Due = last.Add(r.Disable + r.Retire.LagMargin)
	start := last.Add(r.Disable - r.Retire.Notice)
	why, saw := WhyUnused, "last used "+about(s.now.Sub(last))+" ago"
	if s.use.Never() {
		why, saw = WhyNeverUsed, "never used since it was created "+about(s.now.Sub(last))+" ago"
	}
	switch {
	case s.now.Before(start):
		s.item.At = start
		return s.say(Comes, why, saw)
	case s.key.LastUsed.At().Before(start) && s.now.Sub(s.key.LastUsed.At()) > recent:
		return s.say(Unjudged, WhyUnknownFact, saw+" as of "+stamp(s.key.LastUsed.At())+"; whether it was used since is not known")
	case s.rejected():
		return true
	}
	off := later(s.item.Due, s.now.Add(r.Retire.Notice))
	s.item.Limit, s.item.Due = s.item.Due, off
	does := "; would be switched off at " // under a policy that changed anything
	if r.Mode == Approve || r.Mode == Enforce {
		does = "; switched off at "
	}
	return s.start(why, saw+does+stamp(off)+" unless it is used")
}

// off plans a key that is not Active.
func (s *prospect) off() bool {
	status, _ := s.key.Status.Get()
	if status == accesskey.Active {
		return false
	}
	if s.ruling.Inactive <= 0 {
		return s.say(Leave, WhyInactive, string(status)+"; the policy deletes no such keys")
	}
	if status != accesskey.Inactive {
		return s.say(Leave, WhyInactive, string(status)+": only Inactive keys are deleted")
	}
	if s.rejected() {
		return true
	}
	s.item.Work, s.item.Delete, s.item.Inactive = accesskey.Retirement, true, true
	return s.start(WhyInactive, "Inactive; deleted when it was seen so for "+exactly(s.ruling.Inactive))
}

// Terms are those of the record that an item begins. Nothing else has any.
func (i *Item) Terms() accesskey.Terms {
	if i.Ruling == nil {
		return accesskey.Terms{}
	}
	r := i.Ruling
	t := r.Retire
	switch {
	case i.Work == accesskey.Rotation:
		return r.Terms
	case i.Inactive:
		t.Rest, t.Keep = r.Inactive, false
	default:
		t.Idle = max(t.Idle, r.Disable)
	}
	return t
}

// OverdueAt reports whether a key, as it is now, was too old or unused for too
// long at a moment. What is not known is not overdue.
func OverdueAt(k *accesskey.Key, r *Ruling, at time.Time) bool {
	created, dated := k.Created.Get()
	use, used := k.LastUsed.Get()
	if !dated {
		return false
	}
	old := r.Rotate && r.Rules.MaxAge > 0 && at.Sub(created) > r.Rules.MaxAge
	idle := used && r.Disable > 0 && at.Sub(later(use.At, created)) > r.Disable
	return old || idle
}
