package rotationlambda

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// Recovery is what a secret's record would be rebuilt as after its tags were lost, or
// put back from a copy.
type Recovery struct {
	rotation.Recovery

	visit *visit
	named accesskey.ID
}

// Over reports that nothing is under way: that is what is put on record.
func (r Recovery) Over() bool { return !r.Record.Live() }

// errNotLost: the record in the tags is as good as any.
var errNotLost = fmt.Errorf("there is nothing to recover, for the record in the secret's tags is whole: %w", rotation.ErrUnfit)

// wanting: there is no record, or AWS shows that it is older than what was done since.
func wanting(r accesskey.Record) error {
	behind := r.Live() && r.Block != nil && r.Block.Reason == policy.WhyJournalBehind
	if r.ID != "" && !behind {
		return errNotLost
	}
	return nil
}

// Lost is a secret's record rebuilt from the user's claim, its keys, what the
// destinations hold, and CloudTrail. named is the key that was being replaced, as a
// person says; empty: nobody does. It changes nothing.
func (f *Function) Lost(ctx context.Context, id string, named accesskey.ID) (Recovery, error) {
	v, _, err := f.enter(ctx, id)
	if err != nil {
		return Recovery{}, err
	}
	latest, err := v.journal.read(ctx)
	if err != nil {
		return Recovery{}, v.wrong("%w", err)
	}
	for _, o := range ordersIn(v.journal.tags, latest) {
		if _, rebuilds := o.rebuilds(); rebuilds {
			return Recovery{}, v.wrong("%s has ordered that before, and it waits until the function comes next", o.by)
		}
	}
	found, err := v.recovery(ctx, latest.Record, named)
	return Recovery{Recovery: found, visit: v, named: named}, err
}

// PutBack has the function rebuild the record, as it looks when the function comes
// next. It alone writes records, so that nothing it does meanwhile comes over this.
func (f *Function) PutBack(ctx context.Context, who string, found Recovery) error {
	answer := Rebuild
	if found.named != "" {
		answer += "/" + string(found.named)
	}
	return found.visit.give(ctx, newOrder(Order{Record: "-", Answer: answer}, who, found.visit.rotator.Random(), f.Rotator.Clock.Now()))
}

// recovery rebuilds a record in the place of one. Where nothing is under way, it has
// ended, so that the next rotation is not held up by what AWS shows of those before.
func (v *visit) recovery(ctx context.Context, r accesskey.Record, named accesskey.ID) (rotation.Recovery, error) {
	if err := wanting(r); err != nil {
		return rotation.Recovery{}, v.wrong("%w", err)
	}
	remains, err := v.remains(ctx)
	if err != nil {
		return rotation.Recovery{}, err
	}
	remains.Named = named
	now := v.f.Rotator.Clock.Now()
	found := rotation.Recovered(remains, now)
	switch {
	case found.Say != "" || found.Record.Old != "":
	case r.ID != "":
		found.Record, err = rotation.Supersede().On(r, now)
	default:
		found.Record, err = v.ended(ctx, now)
	}
	return found, err
}

// remains is what can still be seen of a lost record.
func (v *visit) remains(ctx context.Context) (rotation.Remains, error) {
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
	acts := v.f.Past.Acts(ctx, v.subject)
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

// rebuilt is the record that a person had rebuilt, by what is to be seen now, and its
// story.
func (v *visit) rebuilt(ctx context.Context, r accesskey.Record, named accesskey.ID) (accesskey.Record, string, error) {
	if fact := v.rotator.Keys.User(ctx, v.subject); !fact.Known() {
		return r, "", v.wrong("read the user: %s", fact.Why())
	}
	found, err := v.recovery(ctx, r, named)
	switch {
	case err != nil:
	case found.Say != "":
		err = v.wrong("%s: %s: %w", found.Story, found.Say, rotation.ErrUnfit)
	case found.Record.Stage() == accesskey.RollingBack:
		err = v.withdraw(ctx, found.Record.New)
	}
	return found.Record, found.Story, err
}

// ended is a record of which nothing is left to do.
func (v *visit) ended(ctx context.Context, now time.Time) (accesskey.Record, error) {
	key, err := v.oldKey(ctx)
	old, _ := key.ID.Get()
	return accesskey.Record{
		ID: v.rotator.Random(), Work: accesskey.Rotation, Subject: v.subject, Old: old, Phase: accesskey.RolledBack, Since: now, Started: now, Ended: now,
		Outcome: policy.WhyJournalBehind,
	}, err
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
