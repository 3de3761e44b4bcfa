package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/journal"
	"github.com/keytend/keytend/internal/notice"
	"github.com/keytend/keytend/internal/notify"
	"github.com/keytend/keytend/internal/report"
)

// telling is one run of `keytend notify`.
type telling struct {
	planning
	dry   bool
	again bool // try again what was given up

	post      notify.Post
	templates notify.Templates
}

func notifyCommand(a *app) *cobra.Command {
	t := &telling{planning: planning{app: a}}
	command := &cobra.Command{
		Use:   "notify",
		Short: "Tell the owners of keys what they have to know, once",
		Long: `Notify reads the accounts, the policy and what is on record, and sends each owner
one digest a day at most, through every channel that the policy names: keys that
are due in 14 days, in 7 days, now, or overdue (every week), will be switched
off, were switched off (and how to undo it), are still used when their time is
over, or stand still until somebody decides.

Nobody is told the same twice. A digest is written down before it is sent, so
that none is lost: what a channel doesn't take is tried again by later runs,
with growing pauses, and after twelve tries, or where it is refused for good,
the fallback owner is told by every other way there is. A channel that gives no
answer within 30 seconds, or fails three times in a row, is left alone for the
rest of the run. Run it from cron, once an hour or once a day.

Owners who know, and need time, are left alone until a date with ` + "`keytend ack`" + `.`,
		Example: `  keytend notify --dry-run
  keytend notify
  keytend notify --config keytend.yaml --organization
  keytend notify test`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := t.check(c); err != nil {
				return usageError{c, err}
			}
			return t.run(c.Context())
		},
	}
	t.config.addTo(command)
	t.fleet.addTo(command)
	t.state.addTo(command)
	flags := command.Flags()
	flags.BoolVar(&t.dry, "dry-run", false, "print what would be sent; send nothing, and write nothing down")
	flags.BoolVar(&t.again, "retry-dead", false, "try again what was given up")
	command.MarkFlagsMutuallyExclusive("dry-run", "retry-dead")
	command.AddCommand(notifyTestCommand(a))
	return command
}

func (t *telling) run(ctx context.Context) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	defer t.close()
	in, err := t.known(ctx)
	if err != nil {
		return err
	}
	matters, read, failed, err := t.gather(ctx, in)
	if err != nil {
		return err
	}
	in.Matters = matters
	digests := notice.Digests(in)
	if t.dry {
		err = t.show(digests)
	} else {
		err = t.send(ctx, digests)
	}
	if ctx.Err() != nil && err != nil {
		return err // all that was meant was read: only sending was interrupted
	}
	return errors.Join(err, t.crewVerdict(ctx, read, append(failed, t.leavers.failures()...)))
}

// begin reads the policy, and opens channels, accounts and the state file.
func (t *telling) begin(ctx context.Context) (err error) {
	if err := t.load(); err != nil {
		return err
	}
	if t.templates, err = templates(t.policy); err != nil {
		return err
	}
	if t.post.Channels, err = t.app.channels(ctx, t.policy); err != nil {
		return err
	}
	if len(t.post.Channels) == 0 && !t.dry {
		return hinted{errors.New("no channel is configured: nobody could be told"), "name channels under notices in " + t.policy.File() + "; `keytend notify --dry-run` shows what would be sent"}
	}
	if err := t.accounts(ctx); err != nil {
		return err
	}
	if err := t.openStates(); err != nil {
		return err
	}
	t.openLeavers()
	t.sealed = lateEscrow{errors.New("notices need no secret")}
	t.post.Fallback, t.post.Now = t.policy.Owners.Fallback, func() time.Time { return t.crew.at }
	return t.openNotes(ctx)
}

// openNotes opens the state file; a dry run makes none.
func (t *telling) openNotes(ctx context.Context) (err error) {
	if _, err := os.Stat(t.state.file(t.app)); t.dry && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	t.state.reading = t.dry
	if t.desk, err = t.app.openDesk(ctx, &t.state); err != nil || !t.again {
		return err
	}
	n, err := t.desk.Revive(ctx, t.crew.at)
	if err == nil {
		t.app.line(fmt.Sprintf("%s that had been given up tried again", count(int(n), "notice")))
	}
	return err
}

// known is what was told before, and to whom nothing is to be told.
func (t *telling) known(ctx context.Context) (in notice.Input, err error) {
	in = notice.Input{Ladder: ladder(t.policy), Fallback: t.policy.Owners.Fallback, Known: t.stillThere(ctx), Now: t.crew.at}
	if t.desk == nil {
		return in, nil
	}
	in.Journal = t.desk.name
	if in.Told, err = t.desk.Told(ctx); err != nil {
		return in, err
	}
	if in.Sent, err = t.desk.LastDigests(ctx); err != nil {
		return in, err
	}
	in.Acks, err = t.desk.Acks(ctx, t.crew.at)
	return in, err
}

// stillThere tells of owners whether they are; nil: nobody knows.
func (t *telling) stillThere(ctx context.Context) notice.Known {
	if t.leavers == nil {
		return nil
	}
	return func(owner string) (there, told bool) {
		fact, _ := t.leavers.knows(ctx, owner)
		return fact.Get()
	}
}

// show prints digests.
func (t *telling) show(digests []notice.Digest) error {
	var b strings.Builder
	for _, d := range digests {
		m, err := t.templates.Render(d)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "To: %s\n%s\n\n%s\n\n", toWhom(d.To), m.Title, strings.TrimSpace(m.Text))
	}
	if len(digests) == 0 {
		b.WriteString("Nobody has to be told anything now.\n")
	}
	_, err := io.WriteString(t.app.stdout, printable(b.String()))
	return err
}

func toWhom(to string) string {
	if to == "" {
		return "nobody is known (owners.fallback is not set)"
	}
	return to
}

// send writes digests down and then empties the outbox, what earlier runs left
// in it included. Only one process does so at a time.
func (t *telling) send(ctx context.Context, digests []notice.Digest) error {
	lock, err := t.desk.Enter("notices")
	if err != nil {
		return hinted{errors.New("another keytend is sending notices with this state file"), "wait until it has ended; nothing is lost"}
	}
	defer func() { _ = lock.Leave() }()
	unreached, err := t.intend(ctx, digests)
	if err != nil {
		return err
	}
	done, err := t.post.Deliver(ctx, t.desk)
	t.tell(done)
	t.tellKept(done)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return brokenOff(done)
	}
	return t.sendVerdict(done, unreached)
}

// intend writes digests down. Those that no channel can carry are left for
// another day, and counted.
func (t *telling) intend(ctx context.Context, digests []notice.Digest) (unreached []string, err error) {
	for _, d := range digests {
		parcels, err := t.post.Parcels(d, t.templates)
		if err != nil {
			return nil, err
		}
		if len(parcels) == 0 {
			unreached = append(unreached, toWhom(d.To))
			continue
		}
		if err := t.desk.Intend(ctx, d, parcels); err != nil && !errors.Is(err, journal.ErrTold) {
			return nil, err
		}
	}
	return unreached, nil
}

func (t *telling) tell(done []notify.Delivery) {
	for _, d := range done {
		p := d.Parcel
		switch {
		case d.Kept: // said in one line
		case d.Err == nil && !t.app.quiet:
			t.app.line(printable(fmt.Sprintf("sent      %s, to %s", p.Channel, toWhom(p.To))))
		case p.State == notice.Dead:
			t.app.line(printable(fmt.Sprintf("given up  %s, to %s: %v", p.Channel, toWhom(p.To), d.Err)))
		case d.Err != nil:
			t.app.line(printable(fmt.Sprintf("not sent  %s, to %s: %v; tried again after %s", p.Channel, toWhom(p.To), d.Err, stamp(p.Next))))
		}
	}
	if len(done) == 0 {
		t.app.line("Nobody has to be told anything now.")
	}
}

// tellKept says once of each channel what is left for the next run.
func (t *telling) tellKept(done []notify.Delivery) {
	kept, why := map[string]int{}, map[string]string{}
	for _, d := range done {
		if d.Kept {
			kept[d.Parcel.Channel]++
			why[d.Parcel.Channel] = cmp.Or(why[d.Parcel.Channel], d.Why, "interrupted")
		}
	}
	for _, channel := range slices.Sorted(maps.Keys(kept)) {
		t.app.line(printable(fmt.Sprintf("kept      %s, for the next run: %s (%s)", channel, count(kept[channel], "notice"), why[channel])))
	}
}

// brokenOff is the verdict on a run that was interrupted while it sent.
func brokenOff(done []notify.Delivery) error {
	sent, left := 0, 0
	for _, d := range done {
		switch {
		case d.Kept || d.Err != nil:
			left++
		default:
			sent++
		}
	}
	return verdict{code: exitInterrupted, text: fmt.Sprintf("interrupted: %s sent, %d left; nothing is lost", count(sent, "notice"), left), hint: "run it again: it goes on with what is left"}
}

func (t *telling) sendVerdict(done []notify.Delivery, unreached []string) error {
	failed := 0
	var dead []notify.Delivery
	for _, d := range done {
		switch {
		case d.Parcel.State == notice.Dead:
			dead = append(dead, d)
		case d.Err != nil || d.Kept:
			failed++
		}
	}
	switch {
	case len(dead) > 0:
		return givenUp(dead, failed, len(done), len(unreached))
	case len(unreached) > 0:
		return verdict{code: exitFailed, text: fmt.Sprintf("%s could be sent nowhere, for no channel reaches %s", count(len(unreached), "digest"), shortened(unreached)),
			hint: "set owners.fallback to a mail address, or name a channel that needs none"}
	case failed > 0:
		return verdict{code: exitFailed, text: fmt.Sprintf("%d of %s not sent; nothing is lost", failed, count(len(done), "notice")), hint: "`keytend notify test` tries every channel"}
	}
	return nil
}

// givenUp is the verdict where notices died. Whom a channel reached that is dead now
// hears of it here, if by no other way.
func givenUp(dead []notify.Delivery, failed, all, unreached int) error {
	channels := map[string]bool{}
	told := false
	for _, d := range dead {
		channels[d.Parcel.Channel] = true
		told = told || d.Told
	}
	text := fmt.Sprintf("%d of %s given up, through %s", len(dead), count(all, "notice"), strings.Join(slices.Sorted(maps.Keys(channels)), ", "))
	if failed > 0 {
		text += fmt.Sprintf("; %d not sent yet", failed)
	}
	if unreached > 0 {
		text += fmt.Sprintf("; %s could be sent nowhere", count(unreached, "digest"))
	}
	if !told {
		text += "; there is no other way to tell anybody"
	}
	return verdict{code: exitFailed, text: text, hint: "mend the channel (`keytend notify test` tries it), then `keytend notify --retry-dead`"}
}

func (t *telling) crewVerdict(ctx context.Context, read int, failed []accesskey.Failure) error {
	return t.crew.outcome(ctx, read, failed, report.Troubles(failed))
}
