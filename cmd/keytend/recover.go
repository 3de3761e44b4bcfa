package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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

// lost is a user whose record is to be rebuilt.
type lost struct {
	user string
	old  accesskey.ID // as a person named it; empty: nobody did
}

func recoverCommand(a *app) *cobra.Command {
	r := &recovery{app: a, terms: accesskey.DefaultTerms()}
	command := &cobra.Command{
		Use:   "recover [USER|ACCESS-KEY-ID...]",
		Short: "Rebuild records after the state file was lost",
		Long: `Recover rebuilds what was under way when the state file was lost, or was put back
from an old copy: from the users that carry this state file's tag (` + rotation.ClaimTag + `) or are
named, their keys as they are now, CloudTrail's word on who made and switched off
each key, and the destinations named with --deliver. It changes nothing at AWS by
itself.

What it finds decides how it goes on: a new key that stands in a destination is
watched as before; a key of which nobody knows who has it is rolled back the
careful way: silence, Inactive, rest, deletion; a key that keytend retired or
revoked rests from now on, and a retired one is kept. Which key was being replaced
is not guessed: where neither the claim nor CloudTrail tells, it says which
command names it. Secrets that were sealed in the lost file are lost, and so is
what was only asked for.

A user whose tag is of another state file is left alone unless named: if another
keytend still works with that one, it has the user.`,
		Example: `  keytend recover
  keytend recover alice --deliver credentialsfile:~/.aws/credentials#alice
  keytend recover alice AKIAIOSFODNN7EXAMPLE`,
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

func (r *recovery) run(ctx context.Context, typed []string) error {
	b, err := r.app.openBench(ctx, &r.state, false)
	if err != nil {
		return err
	}
	defer b.close()
	names, err := b.names(r.deliver)
	if err != nil {
		return usageError{r.command, err}
	}
	users, err := r.whom(ctx, b, typed)
	if err != nil {
		return err
	}
	var worst error
	for _, l := range users {
		if err := r.one(ctx, b, l, names); err != nil {
			if ctx.Err() != nil || errors.Is(err, errDeclined) || len(users) == 1 {
				return err
			}
			r.app.say(err)
			worst = verdict{code: exitFailed, text: "not every user could be recovered"}
		}
	}
	return worst
}

// whom are those who were typed, a key for its user, or else those who carry
// this journal's tag.
func (r *recovery) whom(ctx context.Context, b *bench, typed []string) ([]lost, error) {
	if len(typed) == 0 {
		return r.tagged(ctx, b)
	}
	var users []lost
	for _, word := range typed {
		l := lost{user: word}
		if id, err := accesskey.ParseID(word); err == nil {
			user, _, err := b.subject(ctx, word)
			if err != nil {
				return nil, err
			}
			l = lost{user.Name, id}
		}
		i := slices.IndexFunc(users, func(have lost) bool { return strings.EqualFold(have.user, l.user) })
		switch {
		case i < 0:
			users = append(users, l)
		case l.old != "" && users[i].old != "" && users[i].old != l.old:
			return nil, usageError{r.command, fmt.Errorf("keys %s and %s are both of %s: name the one that was being replaced", users[i].old, l.old, l.user)}
		case l.old != "":
			users[i].old = l.old
		}
	}
	return users, nil
}

// tagged are the users that carry the tag of a claim of this journal. Those of
// others are told.
func (r *recovery) tagged(ctx context.Context, b *bench) ([]lost, error) {
	var users []lost
	others := 0
	for page, err := range b.session.AuthorizedUsers(ctx) {
		if err != nil {
			return nil, fmt.Errorf("look for claimed users: %w", err)
		}
		for _, u := range page.Users {
			switch journal, _, _ := strings.Cut(u.Tags[rotation.ClaimTag], "."); journal {
			case "":
			case b.desk.name:
				users = append(users, lost{user: u.Name})
			default:
				others++
				r.app.line(fmt.Sprintf("%s: claimed by another state file (%s). If that is lost, and no keytend works with it any more:  keytend recover %s", u.Name, u.Tags[rotation.ClaimTag], u.Name))
			}
		}
	}
	if len(users)+others == 0 {
		r.app.line("No user of account " + b.account + " carries the tag " + rotation.ClaimTag + ": nothing was under way. Name users to look at them all the same.")
	}
	return users, nil
}

// one rebuilds the record of one user.
func (r *recovery) one(ctx context.Context, b *bench, l lost, places []string) error {
	user, err := b.look(ctx, l.user)
	if err != nil {
		return err
	}
	record, under, leave, err := b.workOn(ctx, user)
	if err != nil {
		return err
	}
	defer leave()
	if under && (record.Block == nil || record.Block.Reason != policy.WhyJournalBehind) {
		r.app.line(fmt.Sprintf("%s: a %s of key %s is on record; nothing to recover", user.Name, record.Work, record.Old))
		return nil
	}
	seen, err := r.see(ctx, b, user, places)
	if err != nil {
		return err
	}
	seen.Named = l.old
	found := rotation.Recovered(seen, b.now())
	if found.Say != "" {
		return hinted{errors.New(found.Story), found.Say}
	}
	r.app.line(printable(found.Story))
	return r.record(ctx, b, record, under, found)
}

// record puts what was found in the place of what an old copy had.
func (r *recovery) record(ctx context.Context, b *bench, old accesskey.Record, under bool, found rotation.Recovery) error {
	next := found.Record
	question := "Put this on record?"
	if next.Old == "" {
		question = fmt.Sprintf("End the %s of key %s that is on record?", old.Work, old.Old)
	}
	if next.Old == "" && !under {
		return nil
	}
	if err := r.app.ask(r.command, r.stay.yes, question); err != nil {
		return err
	}
	if under {
		if _, err := b.give(ctx, old.Subject, rotation.Supersede()); err != nil {
			return err
		}
	}
	if next.Old == "" {
		r.app.line("  ended; what is still wanted is to be asked for anew")
		return nil
	}
	_, err := b.desk.Create(ctx, next, accesskey.Event{
		At: b.now(), Who: b.desk.person, What: accesskey.Recovered, Record: next.ID, Account: b.account, User: next.Subject.User,
		Key: next.Old, Note: found.Story, Alert: true,
	})
	if err == nil {
		r.app.line("  go on with  " + r.app.back(&r.state, "resume", next.Subject.User))
	}
	return explainRotation(err)
}

const recoverHint = "recover needs cloudtrail:LookupEvents: without it nobody can say which key was ours"

// see gathers what is left of the past of one user.
func (r *recovery) see(ctx context.Context, b *bench, user accesskey.User, places []string) (rotation.Remains, error) {
	tags, known := user.Tags.Get()
	if !known {
		return rotation.Remains{}, fmt.Errorf("the tags of %s, of which one shows what was under way: %s", user.Name, user.Tags.Why())
	}
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
			return seen, hinted{fmt.Errorf("who made key %s: %s", id, fact.Why()), recoverHint}
		}
		seen.Authors[id] = author
	}
	acts := b.past.Acts(ctx, seen.Subject)
	if seen.Acts, known = acts.Get(); !known {
		return seen, hinted{fmt.Errorf("what was done to the keys of %s: %s", user.Name, acts.Why()), recoverHint}
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
