package policy

import (
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// redeliveries is how often the new key is put back where the old one keeps
// coming again before a person is asked: somebody else writes there.
const redeliveries = 5

// newKeyLost: a new key that somebody deleted or switched off is of no use to
// whoever has it; the old one is brought back where it is ours to bring back.
func (v *view) newKeyLost() (Step, bool) {
	if v.r.New == "" || v.is(v.r.New, accesskey.Active) {
		return pass()
	}
	switch {
	case v.confirmed(v.r.Watch.NewGone):
		return v.turnAround(WhyNewGone)
	case v.confirmed(v.r.Watch.NewInactive):
		return v.turnAround(WhyNewOff)
	case v.r.Stage() == accesskey.Created:
		return pass() // not visible yet: proving it tells
	}
	return v.wait(WhyConfirming, "key %s is not known to be Active", v.r.New)
}

func (v *view) turnAround(why accesskey.Reason) (Step, bool) {
	theirs := !v.offByUs() && v.is(v.r.Old, accesskey.Inactive)
	_, there := v.key(v.r.Old)
	if v.r.Work == accesskey.Revocation || theirs || there != present {
		step, _ := v.block(why, "key %s, and %s is not for us to bring back", v.r.New, v.r.Old)
		step.Key = v.r.New
		return step, true
	}
	return act(RollBack, why, v.r.New)
}

// proofExhausted: a key that fails when the time is over is given up. One that
// nobody has tried since then, for the process had died, gets a last run.
func (v *view) proofExhausted() (Step, bool) {
	over, p := v.r.Since.Add(v.t.ProveMax), v.r.Proof
	if v.now.Before(over) || p.Tried.Before(over) || p.Count > 0 {
		return pass()
	}
	return act(RollBack, WhyProofExhausted, v.r.New)
}

// proofTooFast spreads the rounds over the span.
func (v *view) proofTooFast() (Step, bool) {
	deadline := v.r.Since.Add(v.t.ProveMax)
	if !v.r.Proof.Tried.Before(deadline) { // a last run
		deadline = v.r.Proof.Tried.Add(v.t.ProveMax)
	}
	return v.roundTooFast(v.r.Proof, deadline)
}

func (v *view) roundTooFast(p accesskey.Proof, deadline time.Time) (Step, bool) {
	next := p.Tried.Add(v.t.ProveSpan / time.Duration(max(1, v.t.ProveCount-1)))
	if p.Tried.IsZero() || !v.now.Before(next) {
		return pass()
	}
	if p.Error != "" {
		return v.waitUntil(next, deadline, WhySpacing, "the latest try as the key failed: %s", p.Error)
	}
	return v.waitUntil(next, deadline, WhySpacing, "%d of %d successes as the key", p.Count, v.t.ProveCount)
}

func (v *view) prove() (Step, bool) { return act(Prove, WhyProof, v.r.New) }

// Proved adds one round to a proof. A failure begins the run anew; the run is
// long enough where it counts enough successes over the whole span. Why a round
// failed stays known until then: a key may be given up in the midst of a run.
func Proved(p accesskey.Proof, t accesskey.Terms, ok bool, now time.Time) accesskey.Proof {
	p.Tried = now
	if !ok {
		return accesskey.Proof{Tried: now}
	}
	if p.Count == 0 {
		p.First = now
	}
	p.Count, p.Last = p.Count+1, now
	if p.Count >= t.ProveCount && p.Last.Sub(p.First) >= t.ProveSpan && p.Passed.IsZero() {
		p.Passed, p.Error = now, ""
	}
	return p
}

func (v *view) unproven() (Step, bool) {
	if !v.r.Proof.Passed.IsZero() {
		return pass()
	}
	return act(RollBack, WhyProofExhausted, v.r.New)
}

func (v *view) nobodyToDeliverTo() (Step, bool) {
	for _, d := range v.r.Deliveries {
		if !d.Dropped {
			return pass()
		}
	}
	if v.r.Flags.Revealed {
		return pass()
	}
	if v.deliverOver() {
		return v.block(WhyNobodyHasIt, "there is no destination, and the new secret was shown to nobody")
	}
	return v.waitUntil(v.now.Add(v.t.Window), v.r.Since.Add(v.t.DeliverMax), WhyNobodyHasIt, "there is no destination, and the new secret was shown to nobody")
}

func (v *view) deliverOver() bool { return !v.now.Before(v.r.Since.Add(v.t.DeliverMax)) }

// pending are the deliveries still to be made.
func (v *view) pending() []accesskey.Delivery {
	var out []accesskey.Delivery
	for _, d := range v.r.Deliveries {
		if d.Done.IsZero() && !d.Dropped {
			out = append(out, d)
		}
	}
	return out
}

func (v *view) foundDelivered() (Step, bool) {
	for _, d := range v.pending() {
		if h, known := v.reading(d.Destination); known && h.Readable && h.Key == v.r.New {
			return actAt(Check, WhyFoundDelivered, d.Destination)
		}
	}
	return pass()
}

// deliver hands the key to the next destination that holds the old one, or
// nothing, or can't be read. One that fails doesn't hold up the others.
func (v *view) deliver() (Step, bool) {
	for _, d := range v.pending() {
		h, known := v.reading(d.Destination)
		if !known || h.Readable && h.Key != v.r.Old && h.Key != "" || v.now.Before(v.nextTry(d)) {
			continue
		}
		return actAt(Deliver, WhyDelivery, d.Destination)
	}
	return pass()
}

// nextTry doubles the time between tries, up to a quarter of an hour.
func (v *view) nextTry(d accesskey.Delivery) time.Time {
	if d.Tries == 0 {
		return time.Time{}
	}
	pause := v.t.Window << min(d.Tries-1, 8)
	return d.Tried.Add(min(pause, 15*time.Minute))
}

func (v *view) deliverExhausted() (Step, bool) {
	if v.deliverOver() && v.r.Watch.Waiting == WhyCannotAct && !v.r.Flags.Offered {
		return act(RollBack, WhyUndelivered, v.r.New) // its secret can't be had: nobody can ever hold it
	}
	for _, d := range v.pending() {
		if d.Tries == 0 || !v.deliverOver() || v.lastTryLeft(d) {
			continue
		}
		step, _ := v.block(WhyUndelivered, "%s has not taken the key in %s: %s", d.Destination, about(v.t.DeliverMax), complaint(d))
		step.Destination = d.Destination
		return step, true
	}
	return pass()
}

// lastTryLeft: who comes once a day finds the time over at the second look. One
// try is made then before a person is asked, where the destination lets us.
func (v *view) lastTryLeft(d accesskey.Delivery) bool {
	h, known := v.reading(d.Destination)
	free := known && (!h.Readable || h.Key == v.r.Old || h.Key == "")
	return free && v.r.Watch.Waiting != WhyCannotAct && d.Tried.Before(v.r.Since.Add(v.t.DeliverMax))
}

// complaint is why the latest write failed, without the destination's name.
func complaint(d accesskey.Delivery) string {
	text := strings.TrimPrefix(d.Error, "deliver to "+d.Destination+": ")
	return strings.TrimPrefix(text, "restore "+d.Destination+": ")
}

// holdsThird: neither the new key nor, where it can be written over, the old
// one.
func (v *view) holdsThird() (Step, bool) {
	if v.r.Stage() == accesskey.Proven {
		return v.holds(v.r.New, v.r.Old, "")
	}
	return v.holds(v.r.New)
}

func (v *view) deliveryLeft() (Step, bool) {
	left := v.pending()
	if len(left) == 0 {
		return pass()
	}
	d, deadline := left[0], v.r.Since.Add(v.t.DeliverMax)
	if _, known := v.reading(d.Destination); !known {
		return v.waitUntil(v.now.Add(v.t.Window), deadline, WhyUnknownFact, "what %s holds: %s", d.Destination, v.Destinations[d.Destination].Why())
	}
	return v.waitUntil(v.nextTry(d), deadline, WhySpacing, "%s did not take the key: %s", d.Destination, complaint(d))
}

func (v *view) allDelivered() (Step, bool) { return act(Check, WhyAllDelivered, v.r.New) }

// undelivered puts the new key back where the old one stands again, as long as
// its secret is to be had. Who holds the user may have put it there: both keys
// work, and nothing is lost by waiting.
func (v *view) undelivered() (Step, bool) {
	for _, d := range v.r.Deliveries {
		h, known := v.reading(d.Destination)
		if d.Dropped || !known || !h.Readable || h.Key != v.r.Old {
			continue
		}
		if v.r.Sealed == "" || d.Tries >= redeliveries {
			return v.holds(v.r.New)
		}
		if step, held := v.held(); held {
			return step, true
		}
		if next := v.nextTry(d); v.now.Before(next) {
			return v.until(next, WhySpacing, "%s holds the old key again", d.Destination)
		}
		return actAt(Deliver, WhyRedelivery, d.Destination)
	}
	return pass()
}

func (v *view) deliveredTooFresh() (Step, bool) {
	again := v.r.Since.Add(v.t.Window)
	if !v.ObservedAt.Before(again) {
		return pass()
	}
	return v.until(again, WhyConfirming, "every destination is read back at %s", stamp(again))
}

func (v *view) beginOverlap() (Step, bool) { return act(Check, WhyReadBack, v.r.New) }
