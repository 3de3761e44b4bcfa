package policy

import (
	"github.com/keytend/keytend/internal/accesskey"
)

// AskManaged are the keys of which it must be known who else manages them: the
// one that is to leave, and, before a new key is made where there is no room for
// it, those that might make room.
func AskManaged(in Input) []accesskey.ID {
	v := &view{Input: in, r: in.Record}
	var ids []accesskey.ID
	stage, id := v.r.Stage(), leaving(v.r)
	if id != "" && v.r.Work != accesskey.Revocation && stage != accesskey.Created {
		ids = append(ids, id)
	}
	if stage != accesskey.Requested && stage != accesskey.Claimed {
		return ids
	}
	if full, known := v.full(); full && known {
		ids = append(ids, v.otherKeys()...)
	}
	return ids
}

// managedElsewhere: Terraform would make the key anew, another rotator would
// fight us. A leaked key is cut off whoever manages it.
func (v *view) managedElsewhere() (Step, bool) {
	if v.r.Work == accesskey.Revocation {
		return pass()
	}
	return v.managedBy(leaving(v.r))
}

func (v *view) managedBy(id accesskey.ID) (Step, bool) {
	fact := v.Managed[id]
	if by, known := fact.Get(); known && by == "" {
		return pass()
	} else if known {
		step, _ := v.block(WhyManaged, "key %s is managed by %s", id, by)
		step.Key = id
		return step, true
	}
	return v.wait(WhyUnknownFact, "who else manages %s: %s", id, fact.Why())
}

// adopted: somebody took the key over since it was claimed. That is said at once,
// whatever else is waited for; whether it is so must be known only before the
// next act.
func (v *view) adopted() (Step, bool) {
	if !v.Managed[leaving(v.r)].Known() {
		return pass()
	}
	return v.managedElsewhere()
}

// adoptedBeforeDelivery: as long as nobody was offered the new key, there is a
// way back that nobody notices.
func (v *view) adoptedBeforeDelivery() (Step, bool) {
	step, answered := v.managedElsewhere()
	if answered && step.Kind == Block && !v.r.Flags.Offered {
		return act(RollBack, WhyManaged, v.r.New)
	}
	return step, answered
}
