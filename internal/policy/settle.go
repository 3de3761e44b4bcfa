package policy

import (
	"github.com/keytend/keytend/internal/accesskey"
)

// Settle tells from what can be seen what became of the record's last call,
// and whether that can be told. It looks only; when looking is allowed is for
// Decide to say. A key that a lost CreateAccessKey made is returned as its Key.
func Settle(in Input) (settled accesskey.Intent, told bool) {
	v := &view{Input: in, r: in.Record, t: in.Record.Terms}
	i := in.Record.Intent
	done, key, told := v.carriedOut(i)
	if !told {
		return i, false
	}
	i.Outcome = accesskey.OutcomeNotDone
	if done {
		i.Outcome = accesskey.OutcomeDone
	}
	if key != "" {
		i.Key = key
	}
	return i, true
}

func (v *view) carriedOut(i accesskey.Intent) (done bool, key accesskey.ID, told bool) {
	switch i.Action {
	case accesskey.CreateKey:
		return v.createCarriedOut()
	case accesskey.Deactivate:
		return v.is(i.Key, accesskey.Inactive), "", v.statusSettles(i.Key)
	case accesskey.Reactivate:
		return v.is(i.Key, accesskey.Active), "", v.statusSettles(i.Key)
	case accesskey.DeleteKey, accesskey.DiscardKey:
		_, there := v.key(i.Key)
		return there == absent, "", there != unseen
	case accesskey.Deliver:
		return v.deliverCarriedOut(i.Destination)
	case accesskey.Restore:
		h, known := v.reading(i.Destination)
		return known && h.Readable && h.Key != v.r.New, "", known || v.givenUp(i.Destination)
	case accesskey.TagClaim:
		tag, known := v.tag()
		return tag == v.r.Claim.Token, "", known
	case accesskey.UntagClaim:
		tag, known := v.tag()
		return tag != v.r.Claim.Token, "", known
	case accesskey.MoveDescription:
		_, known := v.tag()
		return !v.described(v.r.Old), "", known
	}
	return false, "", true // harmless to send again
}

// createCarriedOut: no new key, no call; a new key is ours if CloudTrail says
// so, and unless it says so of somebody else, nothing is known.
func (v *view) createCarriedOut() (done bool, key accesskey.ID, told bool) {
	if _, known := v.keys(); !known {
		return false, "", false
	}
	for _, id := range v.strangers() {
		ours, known := v.ours(id)
		if !known {
			return false, "", false
		}
		if ours {
			return true, id, true
		}
	}
	return false, "", true
}

func (v *view) statusSettles(id accesskey.ID) bool {
	_, there := v.key(id)
	return there == absent || v.statusKnown(id)
}

// deliverCarriedOut: a destination that can't be read gets the same again. What
// became of a write to one that people gave up changes nothing: its key counts as
// offered since the try.
func (v *view) deliverCarriedOut(name string) (done bool, key accesskey.ID, told bool) {
	h, known := v.reading(name)
	return known && h.Readable && h.Key == v.r.New, "", known || v.givenUp(name)
}

func (v *view) givenUp(name string) bool {
	d := v.r.Delivery(name)
	return d != nil && d.Dropped
}

// tag returns the token of the claim that the user carries; empty: none.
func (v *view) tag() (string, bool) {
	u, known := v.User.Get()
	if !known {
		return "", false
	}
	tags, known := u.Tags.Get()
	return tags[ClaimTag], known
}

// ClaimTag is the key of the user tag that holds the token of the claim in
// force.
const ClaimTag = "keytend:claim"

// SecretTag is the key of the user tag that names the secret through which a
// rotation function replaces the user's key. Who isn't that function leaves the
// user alone.
const SecretTag = "keytend:secret"
