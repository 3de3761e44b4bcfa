package rotation

import (
	"fmt"
	"slices"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// prove makes one round of calls as a key.
func (p *pass) prove() error {
	old := p.step.Key == p.record.Old
	failure := p.round(old)
	next := p.next()
	proof := &next.Proof
	if old {
		proof = &next.OldProof
	}
	*proof = policy.Proved(*proof, next.Terms, failure == nil, p.Clock.Now())
	event := accesskey.Event{What: "prove", Key: p.step.Key}
	switch {
	case failure != nil:
		event.What, event.Note = "prove failed", failure.Error()
		proof.Error = event.Note
	case !old && !proof.Passed.IsZero():
		event.What = "proven"
		enter(&next, accesskey.Proven, p.Clock.Now())
	}
	return p.put(next, event)
}

func (p *pass) round(old bool) error {
	cred, err := p.secret()
	if old {
		cred, err = p.open(p.record.Old, ForOldSecret, p.record.SealedOld)
	}
	if err != nil {
		return err
	}
	if !p.Clock.Now().Before(p.in.ObservedAt.Add(p.record.Terms.Lease)) {
		return ErrLeaseOver // too late to be told from somebody else's use
	}
	userID, err := p.Prover.Prove(p.ctx, cred, p.regions())
	if err != nil {
		return err
	}
	if userID != p.record.Subject.UserID {
		return fmt.Errorf("key %s belongs to %s, not to %s", cred.ID, userID, p.record.Subject.UserID)
	}
	last := policy.Proved(p.record.Proof, p.record.Terms, true, p.Clock.Now())
	if p.record.Probe == "" || old || last.Passed.IsZero() {
		return nil
	}
	if p.Probe == nil {
		return fmt.Errorf("probe %q: not run here", p.record.Probe)
	}
	return p.Probe(p.ctx, p.record.Probe, cred)
}

// regions are where the new key is proved: STS has an endpoint in each, and a
// key may work in one and not yet in another.
func (p *pass) regions() []string {
	regions := slices.Clone(p.Regions)
	for _, d := range p.record.Deliveries {
		place, err := p.Destination(p.record.Subject, d.Destination)
		if err != nil || d.Dropped {
			continue // what can't be opened is told when it is read
		}
		if r, ok := place.(Regional); ok && !slices.Contains(regions, r.Region()) {
			regions = append(regions, r.Region())
		}
	}
	return regions
}
