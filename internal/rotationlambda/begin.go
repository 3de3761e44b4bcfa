package rotationlambda

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

// ready returns the record that this rotation goes on with: a new one where none
// is under way.
func (v *visit) ready(ctx context.Context) (accesskey.Record, error) {
	r, err := v.live(ctx)
	if err != nil {
		return r, err
	}
	if r.ID != "" && !v.prepared(r) {
		if r, err = v.outOfTheWay(ctx, r); err != nil {
			return r, err
		}
	}
	if r.ID != "" {
		return r, nil
	}
	if v.journal.seen.revision == 0 && v.lost() {
		return r, v.gone()
	}
	old, err := v.oldKey(ctx)
	if err != nil {
		return r, err
	}
	if err := v.holder(ctx); err != nil {
		return r, err
	}
	if err := v.free(ctx); err != nil {
		return r, err
	}
	return v.begin(ctx, old)
}

// oldKey is the key that AWSCURRENT names: the user's, and Active.
func (v *visit) oldKey(ctx context.Context) (accesskey.Key, error) {
	held, err := v.f.held(ctx, v.arn)
	switch {
	case err != nil:
		return accesskey.Key{}, v.wrong("%w", err)
	case held.ID == "":
		return accesskey.Key{}, v.wrong("the secret holds no key yet: put one there, or make one with `keytend secret create`")
	}
	all, known := v.user.Keys.Get()
	if !known {
		return accesskey.Key{}, v.wrong("read the user's keys: %s", v.user.Keys.Why())
	}
	for _, k := range all {
		id, _ := k.ID.Get()
		status, _ := k.Status.Get()
		switch {
		case id != held.ID:
		case status != accesskey.Active:
			return k, v.wrong("key %s, which %s holds, is %s: switch it on, or put an Active key of the user's there", id, current, status)
		default:
			return k, nil
		}
	}
	return accesskey.Key{}, v.wrong("%s holds key %s, which is none of the user's: put a key of the user's there, or set the secret's tag %s right", current, held.ID, UserTag)
}

// free: the version that this rotation is about can take a key. One that names a
// dead key ends the rotation.
func (v *visit) free(ctx context.Context) error {
	held, err := v.pair(ctx, v.token, "")
	switch {
	case err != nil:
		return v.wrong("read %s: %w", pending, err)
	case held.ID == "":
		return nil
	}
	if v.has(held.ID) {
		return v.wrong("%s holds key %s, which the function did not put there, and nothing is on record: take the label off (`aws secretsmanager update-secret-version-stage --secret-id %s --version-stage %s --remove-from-version-id %s`) and, once nobody uses it, delete the key",
			pending, held.ID, v.arn, pending, v.token)
	}
	if err := v.f.Sleep(ctx, time.Minute); err != nil {
		return v.wrong("%w", err)
	}
	v.rotator.Keys.User(ctx, v.subject)
	if !v.user.Keys.Known() || v.has(held.ID) {
		return v.wrong("%s holds key %s: whether it exists is looked at again", pending, held.ID)
	}
	return v.end(ctx, v.wrong("%s held key %s, which does not exist any more; the label was taken off. Begin a new rotation with `aws secretsmanager rotate-secret --secret-id %s`", pending, held.ID, v.arn))
}

// has reports whether the user had the key when it was last read.
func (v *visit) has(key accesskey.ID) bool {
	all, _ := v.user.Keys.Get()
	return slices.ContainsFunc(all, func(k accesskey.Key) bool {
		id, _ := k.ID.Get()
		return id == key
	})
}

// begin puts the rotation on record.
func (v *visit) begin(ctx context.Context, old accesskey.Key) (accesskey.Record, error) {
	terms, err := v.f.Terms(v.user, old)
	if err != nil {
		return accesskey.Record{}, v.wrong("%w", err)
	}
	id, _ := old.ID.Get()
	places, err := v.destinations()
	if err != nil {
		return accesskey.Record{}, err
	}
	r, err := v.rotator.Begin(ctx, rotation.Request{
		Work: accesskey.Rotation, Subject: v.subject, Key: id, Destinations: places, Terms: functionTerms(terms), Who: v.rotator.Holder,
	})
	if err != nil {
		return r, v.wrong("%w", err)
	}
	if before := past(v.tags); len(before) > 0 {
		if err := v.f.Store.Untag(ctx, v.arn, before); err != nil {
			v.f.Log.WarnContext(ctx, "tags of earlier adoptions stay on the secret", "secret", v.arn, "error", err.Error())
		}
	}
	return r, nil
}

// destinations are those of the tag, and the secret itself at the end.
func (v *visit) destinations() ([]string, error) {
	if err := overtaken(v.tags); err != nil {
		return nil, v.wrong("%w", err)
	}
	var names []string
	for _, name := range strings.Fields(v.tags[DeliverTag]) {
		d, err := v.rotator.Destination(v.subject, name)
		if err != nil {
			return nil, v.wrong("the secret's tag %s: %w", DeliverTag, err)
		}
		if !slices.Contains(names, d.Name()) {
			names = append(names, d.Name())
		}
	}
	return append(slices.DeleteFunc(names, func(n string) bool { return n == v.self.Name() }), v.self.Name()), nil
}
