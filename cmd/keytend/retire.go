package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/inventory"
)

// retire is one run of `keytend retire`.
type retire struct {
	app     *app
	state   state
	stay    stay
	terms   accesskey.Terms
	unused  time.Duration
	delete  time.Duration
	except  []string
	typed   string
	command *cobra.Command
}

func retireCommand(a *app) *cobra.Command {
	r := &retire{app: a, terms: accesskey.DefaultTerms(), except: config.DefaultExcept()}
	r.terms.Keep = true
	command := &cobra.Command{
		Use:   "retire USER|ACCESS-KEY-ID",
		Short: "Switch off keys that nobody uses",
		Long: `Retire ends a key that nobody uses, or whose user has moved to a role: notice
first, then Inactive, and revivable for good unless --delete-after says when it
is deleted. A use at any time ends the retirement, or switches the key on again.

With --unused, every Active key that was unused for so long is retired, each on
its own. Users with a name or tag of --except are left out and listed.`,
		Example: `  keytend retire AKIAIOSFODNN7EXAMPLE
  keytend retire --unused 90d --notice 14d --yes
  keytend retire alice --delete-after 30d`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := r.check(args); err != nil {
				return usageError{c, err}
			}
			return r.run(c.Context())
		},
	}
	r.command = command
	r.flags(command)
	return command
}

func (r *retire) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.Var(span{&r.unused}, "unused", "retire every key that was unused for so long")
	flags.Var(span{&r.terms.Notice}, "notice", "time between telling and switching off")
	flags.Var(span{&r.terms.Idle}, "idle", "silence that is wanted before a key is switched off")
	flags.Var(span{&r.terms.LagMargin}, "lag-margin", "how late AWS's last-used data may be; it doesn't count as silence")
	flags.Var(span{&r.delete}, "delete-after", "delete a key when it was off for so long (default: never)")
	flags.StringSliceVar(&r.except, "except", r.except, "with --unused: leave out users of this name, or with this `tag` or TAG=VALUE")
	settleFlags(command, &r.terms)
	r.stay.addTo(command)
	r.state.addTo(command)
	r.state.elsewhere.addTo(command)
}

func (r *retire) check(args []string) error {
	if (r.unused > 0) == (len(args) == 1) {
		return errors.New("want a user or a key, or --unused")
	}
	if len(args) == 1 {
		r.typed = args[0]
	}
	if r.delete > 0 {
		r.terms.Keep, r.terms.Rest = false, r.delete
	}
	if r.unused > 0 {
		r.terms.Idle = max(r.terms.Idle, r.unused)
	}
	r.terms.OverlapMax = max(r.terms.OverlapMax, r.terms.Idle+r.terms.LagMargin) // it has none
	return feasible(r.terms)
}

func (r *retire) run(ctx context.Context) error {
	b, err := r.app.openBench(ctx, &r.state, false)
	if err != nil {
		return err
	}
	defer b.close()
	if r.unused > 0 {
		return r.everyUnused(ctx, b)
	}
	user, key, err := b.subject(ctx, r.typed)
	if err != nil {
		return err
	}
	return r.one(ctx, b, user, key)
}

// one begins, or goes on with, the retirement of one key.
func (r *retire) one(ctx context.Context, b *bench, user accesskey.User, key accesskey.ID) error {
	record, under, leave, err := b.workOn(ctx, user)
	if err != nil {
		return err
	}
	defer leave()
	switch {
	case under && (record.Work != accesskey.Retirement || key != "" && key != record.Old):
		return hinted{fmt.Errorf("a %s of %s is under way, of key %s", record.Work, user.Name, record.Old), "`keytend status " + user.Name + "` shows it"}
	case !under:
		if key, err = keyToRetire(user, key, b.now()); err != nil {
			return err
		}
		q := b.request(accesskey.Retirement, user, key, r.terms, nil)
		if err := b.unfit(b.managed(ctx, q)); err != nil {
			return err
		}
		if err := r.app.confirm(r.command, r.stay.yes, r.head(b, user, key), q, b.seen(ctx, key)); err != nil {
			return err
		}
		if err := b.begin(ctx, q); err != nil {
			return err
		}
	}
	return r.drive(ctx, b, b.subjectOf(user))
}

func (r *retire) head(b *bench, user accesskey.User, key accesskey.ID) string {
	keys, _ := user.Keys.Get()
	for _, k := range keys {
		if id, _ := k.ID.Get(); id == key {
			return fmt.Sprintf("Retire key %s of %s in account %s, last used %s:", key, user.Name, b.account, lastUsedText(k, b.now()))
		}
	}
	return ""
}

func (r *retire) drive(ctx context.Context, b *bench, subject accesskey.Subject) error {
	d := &drive{app: r.app, rotator: b.rotator, subject: subject, stay: r.stay}
	res, err := d.run(ctx)
	if err != nil {
		return explainRotation(err)
	}
	return r.app.after(r.app.stdout, res, &r.state, "resume", subject.User)
}

func keyToRetire(user accesskey.User, named accesskey.ID, now time.Time) (accesskey.ID, error) {
	keys, _ := user.Keys.Get()
	if named != "" {
		return named, nil
	}
	if len(keys) == 1 {
		id, _ := keys[0].ID.Get()
		return id, nil
	}
	var lines []string
	for _, k := range keys {
		id, _ := k.ID.Get()
		lines = append(lines, fmt.Sprintf("  %s  %s, last used %s", id, statusText(k), lastUsedText(k, now)))
	}
	return "", hinted{fmt.Errorf("user %s has %s:\n%s", user.Name, count(len(keys), "key"), strings.Join(lines, "\n")), "name the one to retire: `keytend retire ACCESS-KEY-ID`"}
}

// candidate is a key that was unused for long enough.
type candidate struct {
	user accesskey.User
	key  accesskey.Key
}

// everyUnused retires each key of the account that was unused for long enough.
func (r *retire) everyUnused(ctx context.Context, b *bench) error {
	inv, err := r.app.collect(ctx, b.session, inventory.Options{IDs: inventory.IDsForAll, Live: true})
	if err != nil {
		return err
	}
	wanted, left := r.sort(inv, b.now())
	r.app.line(strings.Join(left, "\n"))
	if len(wanted) == 0 {
		r.app.line(fmt.Sprintf("No Active key was unused for %s.", long(r.unused)))
		return partial(inv.Failures)
	}
	if err := r.confirmAll(b, wanted); err != nil {
		return err
	}
	var blockedOne error
	for _, c := range wanted {
		if err := r.begun(ctx, b, c); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.app.say(err)
			blockedOne = verdict{code: exitFailed, text: "not every retirement could be begun"}
		}
	}
	r.app.line("\nCome back with  " + r.app.back(&r.state, "resume"))
	if blockedOne != nil {
		return blockedOne
	}
	return partial(inv.Failures)
}

// sort takes the unused keys, and says who is left out.
func (r *retire) sort(inv accesskey.Inventory, now time.Time) (wanted []candidate, left []string) {
	except := config.ParseExcept(r.except)
	for _, user := range inv.Users {
		keys, _ := user.Keys.Get()
		for _, k := range keys {
			if !unusedFor(k, r.unused, now) {
				continue
			}
			id, _ := k.ID.Get()
			if why := except.Why(&user); why != "" {
				left = append(left, fmt.Sprintf("left out: %s  %s  (%s)", user.Name, id, why))
				continue
			}
			wanted = append(wanted, candidate{user, k})
		}
	}
	return wanted, left
}

// unusedFor judges as the finding of that name does; what is unknown is not
// unused.
func unusedFor(k accesskey.Key, span time.Duration, now time.Time) bool {
	status, known := k.Status.Get()
	use, used := k.LastUsed.Get()
	created, dated := k.Created.Get()
	if !known || !used || !dated || !k.ID.Known() || status != accesskey.Active {
		return false
	}
	if use.Never() {
		return now.Sub(created) > span
	}
	return now.Sub(use.At) > span
}

func (r *retire) confirmAll(b *bench, wanted []candidate) error {
	var lines strings.Builder
	fmt.Fprintf(&lines, "Retire %s in account %s:\n", count(len(wanted), "key"), b.account)
	for _, c := range wanted {
		id, _ := c.key.ID.Get()
		fmt.Fprintf(&lines, "  %s  %s  last used %s\n", id, c.user.Name, lastUsedText(c.key, b.now()))
	}
	r.app.line(strings.TrimRight(lines.String(), "\n"))
	first := b.request(accesskey.Retirement, wanted[0].user, "each of them", r.terms, nil)
	return r.app.confirm(r.command, r.stay.yes, "\nWhat will happen:", first)
}

// begun begins one of many.
func (r *retire) begun(ctx context.Context, b *bench, c candidate) error {
	id, _ := c.key.ID.Get()
	if record, under, err := b.live(ctx, c.user.Name); err != nil || under {
		if under {
			r.app.line(fmt.Sprintf("left out: %s  %s  (a %s of key %s is under way)", c.user.Name, id, record.Work, record.Old))
		}
		return err
	}
	leave, err := b.work(b.subjectOf(c.user))
	if err != nil {
		return err
	}
	defer leave()
	q := b.request(accesskey.Retirement, c.user, id, r.terms, nil)
	if err := b.managed(ctx, q); err != nil {
		return err
	}
	if err := b.begin(ctx, q); err != nil {
		return err
	}
	d := &drive{app: r.app, rotator: b.rotator, subject: q.Subject}
	res, err := d.run(ctx)
	if err != nil {
		return explainRotation(err)
	}
	r.app.line(fmt.Sprintf("%s  %s  %s, until %s", c.user.Name, id, res.Step.Reason, stamp(res.Step.NotBefore)))
	return nil
}

// line is a line for people, which --quiet leaves out.
func (a *app) line(text string) {
	if !a.quiet && text != "" {
		_, _ = fmt.Fprintln(a.stdout, printable(text))
	}
}
