package rotation

import (
	"context"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// observe looks at everything the record's stage depends on. What is not asked
// in a stage stays an unread fact.
func (r *Rotator) observe(ctx context.Context, record accesskey.Record) (policy.Input, error) {
	in := policy.Input{Record: record, ObservedAt: r.Clock.Now(), Me: r.Holder, Journal: r.JournalName}
	head, err := r.Journal.Head(ctx, record.Subject)
	if err != nil {
		return in, fmt.Errorf("read the journal's head: %w", err)
	}
	in.Head = head
	in.HolderDead = !record.Intent.Settled() && record.Intent.Holder != r.Holder && r.Holders.Dead(ctx, record.Intent.Holder)
	in.Skew = r.Clock.Skew(ctx)
	in.LatestAct = r.Trail.LatestAct(ctx, record.Subject)
	in.BaseKey = r.baseKey(ctx, record)
	in.Destinations = r.readDestinations(ctx, record)
	in.User = r.Keys.User(ctx, record.Subject)
	r.observeStart(ctx, &in)
	r.observeUses(ctx, &in)
	in.Authors = r.authors(ctx, in)
	return in, nil
}

func (r *Rotator) observeStart(ctx context.Context, in *policy.Input) {
	switch in.Record.Stage() {
	case accesskey.Requested, accesskey.Claimed, accesskey.Noticed:
		in.Quota = r.Keys.Quota(ctx)
	}
	in.Managed = map[accesskey.ID]accesskey.Fact[string]{}
	for _, id := range policy.AskManaged(*in) {
		in.Managed[id] = r.Keys.Managed(ctx, in.Record.Subject, id)
	}
}

func (r *Rotator) observeUses(ctx context.Context, in *policy.Input) {
	switch in.Record.Stage() {
	case accesskey.Overlap, accesskey.Resting, accesskey.Noticed, accesskey.RollingBack:
		in.OldUses = r.Trail.Uses(ctx, in.Record.Old)
		if in.Record.New != "" {
			in.NewUses = r.Trail.Uses(ctx, in.Record.New)
		}
	}
	r.observeRoles(ctx, in)
}

func (r *Rotator) observeRoles(ctx context.Context, in *policy.Input) {
	if in.Record.Stage() != accesskey.Noticed || len(in.Record.Successors) == 0 {
		return
	}
	in.RoleUses = map[string]accesskey.Fact[time.Time]{}
	for _, role := range in.Record.Successors {
		in.RoleUses[role] = r.Roles.RoleUsed(ctx, in.Record.Subject, role)
	}
}

// baseKey tells which key signs our requests, and goes on with the new one as
// soon as that was proved, with the old one again in a rollback.
func (r *Rotator) baseKey(ctx context.Context, record accesskey.Record) accesskey.Fact[accesskey.ID] {
	base := r.Signer.BaseKey(ctx)
	id, known := base.Get()
	if !known || id == "" {
		return base
	}
	var next Credential
	var err error
	switch back := record.Stage() == accesskey.RollingBack; {
	case !back && id == record.Old && !record.Proof.Passed.IsZero() && record.Sealed != "":
		next, err = r.unseal(ctx, record.New, ForNewSecret, record.Sealed)
	case back && id == record.New && !record.OldProof.Passed.IsZero() && record.SealedOld != "": // until then it may be Inactive
		next, err = r.unseal(ctx, record.Old, ForOldSecret, record.SealedOld)
	default:
		return base
	}
	if err != nil || r.Signer.Use(ctx, next) != nil {
		return base // still the same key: whatever needs it gone waits and says so
	}
	return r.Signer.BaseKey(ctx)
}

func (r *Rotator) readDestinations(ctx context.Context, record accesskey.Record) map[string]accesskey.Fact[policy.Reading] {
	out := map[string]accesskey.Fact[policy.Reading]{}
	for _, d := range record.Deliveries {
		out[d.Destination] = r.readDestination(ctx, record.Subject, d.Destination)
	}
	return out
}

func (r *Rotator) readDestination(ctx context.Context, subject accesskey.Subject, name string) accesskey.Fact[policy.Reading] {
	d, err := r.Destination(subject, name)
	if err != nil {
		return accesskey.Unread[policy.Reading](err.Error())
	}
	h, err := d.Current(ctx)
	if err != nil {
		return accesskey.Unread[policy.Reading](err.Error())
	}
	return accesskey.Observed(policy.Reading{Key: h.Key, Version: string(h.Version), Readable: h.Readable}, r.Clock.Now(), name)
}

// authors asks CloudTrail about keys that came after the claim.
func (r *Rotator) authors(ctx context.Context, in policy.Input) map[accesskey.ID]accesskey.Fact[Authorship] {
	out := map[accesskey.ID]accesskey.Fact[Authorship]{}
	for _, id := range policy.Strangers(in) {
		out[id] = r.Trail.Author(ctx, in.Record.Subject, id)
	}
	return out
}
