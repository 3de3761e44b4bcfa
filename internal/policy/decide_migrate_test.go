package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// moved is the input of a retirement through a role whose consumer has moved: the
// key was last used 12 days ago, the role an hour ago, begun 15 days ago.
func moved() Input {
	begun := noon.AddDate(0, 0, -15)
	in := silent()
	r := &in.Record
	r.Work, r.Phase, r.Since, r.Started, r.New, r.Deliveries, r.Flags = accesskey.Retirement, accesskey.Noticed, begun, begun, "", nil, accesskey.Flags{}
	r.Terms.Notice, r.Terms.Keep = 0, true
	r.Sealed, r.Proof, r.Successors = "", accesskey.Proof{}, []string{"ana-role"}
	r.Claim.Keys = []accesskey.ID{oldKey}
	in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, noon.AddDate(0, 0, -12)))
	in.Destinations = nil
	in.RoleUses = map[string]accesskey.Fact[time.Time]{"ana-role": accesskey.Observed(noon.Add(-time.Hour), noon, "iam:GetRole")}
	return in
}

func usedDaysAgo(days int) func(*Input) {
	return func(in *Input) {
		in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Active, noon.AddDate(0, 0, -days)))
	}
}

func roleUsed(at accesskey.Fact[time.Time]) func(*Input) {
	return func(in *Input) { in.RoleUses["ana-role"] = at }
}

func TestRetirementThroughARole(t *testing.T) {
	never := accesskey.Observed(time.Time{}, noon, "iam:GetRole")
	late := func(in *Input) {
		in.Record.Started = noon.AddDate(0, 0, -22)
		in.Record.Since = in.Record.Started
	}
	for _, c := range []struct {
		name   string
		change []func(*Input)
		kind   Kind
		why    accesskey.Reason
	}{
		{"the consumer has moved and the key is quiet", nil, Deactivate, WhySilent},
		{"used since it was begun, before it moved: no reason to give up", []func(*Input){usedDaysAgo(14)}, Deactivate, WhySilent},
		{"the consumer has not moved", []func(*Input){usedDaysAgo(0)}, Wait, WhyNotMoved},
		{"the consumer has not moved in time", []func(*Input){usedDaysAgo(0), late}, Block, WhyStillUsed},
		{"a person wants it off then", []func(*Input){usedDaysAgo(0), late, func(in *Input) { in.Record.Flags.Force = true }}, Deactivate, WhySilent},
		{"a person's force counts at overlap_max only", []func(*Input){usedDaysAgo(0), func(in *Input) { in.Record.Flags.Force = true }}, Wait, WhyNotMoved},
		{"nobody uses the role yet", []func(*Input){roleUsed(never)}, Wait, WhyRoleUnused},
		{"nobody has used the role in time", []func(*Input){roleUsed(never), late}, Block, WhyRoleUnused},
		{"the role was used before the key last was, and not since", []func(*Input){roleUsed(accesskey.Observed(noon.AddDate(0, 0, -13), noon, "iam:GetRole"))}, Wait, WhyRoleUnused},
		{"whether the role is used is not known", []func(*Input){roleUsed(accesskey.Unread[time.Time]("throttled"))}, Wait, WhyUnknownFact},
		{"one of two roles is not used yet", []func(*Input){func(in *Input) {
			in.Record.Successors = []string{"ana-role", "ana-lambda"}
			in.RoleUses["ana-lambda"] = never
		}}, Wait, WhyRoleUnused},
		{"held", []func(*Input){func(in *Input) { in.Record.Hold = &accesskey.Hold{By: "bo", At: noon} }}, Wait, WhyHeld},
		{"switched off elsewhere", []func(*Input){func(in *Input) {
			in.User = seenUser("j.t1", seenKey(oldKey, accesskey.Inactive, noon.AddDate(0, 0, -12)))
			in.Record.Watch.OldInactive = noon.AddDate(0, 0, -1)
		}}, Check, WhyOffElsewhere},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := moved()
			for _, change := range c.change {
				change(&in)
			}
			step := Decide(in, noon)
			if step.Kind != c.kind || step.Reason != c.why {
				t.Errorf("%s because %q (%s), want %s because %q", step.Kind, step.Reason, step.Saw, c.kind, c.why)
			}
			if step.Kind == Wait && (step.NotBefore.IsZero() || step.Deadline.IsZero()) {
				t.Error("a wait without an end")
			}
		})
	}
}

// Whoever has not moved is told where the key is used.
func TestWhoHasNotMovedIsNamed(t *testing.T) {
	in := moved()
	usedDaysAgo(0)(&in)
	in.OldUses = accesskey.Observed([]accesskey.Sighting{{At: noon.Add(-time.Hour), Place: accesskey.Place{Network: "203.0.113.7", Agent: "Boto3", Service: "s3.amazonaws.com"}}}, noon, "cloudtrail")
	step := Decide(in, noon)
	if want := `by "Boto3" at 203.0.113.7 for s3.amazonaws.com`; step.Reason != WhyNotMoved || !strings.Contains(step.Saw, want) {
		t.Errorf("%s: %s, want %s in it", step.Reason, step.Saw, want)
	}
}
