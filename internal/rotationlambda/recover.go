package rotationlambda

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// Recovery is what a secret's record is rebuilt as after its tags were lost, or
// put back from a copy.
type Recovery struct {
	rotation.Recovery
	Record accesskey.Record // that stands there now; zero: none

	visit *visit
}

// Over reports that nothing is under way: there is nothing to put on record.
func (r Recovery) Over() bool { return r.Recovery.Record.Old == "" }

// errNotLost: the record in the tags is as good as any.
var errNotLost = errors.New("the record in the secret's tags is whole: there is nothing to recover")

// Lost rebuilds a secret's record from the user's claim, its keys, what the
// destinations hold, and CloudTrail. named is the key that was being replaced, as
// a person says; empty: nobody does. It changes nothing.
func (f *Function) Lost(ctx context.Context, id string, past rotation.Past, named accesskey.ID) (Recovery, error) {
	v, _, err := f.enter(ctx, id)
	if err != nil {
		return Recovery{}, err
	}
	latest, err := v.journal.read(ctx)
	if err != nil {
		return Recovery{}, v.wrong("%w", err)
	}
	r := latest.Record
	if behind := r.Live() && r.Block != nil && r.Block.Reason == policy.WhyJournalBehind; r.ID != "" && !behind {
		return Recovery{}, v.wrong("%w", errNotLost)
	}
	remains, err := v.remains(ctx, past)
	if err != nil {
		return Recovery{}, err
	}
	remains.Named = named
	return Recovery{Recovery: rotation.Recovered(remains, f.Rotator.Clock.Now()), Record: r, visit: v}, nil
}

// remains is what can still be seen of a lost record.
func (v *visit) remains(ctx context.Context, past rotation.Past) (rotation.Remains, error) {
	marks, known := v.user.Tags.Get()
	keys, listed := v.user.Keys.Get()
	if !known || !listed {
		return rotation.Remains{}, v.wrong("read the user's keys and tags: %s%s", v.user.Keys.Why(), v.user.Tags.Why())
	}
	random := v.rotator.Random
	seen := rotation.Remains{
		ID: random(), Token: v.rotator.JournalName + "." + random(), Subject: v.subject, User: v.user, Tag: marks[rotation.ClaimTag],
		Authors: map[accesskey.ID]rotation.Authorship{}, Holding: map[string]accesskey.ID{}, Type: v.command("", "recover --old"),
	}
	for _, k := range keys {
		id, _ := k.ID.Get()
		fact := v.rotator.Trail.Author(ctx, v.subject, id)
		if seen.Authors[id], known = fact.Get(); !known {
			return seen, v.wrong("who made key %s: %s", id, fact.Why())
		}
	}
	acts := past.Acts(ctx, v.subject)
	if seen.Acts, known = acts.Get(); !known {
		return seen, v.wrong("what was done to the user's keys: %s", acts.Why())
	}
	terms, err := v.f.Terms(v.user, accesskey.Key{})
	if err != nil {
		return seen, v.wrong("%w", err)
	}
	seen.Terms = functionTerms(terms)
	return seen, v.holding(ctx, &seen)
}

// holding reads which of the user's keys each destination holds.
func (v *visit) holding(ctx context.Context, seen *rotation.Remains) error {
	names, err := v.destinations()
	if err != nil {
		return err
	}
	keys, _ := seen.User.Keys.Get()
	for _, name := range names {
		d, err := v.rotator.Destination(v.subject, name)
		if err != nil {
			return v.wrong("%w", err)
		}
		held, err := d.Current(ctx)
		if err != nil {
			return v.wrong("%w", err)
		}
		if !held.Readable || slices.ContainsFunc(keys, func(k accesskey.Key) bool { return is(k, held.Key) }) {
			seen.Holding[name] = held.Key
		}
	}
	return nil
}

// PutBack puts on record what was rebuilt, in the place of what the tags have, in
// one write; where nothing is under way, that it has ended, so that the next
// rotation is not held up by what AWS shows of those before.
func (f *Function) PutBack(ctx context.Context, who string, found Recovery) error {
	v, next := found.visit, found.Recovery.Record
	switch {
	case found.Over() && found.Record.ID != "":
		_, err := v.rotator.Give(ctx, v.subject, who, rotation.Supersede())
		if err == nil {
			err = v.stands(ctx)
		}
		return err
	case found.Over():
		key, err := v.oldKey(ctx)
		if err != nil {
			return err
		}
		now := f.Rotator.Clock.Now()
		old, _ := key.ID.Get()
		next = accesskey.Record{
			ID: v.rotator.Random(), Work: accesskey.Rotation, Subject: v.subject, Old: old, Phase: accesskey.RolledBack, Since: now, Started: now, Ended: now,
			Outcome: policy.WhyJournalBehind,
		}
	}
	if next.Stage() == accesskey.RollingBack {
		if err := v.withdraw(ctx, next.New); err != nil {
			return err
		}
	}
	event := accesskey.Event{
		At: f.Rotator.Clock.Now(), Who: who, What: accesskey.Recovered, Record: next.ID, Account: f.Account, User: v.subject.User,
		Key: next.Old, Note: found.Story, Alert: true,
	}
	var err error
	if found.Record.ID == "" {
		_, err = v.journal.Create(ctx, next, event)
	} else {
		_, err = v.journal.Replace(ctx, found.Record, next, event)
	}
	if err != nil {
		return v.wrong("%w", err)
	}
	return v.stands(ctx)
}

// withdraw takes AWSPENDING off a key that is to go: while it is there the key is
// left alone.
func (v *visit) withdraw(ctx context.Context, key accesskey.ID) error {
	_, next, err := v.labels(ctx)
	if err != nil || next == "" || key == "" {
		return err
	}
	held, err := v.pair(ctx, next, pending)
	if err == nil && held.ID == key {
		err = v.unlabel(ctx, next)
	}
	if err != nil {
		return fmt.Errorf("take %s off key %s: %w", pending, key, err)
	}
	return nil
}
