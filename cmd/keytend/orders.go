package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/nearest"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// order is one run of a command by which a person decides about a record.
type order struct {
	app     *app
	state   state
	stay    stay
	command *cobra.Command
	account string // the user's; empty: where something of the user is under way; settled by give
}

// newOrder gives a command the flags of an order.
func (a *app) newOrder(command *cobra.Command) *order {
	o := &order{app: a, command: command}
	o.state.addTo(command)
	accountFlag(command, &o.account)
	return o
}

// driven lets an order be acted upon at once.
func (o *order) driven() *order {
	o.stay.addTo(o.command)
	o.state.addEscrowTo(o.command)
	return o
}

// give carries an order out. What question, where not nil, says of the record is
// asked first; empty: nothing.
func (o *order) give(ctx context.Context, user string, question func(accesskey.Record) string, make func(*bench) rotation.Order) (err error) {
	b, err := o.app.reach(ctx, &o.state, o.account, user)
	if err != nil {
		return err
	}
	defer b.close()
	o.account = b.account
	record, under, err := b.live(ctx, user)
	if err != nil {
		return err
	}
	if !under {
		return o.nothing(ctx, b, user)
	}
	if err := o.sure(record, question); err != nil {
		return err
	}
	record, err = b.give(ctx, record.Subject, make(b))
	if err != nil {
		return err
	}
	if o.command.Flags().Lookup("wait") == nil {
		return nil
	}
	return o.act(ctx, b, record.Subject)
}

// sure asks what is to be asked before the order is given.
func (o *order) sure(record accesskey.Record, question func(accesskey.Record) string) error {
	if question == nil {
		return nil
	}
	if text := question(record); text != "" {
		return o.app.ask(o.command, o.stay.yes, text)
	}
	return nil
}

func (o *order) nothing(ctx context.Context, b *bench, user string) error {
	err := fmt.Errorf("nothing is under way for user %s in account %s", user, b.account)
	records, listErr := b.desk.List(ctx, b.account, true)
	if listErr != nil {
		return err
	}
	var names []string
	for _, r := range slices.Backward(records) {
		if strings.EqualFold(r.Subject.User, user) {
			return hinted{fmt.Errorf("%w; the last %s ended on %s. %s", err, r.Work, stamp(r.Ended), ended(r)),
				"`keytend audit list " + user + "` tells all of it"}
		}
		if r.Live() {
			names = append(names, r.Subject.User)
		}
	}
	if near := nearest.Names(user, names); len(near) > 0 {
		return hinted{err, "did you mean " + near[0] + "?"}
	}
	return hinted{err, "`keytend status` shows what is"}
}

// act takes the record on as far as it goes now.
func (o *order) act(ctx context.Context, b *bench, subject accesskey.Subject) error {
	leave, err := b.work(subject)
	if err != nil {
		o.app.line("noted; another keytend is at work on " + subject.User + " and will heed it")
		return nil
	}
	defer leave()
	d := &drive{app: o.app, rotator: b.rotator, subject: subject, stay: o.stay}
	res, err := d.run(ctx)
	if errors.Is(err, rotation.ErrNoRecord) {
		o.app.line("ended")
		return nil
	}
	if err != nil {
		return explainRotation(err)
	}
	return o.app.after(o.app.stdout, res, &o.state, "resume", subject.User)
}

func rollbackCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "rollback USER",
		Short: "Go back to the old key",
		Long: `Rollback puts everything back: the old key is switched on, every destination
gets what it held before, and the new key leaves as any other would: silence,
Inactive, rest, deletion. A new key that nobody was offered is deleted at once.
Once the old key is deleted, nothing can be put back.`,
		Example: "  keytend rollback alice",
		Args:    cobra.ExactArgs(1),
	}
	o := a.newOrder(command).driven()
	command.RunE = func(c *cobra.Command, args []string) error {
		return o.give(c.Context(), args[0], goBack, func(*bench) rotation.Order { return rotation.Rollback() })
	}
	return command
}

// goBack asks about a rollback, and says what it does.
func goBack(r accesskey.Record) string {
	if r.Stage() == accesskey.RollingBack {
		return ""
	}
	text := fmt.Sprintf("Go back to key %s of %s in account %s?", r.Old, r.Subject.User, r.Subject.Account)
	if r.Work == accesskey.Revocation {
		return "It was revoked as leaked: whoever has it can use it again.\n" + text
	}
	return text
}

func holdCommand(a *app) *cobra.Command {
	var why string
	var until time.Duration
	command := &cobra.Command{
		Use:     "hold USER",
		Short:   "Keep keytend's hands off a user",
		Long:    "Hold stops all work on a user's keys, except what puts things back, until\n`keytend release`. Status shows who holds it and why.",
		Example: "  keytend hold alice --why 'release week' --for 5d\n  keytend release alice",
		Args:    cobra.ExactArgs(1),
	}
	command.Flags().StringVar(&why, "why", "", "`reason`, for the others")
	command.Flags().Var(span{&until}, "for", "raise the alarm where it is still held after so long; it is not released by itself")
	o := a.newOrder(command)
	command.RunE = func(c *cobra.Command, args []string) error {
		err := o.give(c.Context(), args[0], nil, func(b *bench) rotation.Order {
			var t time.Time
			if until > 0 {
				t = b.now().Add(until)
			}
			return rotation.HoldIt(b.desk.person, why, t)
		})
		if err == nil {
			a.line("held: nothing is done to the keys of " + args[0] + " until `" + a.back(&o.state, o.state.in(o.account, "release", args[0])...) + "`")
		}
		return err
	}
	return command
}

func releaseCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:     "release USER",
		Short:   "End a hold",
		Long:    "Release ends a hold: the work goes on at the next pass.",
		Example: "  keytend release alice",
		Args:    cobra.ExactArgs(1),
	}
	o := a.newOrder(command)
	command.RunE = func(c *cobra.Command, args []string) error {
		err := o.give(c.Context(), args[0], nil, func(*bench) rotation.Order { return rotation.Release() })
		if err == nil {
			a.line("released; go on with `" + a.back(&o.state, o.state.in(o.account, "resume", args[0])...) + "`")
		}
		return err
	}
	return command
}

// answerWords are the answers to a block.
var answerWords = []string{"retry", "drop", "discard", "keep", "force"}

func resolveCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "resolve USER retry|drop|discard|keep|force",
		Short: "Answer what blocks a record",
		Long: `Resolve answers the question at which a record is blocked. Each block names the
answers that fit; ` + "`keytend status USER`" + ` shows it.

  retry    try again, with the whole of its time before it
  drop     do without the destination; or give the work up
  discard  the unknown key is ours and nobody has it: delete it
  keep     the key is needed, or not ours: leave it
  force    do it although something speaks against it: switch off a key that is
           still used or that somebody switched on, or take a claim over`,
		Example:   "  keytend resolve alice retry",
		Args:      cobra.ExactArgs(2),
		ValidArgs: answerWords,
	}
	o := a.newOrder(command).driven()
	command.RunE = func(c *cobra.Command, args []string) error {
		if !slices.Contains(answerWords, args[1]) {
			return usageError{c, fmt.Errorf("%q: want %s", args[1], strings.Join(answerWords, ", "))}
		}
		question := func(r accesskey.Record) string { return grave(r, args[1]) }
		return o.give(c.Context(), args[0], question, func(*bench) rotation.Order { return rotation.Resolve(args[1]) })
	}
	return command
}

// grave asks about the answers that take a key from somebody; empty for others,
// and for what doesn't fit and is refused anyway.
func grave(r accesskey.Record, answer string) string {
	for _, c := range policy.Choices(r) {
		if c.Answer == answer && (answer == "force" || answer == "discard") {
			return strings.ToUpper(c.Means[:1]) + c.Means[1:] + ". Really?"
		}
	}
	return ""
}
