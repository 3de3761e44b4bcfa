package rotation

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

const (
	lostOld  accesskey.ID = "AKIAIOSFODNN7EXAMPLE"
	lostNew  accesskey.ID = "AKIAI44QH8DHBEXAMPLE"
	leftover accesskey.ID = "AKIACOLLEAGUEEXAMPLE"
)

// remain is what is left of a user's past: keys "Active" or "Inactive", with
// their age in days.
func remain(alter func(*Remains)) Remains {
	m := Remains{
		ID: "r", Token: "j2.t", Tag: "j.t1", Subject: accesskey.Subject{User: "ana"}, Terms: quickTerms(),
		Authors: map[accesskey.ID]Authorship{lostNew: {Found: true, Token: "j.t1"}},
		Holding: map[string]accesskey.ID{"a": lostNew},
	}
	m.User.Keys = accesskey.Observed([]accesskey.Key{lostKey(lostOld, 200, accesskey.Active), lostKey(lostNew, 1, accesskey.Active)}, start, "iam")
	if alter != nil {
		alter(&m)
	}
	return m
}

func lostKey(id accesskey.ID, days int, s accesskey.Status) accesskey.Key {
	return accesskey.Key{
		ID: accesskey.Observed(id, start, "iam"), Status: accesskey.Observed(s, start, "iam"),
		Created: accesskey.Observed(start.AddDate(0, 0, -days), start, "iam"), LastUsed: accesskey.Observed(accesskey.LastUse{}, start, "iam"),
	}
}

func (m *Remains) keys(keys ...accesskey.Key) { m.User.Keys = accesskey.Observed(keys, start, "iam") }

// switchedOff is a key switched off under a token, hours ago; empty: by somebody else.
func switchedOff(id accesskey.ID, token string, hours int) Act {
	return Act{At: start.Add(-time.Duration(hours) * time.Hour), Action: accesskey.Deactivate, Key: id, Token: token}
}

func denied(token string, hours int) Act {
	return Act{At: start.Add(-time.Duration(hours)*time.Hour + 10*time.Minute), Action: accesskey.DenySessions, Token: token}
}

// TestRecovered is what is rebuilt from what remains: no key is the old one for
// a guess.
func TestRecovered(t *testing.T) {
	old, colleague, fresh := lostKey(lostOld, 200, accesskey.Active), lostKey(leftover, 20, accesskey.Active), lostKey(lostNew, 1, accesskey.Active)
	oldOff := lostKey(lostOld, 200, accesskey.Inactive)
	for _, x := range []struct {
		name  string
		alter func(*Remains)
		work  accesskey.Work // empty: nothing is put on record
		phase accesskey.Phase
		old   accesskey.ID
		say   string // part of what a person is asked to type
	}{
		{"the claim's own key beside one other", nil, accesskey.Rotation, accesskey.Overlap, lostOld, ""},
		{"… beside two", func(m *Remains) { m.keys(colleague, fresh, old) }, "", "", "", "keytend recover ana " + string(leftover)},
		{"… beside two, one named", func(m *Remains) { m.keys(colleague, fresh, old); m.Named = leftover }, accesskey.Rotation, accesskey.Overlap, leftover, ""},
		{"… beside two, one switched off by the claim", func(m *Remains) {
			m.keys(colleague, fresh, oldOff)
			m.Acts = []Act{switchedOff(lostOld, "j.t1", 5)}
		}, accesskey.Rotation, accesskey.Resting, lostOld, ""},
		{"… and switched off by somebody since", func(m *Remains) {
			m.keys(colleague, fresh, oldOff)
			m.Acts = []Act{switchedOff(lostOld, "j.t1", 5), switchedOff(lostOld, "", 4)}
		}, "", "", "", "keytend recover ana"},
		{"no tag: a colleague's older key is nobody's to watch", func(m *Remains) { m.Tag = "" }, "", "", "", "keytend recover ana " + string(lostOld)},
		{"… unless a person names it", func(m *Remains) { m.Tag, m.Named = "", lostOld }, accesskey.Rotation, accesskey.Overlap, lostOld, ""},
		{"… also where we switched it off: that may be over, and the key kept", func(m *Remains) {
			m.Tag, m.Acts = "", []Act{switchedOff(lostOld, "j.t1", 5)}
			m.keys(oldOff, fresh)
		}, "", "", "", "keytend recover ana " + string(lostOld)},
		{"the new key is named by mistake", func(m *Remains) { m.Named = lostNew }, "", "", "", "keytend recover ana " + string(lostOld)},
		{"a key younger than the new one is named", func(m *Remains) { m.keys(old, fresh, lostKey(leftover, 0, accesskey.Active)); m.Named = leftover }, "", "", "", string(lostOld)},
		{"no destination is known to hold it: back", func(m *Remains) { m.Holding = nil }, accesskey.Rotation, accesskey.RollingBack, lostOld, ""},
		{"the claim is another than the key's: that key is not of it", func(m *Remains) { m.Tag = "j.t2" }, accesskey.Rotation, accesskey.RollingBack, lostNew, ""},
		{"the only key: the claim is released", func(m *Remains) { m.keys(fresh) }, accesskey.Rotation, accesskey.RollingBack, lostNew, ""},
		{"the only key, no claim: over", func(m *Remains) { m.keys(fresh); m.Tag = "" }, "", "", "", ""},
		{"nothing of ours", func(m *Remains) { m.keys(old, colleague); m.Tag, m.Authors = "", nil }, "", "", "", ""},
		{"a key off, by somebody else", func(m *Remains) {
			m.keys(oldOff, colleague)
			m.Tag, m.Authors, m.Acts = "", nil, []Act{switchedOff(lostOld, "", 5)}
		}, "", "", "", ""},
		{"a retirement", func(m *Remains) { m.keys(oldOff, colleague); m.Acts = []Act{switchedOff(lostOld, "j.t1", 5)} }, accesskey.Retirement, accesskey.Resting, lostOld, ""},
		{"a revocation", func(m *Remains) {
			m.keys(oldOff, colleague)
			m.Acts = []Act{switchedOff(lostOld, "j.t1", 5), denied("j.t1", 5)}
		}, accesskey.Revocation, accesskey.Resting, lostOld, ""},
		{"a retirement without a claim may be over", func(m *Remains) {
			m.keys(oldOff, colleague)
			m.Tag, m.Authors, m.Acts = "", nil, []Act{switchedOff(lostOld, "j.t1", 5)}
		}, "", "", "", "keytend recover ana " + string(lostOld)},
		{"… unless a person names the key", func(m *Remains) {
			m.keys(oldOff, colleague)
			m.Tag, m.Authors, m.Acts, m.Named = "", nil, []Act{switchedOff(lostOld, "j.t1", 5)}, lostOld
		}, accesskey.Retirement, accesskey.Resting, lostOld, ""},
		{"… and a key that we never touched is not retired by naming it", func(m *Remains) {
			m.keys(oldOff, colleague)
			m.Tag, m.Authors, m.Acts, m.Named = "", nil, []Act{switchedOff(lostOld, "j.t1", 5)}, leftover
		}, "", "", "", ""},
		{"two retired keys, without a claim", func(m *Remains) {
			m.keys(oldOff, lostKey(leftover, 20, accesskey.Inactive))
			m.Tag, m.Authors, m.Acts = "", nil, []Act{switchedOff(lostOld, "j.t0", 50), switchedOff(leftover, "j.t1", 5)}
		}, "", "", "", "keytend recover ana " + string(leftover)},
		{"a revocation with its replacement", func(m *Remains) {
			m.keys(oldOff, fresh)
			m.Acts = []Act{switchedOff(lostOld, "j.t1", 5), denied("j.t1", 5)}
			m.Holding = nil
		}, accesskey.Revocation, accesskey.Resting, lostOld, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			found := Recovered(remain(x.alter), start.Add(time.Hour))
			r := found.Record
			if r.Work != x.work || r.Phase != x.phase || r.Old != x.old || (found.Say == "") != (x.say == "") || !strings.Contains(found.Say, x.say) {
				t.Errorf("%s of %s, %s: %s; %q", r.Work, r.Old, r.Phase, found.Story, found.Say)
			}
			if r.Old != "" && r.Old == r.New {
				t.Errorf("%s replaces itself", r.Old)
			}
		})
	}
}

// TestRecoveredGoesOn: a key that we switched off comes back where it is used
// after all; one that somebody else switched off is theirs to switch on.
func TestRecoveredGoesOn(t *testing.T) {
	retired := func(m *Remains) {
		m.keys(lostKey(lostOld, 200, accesskey.Inactive))
		m.Acts = []Act{switchedOff(lostOld, "j.t1", 5)}
	}
	r := Recovered(remain(retired), start.Add(time.Hour)).Record
	if e := r.OldExit; !r.Terms.Keep || !e.Deactivated.Equal(start.Add(time.Hour)) || !e.KnownUse.Before(start) {
		t.Errorf("keep %v, exit %+v", r.Terms.Keep, e)
	}
	r = Recovered(remain(func(m *Remains) {
		m.keys(lostKey(lostOld, 200, accesskey.Inactive), lostKey(lostNew, 1, accesskey.Active))
	}), start.Add(time.Hour)).Record
	if e := r.OldExit; r.Phase != accesskey.Resting || !e.Deactivated.IsZero() || !e.Theirs.Equal(start.Add(time.Hour)) {
		t.Errorf("phase %s, exit %+v", r.Phase, e)
	}
}

// TestRecoveredLooksWhereTheOldKeyStands: a place that still holds the old key is
// looked at before that key goes.
func TestRecoveredLooksWhereTheOldKeyStands(t *testing.T) {
	w, old := ordinary(5)
	fresh := w.addKey("j.t1", true)
	w.made[fresh].offered = true
	w.put(w.places["a"], fresh, false)
	w.eaters = w.eaters[:1] // nobody reads b for now
	w.advance(w.now.Add(time.Hour))
	p := w.newProcess("keytend", newMemory("j"))
	found := Recovered(Remains{
		ID: "r", Token: "j.t2", Tag: "j.t1", Subject: w.subject(), User: w.seen(w.user, w.user), Terms: quickTerms(),
		Authors: map[accesskey.ID]Authorship{fresh: {Found: true, Token: "j.t1"}},
		Holding: map[string]accesskey.ID{"a": fresh, "b": old},
	}, w.now)
	w.change(func(u *user) { u.tags[ClaimTag] = "j.t1" })
	if _, err := p.Create(context.Background(), found.Record, accesskey.Event{What: accesskey.Recovered, At: w.now}); err != nil {
		t.Fatal(err)
	}
	w.untilEnd(p, 30*24*time.Hour)
	w.atEnd()
	blockedFor(t, p, policy.WhyHoldsOther)
	if len(w.broken) > 0 {
		t.Error(w.broken)
	}
}
