package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// recovery is one run of `keytend recover`.
type recovery struct {
	app     *app
	state   state
	stay    stay
	terms   accesskey.Terms
	deliver []string
	command *cobra.Command
}

func recoverCommand(a *app) *cobra.Command {
	r := &recovery{app: a, terms: accesskey.DefaultTerms()}
	command := &cobra.Command{
		Use:   "recover [USER...]",
		Short: "Rebuild records after the state file was lost",
		Long: `Recover rebuilds what was under way when the state file was lost, or was put back
from an old copy: from the users that carry keytend's tag (` + rotation.ClaimTag + `) or are named,
their keys as they are now, CloudTrail's word on who made each key, and the
destinations named with --deliver. It changes nothing at AWS by itself.

What it finds decides how it goes on: a new key that stands in a destination is
watched as before; a key of which nobody knows who has it is rolled back the
careful way: silence, Inactive, rest, deletion. Secrets that were sealed in the
lost file are lost.`,
		Example: "  keytend recover\n  keytend recover alice --deliver credentialsfile:~/.aws/credentials#alice",
		RunE: func(c *cobra.Command, args []string) error {
			if err := feasible(r.terms); err != nil {
				return usageError{c, err}
			}
			return r.run(c.Context(), args)
		},
	}
	r.command = command
	deliverFlag(command, &r.deliver)
	termsFlags(command, &r.terms)
	restFlags(command, &r.terms)
	settleFlags(command, &r.terms)
	command.Flags().BoolVarP(&r.stay.yes, "yes", "y", false, "don't ask: do it")
	r.state.addTo(command)
	return command
}

func (r *recovery) run(ctx context.Context, users []string) error {
	b, err := r.app.openBench(ctx, &r.state, false)
	if err != nil {
		return err
	}
	defer b.close()
	names, err := b.names(r.deliver)
	if err != nil {
		return usageError{r.command, err}
	}
	if len(users) == 0 {
		if users, err = r.tagged(ctx, b); err != nil {
			return err
		}
	}
	if len(users) == 0 {
		r.app.line("No user of account " + b.account + " carries the tag " + rotation.ClaimTag + ": nothing was under way. Name users to look at them all the same.")
		return nil
	}
	var worst error
	for _, name := range users {
		if err := r.one(ctx, b, name, names); err != nil {
			if ctx.Err() != nil || errors.Is(err, errDeclined) || len(users) == 1 {
				return err
			}
			r.app.say(err)
			worst = verdict{code: exitFailed, text: "not every user could be recovered"}
		}
	}
	return worst
}

// tagged are the users that carry the tag of a claim.
func (r *recovery) tagged(ctx context.Context, b *bench) ([]string, error) {
	var names []string
	for page, err := range b.session.AuthorizedUsers(ctx) {
		if err != nil {
			return nil, fmt.Errorf("look for claimed users: %w", err)
		}
		for _, u := range page.Users {
			if u.Tags[rotation.ClaimTag] != "" {
				names = append(names, u.Name)
			}
		}
	}
	return names, nil
}

// one rebuilds the record of one user.
func (r *recovery) one(ctx context.Context, b *bench, name string, places []string) error {
	user, err := b.look(ctx, name)
	if err != nil {
		return err
	}
	leave, err := b.work(b.subjectOf(user))
	if err != nil {
		return err
	}
	defer leave()
	record, under, err := b.live(ctx, user.Name)
	if err != nil {
		return err
	}
	if under && (record.Block == nil || record.Block.Reason != policy.WhyJournalBehind) {
		r.app.line(fmt.Sprintf("%s: a %s of key %s is on record; nothing to recover", user.Name, record.Work, record.Old))
		return nil
	}
	seen, err := r.see(ctx, b, user, places)
	if err != nil {
		return err
	}
	found := rotation.Recovered(seen, b.now())
	r.app.line(printable(found.Story))
	if found.Record.Old == "" {
		return nil
	}
	if err := r.app.ask(r.command, r.stay.yes, "Put this on record?"); err != nil {
		return err
	}
	if under {
		_, err = b.give(ctx, record.Subject, rotation.Supersede())
	}
	if err == nil {
		_, err = b.desk.Create(ctx, found.Record, accesskey.Event{
			At: b.now(), Who: b.desk.person, What: "recovered", Record: found.Record.ID, Account: b.account, User: user.Name,
			Key: found.Record.Old, Note: found.Story, Alert: true,
		})
	}
	if err == nil {
		r.app.line("  go on with  " + r.app.back(&r.state, "resume", user.Name))
	}
	return explainRotation(err)
}

// see gathers what is left of the past of one user.
func (r *recovery) see(ctx context.Context, b *bench, user accesskey.User, places []string) (rotation.Remains, error) {
	tags, _ := user.Tags.Get()
	seen := rotation.Remains{
		ID: randomWord(10), Subject: b.subjectOf(user), User: user, Tag: tags[rotation.ClaimTag], Terms: r.terms,
		Authors: map[accesskey.ID]rotation.Authorship{}, Holding: map[string]accesskey.ID{}, Token: b.desk.name + "." + randomWord(10),
	}
	keys, _ := user.Keys.Get()
	for _, k := range keys {
		id, _ := k.ID.Get()
		fact := b.rotator.Trail.Author(ctx, seen.Subject, id)
		author, known := fact.Get()
		if !known {
			return seen, hinted{fmt.Errorf("who made key %s: %s", id, fact.Why()), "recover needs cloudtrail:LookupEvents: without it nobody can say which key was ours"}
		}
		seen.Authors[id] = author
	}
	for _, name := range places {
		d, err := b.rotator.Destination(seen.Subject, name)
		if err != nil {
			return seen, err
		}
		held, err := d.Current(ctx)
		if err != nil {
			return seen, err
		}
		if !held.Readable || slices.ContainsFunc(keys, func(k accesskey.Key) bool { id, _ := k.ID.Get(); return id == held.Key }) {
			seen.Holding[name] = held.Key
		}
	}
	return seen, nil
}
