package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/usage"
)

// feasible refuses terms that contradict each other, with the arithmetic.
func feasible(t accesskey.Terms) error { return policy.Feasible(t, 0, 0) }

// draft is a record as it would begin: what is shown before it does.
func draft(q rotation.Request) accesskey.Record {
	r := accesskey.Record{Work: q.Work, Subject: q.Subject, Old: q.Key, Terms: q.Terms, Flags: q.Flags, Probe: q.Probe, Successors: q.Successors}
	for _, name := range q.Destinations {
		r.Deliveries = append(r.Deliveries, accesskey.Delivery{Destination: name})
	}
	return r
}

// request is what a person asks for about one user's key.
func (b *bench) request(work accesskey.Work, user accesskey.User, key accesskey.ID, terms accesskey.Terms, destinations []string) rotation.Request {
	return rotation.Request{
		Work: work, Subject: b.subjectOf(user), Key: key, Destinations: destinations, Terms: terms, Who: b.desk.person,
		Elsewhere: b.lookout.onRecord(),
	}
}

// begin puts it on record.
func (b *bench) begin(ctx context.Context, q rotation.Request) error {
	_, err := b.rotator.Begin(ctx, q)
	return explainRotation(err)
}

// orderTries is how often an order is given anew where a pass replaced the
// record meanwhile.
const orderTries = 20

// give carries a person's order out on a record under way.
func (b *bench) give(ctx context.Context, subject accesskey.Subject, o rotation.Order) (r accesskey.Record, err error) {
	for range orderTries {
		if r, err = b.rotator.Give(ctx, subject, b.desk.person, o); !errors.Is(err, rotation.ErrConflict) {
			break
		}
	}
	if errors.Is(err, rotation.ErrUnfit) {
		err = hinted{err, "`keytend status " + subject.User + "` shows how it stands"}
	}
	return r, explainRotation(err)
}

// preflight finds what would stop a replacement before anything is written
// down: everything, not the first thing only.
func (b *bench) preflight(ctx context.Context, q rotation.Request, user accesskey.User) error {
	r := draft(q)
	errs := []error{b.room(ctx, r, user), b.managed(ctx, q)}
	if err := b.rotator.Escrow.Check(ctx); err != nil {
		errs = append(errs, fmt.Errorf("escrow: %w", err))
	}
	if err := b.rotator.Rights.MayRotate(ctx, r.Subject); err != nil {
		errs = append(errs, err)
	}
	for _, name := range q.Destinations {
		errs = append(errs, b.place(ctx, name, r.Old))
	}
	return b.unfit(errors.Join(errs...))
}

// unfit says that nothing was changed, with the hint of what failed.
func (b *bench) unfit(err error) error {
	if err == nil {
		return nil
	}
	return hinted{fmt.Errorf("nothing was changed: %w", err), hintOf(err)}
}

// place finds a destination writable and in keeping with the key.
func (b *bench) place(ctx context.Context, name string, old accesskey.ID) error {
	d, err := b.rotator.Destination(accesskey.Subject{}, name)
	if err == nil {
		err = d.Check(ctx)
	}
	if err != nil {
		return err
	}
	held, err := d.Current(ctx)
	switch {
	case err != nil:
		return err
	case held.Readable && held.Key != "" && held.Key != old:
		return hinted{fmt.Errorf("%s holds key %s, not %s", name, held.Key, old), "name the key that stands there, or another destination"}
	}
	return nil
}

// room finds out whether there is room for another key, or will be.
func (b *bench) room(ctx context.Context, r accesskey.Record, user accesskey.User) error {
	keys, _ := user.Keys.Get()
	fact := b.rotator.Keys.Quota(ctx)
	quota, known := fact.Get()
	if !known {
		return fmt.Errorf("how many keys a user may have: %s", fact.Why())
	}
	if len(keys) < quota {
		return nil
	}
	var lines []string
	rests := false
	for _, k := range keys {
		id, _ := k.ID.Get()
		status, known := k.Status.Get()
		rests = rests || id != r.Old && known && status == accesskey.Inactive
		lines = append(lines, fmt.Sprintf("  %s  %s, last used %s", id, statusText(k), lastUsedText(k, b.now())))
	}
	switch {
	case rests && !r.Terms.Keep:
		return nil // deleted once it has rested
	case rests:
		return hinted{fmt.Errorf("user %s has %s of %d, and no key is to be deleted (--keep): there is no room for a new one\n%s", user.Name, count(len(keys), "key"), quota, strings.Join(lines, "\n")),
			"delete an Inactive one yourself, or leave --keep out: one that is Inactive is deleted when it has rested"}
	}
	return hinted{fmt.Errorf("user %s has %s of %d, all Active: there is no room for a new one\n%s", user.Name, count(len(keys), "key"), quota, strings.Join(lines, "\n")),
		"retire the one that nobody uses: `keytend retire ACCESS-KEY-ID`. No key that is used is ever removed to make room"}
}

// seen says where the key is used that is to be switched off, as CloudTrail shows;
// and where that can't be read, what it means for what is about to be done.
func (b *bench) seen(ctx context.Context, key accesskey.ID) string {
	uses := b.rotator.Trail.Uses(ctx, key)
	sightings, _ := uses.Get()
	text := ""
	for _, place := range usage.Told(sightings, b.now()) {
		text += "  " + place + "\n"
	}
	if uses.Known() {
		return text
	}
	return text + "  CloudTrail can't be read, so these can't be told: by whom the key is used and in what rhythm (silence is\n" +
		"  measured by its last use alone), and whether this state file is an old copy. " + uses.Why() + "\n"
}

// ownKey says, where keytend's own requests are signed with the key, what that
// means for the new one; empty where they aren't.
func (b *bench) ownKey(ctx context.Context, q rotation.Request) string {
	if base, _ := b.rotator.Signer.BaseKey(ctx).Get(); base != q.Key || q.Flags.Now {
		return ""
	}
	return "  keytend's own requests are signed with this key. They don't count as a use of the new one: somebody else is to\n" +
		"  be seen using it, in CloudTrail or for a service that keytend doesn't call.\n"
}

// confirm shows what will happen, with what is to be known about it, and wants a
// yes.
func (a *app) confirm(command *cobra.Command, yes bool, head string, q rotation.Request, notes ...string) error {
	if !a.quiet {
		if _, err := fmt.Fprintf(a.stdout, "%s\n%s%s\n", printable(head), printable(numbered(procedure(draft(q), ""))), printable(strings.Join(notes, ""))); err != nil {
			return err
		}
	}
	return a.ask(command, yes, "Do it?")
}
