package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/match"
	"github.com/keytend/keytend/internal/rotation"
)

// revoke is one run of `keytend revoke`.
type revoke struct {
	app     *app
	state   state
	stay    stay
	terms   accesskey.Terms
	from    string
	where   *match.Expression // nil: not given
	deliver []string
	probe   string
	first   bool
	account string // the keys'; empty: that of the credentials in use
	command *cobra.Command
}

func revokeCommand(a *app) *cobra.Command {
	r := &revoke{app: a, terms: accesskey.DefaultTerms()}
	var where string
	command := &cobra.Command{
		Use:   "revoke ACCESS-KEY-ID...",
		Short: "Cut off leaked keys at once",
		Long: `Revoke switches leaked keys off at once, whoever uses them, and denies every
session that was made with their users' keys until then (an inline policy of
aws:TokenIssueTime). It shows their last use and asks first. After its rest a
key is deleted, unless --keep.

With --deliver the key is replaced too: after it is off, or, with
--replace-first, before, where its consumer must live.

With --where, every key of the account that is not Inactive and that the CEL
expression (https://cel.dev) means. A key of which that can't be told, because
something could not be read, is listed and left alone. The words:
` + match.Help(),
		Example: `  keytend revoke AKIAIOSFODNN7EXAMPLE
  keytend revoke --from leaked.txt --yes
  keytend revoke --where 'user.tags["team"] == "left" && key.idle < duration("24h")'
  keytend revoke AKIAIOSFODNN7EXAMPLE --deliver dotenv:/srv/app/.env --replace-first`,
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := r.keys(args, where)
			if err != nil {
				return usageError{c, err}
			}
			return r.run(c.Context(), ids)
		},
	}
	r.command = command
	flags := command.Flags()
	flags.StringVar(&r.from, "from", "", "take every key ID found in this `file` too; - is standard input")
	flags.StringVar(&where, "where", "", "take every key that this CEL `expression` means")
	deliverFlag(command, &r.deliver)
	flags.BoolVar(&r.first, "replace-first", false, "switch off only when the new key is delivered")
	probeFlag(command, &r.probe)
	restFlags(command, &r.terms)
	flags.Var(span{&r.terms.LagMargin}, "lag-margin", "how late AWS's last-used data may be; --rest may not be shorter")
	settleFlags(command, &r.terms)
	r.stay.addTo(command)
	accountFlag(command, &r.account)
	r.state.addTo(command)
	r.state.elsewhere.addTo(command)
	r.state.addEscrowTo(command)
	return command
}

// idInText finds long-lived keys in whatever a scanner or a mail says.
var idInText = regexp.MustCompile(`\bAKIA[A-Z0-9]{12,124}\b`)

// keys are those typed and those of --from, each once.
func (r *revoke) keys(args []string, where string) (ids []accesskey.ID, err error) {
	if where != "" {
		if r.where, err = match.Compile(where); err != nil {
			return nil, err
		}
	}
	for _, arg := range args {
		id, err := accesskey.ParseID(arg)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if r.from != "" {
		found, err := r.read()
		if err != nil {
			return nil, fmt.Errorf("read --from: %w", err)
		}
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	switch {
	case len(ids) == 0 && r.where == nil:
		return nil, errors.New("want key IDs, --from a file that has some, or --where")
	case (len(ids) > 1 || r.where != nil) && len(r.deliver) > 0:
		return nil, errors.New("--deliver goes with one key: whose would the new key be?")
	case r.probe != "" && len(r.deliver) == 0:
		return nil, errors.New("--probe tests a new key: it goes with --deliver")
	case r.first && len(r.deliver) == 0:
		return nil, errors.New("--replace-first needs --deliver: where does the new key go?")
	}
	return ids, feasible(r.terms)
}

func (r *revoke) read() ([]accesskey.ID, error) {
	in := r.app.stdin
	if r.from != "-" {
		f, err := os.Open(r.from)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	var ids []accesskey.ID
	lines := bufio.NewScanner(io.LimitReader(in, 64<<20))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		for _, id := range idInText.FindAllString(lines.Text(), -1) {
			ids = append(ids, accesskey.ID(id))
		}
	}
	return ids, lines.Err()
}

// leaked is a key to be cut off, and whose it is.
type leaked struct {
	user    accesskey.User
	key     accesskey.ID
	request rotation.Request
}

func (r *revoke) run(ctx context.Context, ids []accesskey.ID) error {
	b, err := r.app.openBench(ctx, &r.state, len(r.deliver) > 0)
	if err != nil {
		return err
	}
	if b, err = b.enter(ctx, &r.state, r.account); err != nil {
		return err
	}
	defer b.close()
	meant, doubts, err := r.meant(ctx, b)
	if err != nil {
		return err
	}
	ids = append(ids, meant...)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	found, failed := r.find(ctx, b, ids)
	failed = append(failed, doubts...)
	if len(found) == 0 && len(failed) == 0 {
		r.app.line("No key that works is meant by --where.")
	}
	if len(found) == 0 {
		return errors.Join(failed...)
	}
	for _, err := range failed {
		r.app.say(err)
	}
	if err := r.confirm(ctx, b, found); err != nil {
		return err
	}
	verdicts := failed
	for _, l := range found {
		if err := r.one(ctx, b, l); err != nil {
			verdicts = append(verdicts, err)
			if len(found) > 1 {
				r.app.say(err)
			}
		}
	}
	if len(ids) > 1 && len(verdicts) > 0 {
		return verdict{code: exitFailed, text: fmt.Sprintf("%d of %s not switched off, or blocked", len(verdicts), count(len(ids), "key"))}
	}
	return errors.Join(verdicts...)
}

// meant looks at every key of the account and returns those that --where means;
// doubts are about keys of which that could not be told.
func (r *revoke) meant(ctx context.Context, b *bench) (ids []accesskey.ID, doubts []error, err error) {
	if r.where == nil {
		return nil, nil, nil
	}
	inv, err := r.app.collect(ctx, b.session, inventory.Options{IDs: inventory.IDsForAll})
	if err != nil {
		return nil, nil, err
	}
	for _, u := range inv.Users {
		keys, known := u.Keys.Get()
		if !known {
			doubts = append(doubts, fmt.Errorf("the keys of %s could not be read: %s", u.Name, u.Keys.Why()))
		}
		for _, k := range keys {
			id, err := r.judge(b, inv.Account, u, k)
			if err != nil {
				doubts = append(doubts, err)
			} else if id != "" {
				ids = append(ids, id)
			}
		}
	}
	return ids, doubts, nil
}

// judge returns the key's ID where the expression means it; empty where not.
func (r *revoke) judge(b *bench, account accesskey.Account, u accesskey.User, k accesskey.Key) (accesskey.ID, error) {
	if status, _ := k.Status.Get(); status == accesskey.Inactive {
		return "", nil
	}
	id, known := k.ID.Get()
	matches, told, err := r.where.Matches(account, u, k, b.now())
	switch {
	case err != nil:
		return "", fmt.Errorf("--where: %w", err)
	case !told:
		return "", fmt.Errorf("whether --where means key %s of %s can't be told: something was not read", id, u.Name)
	case matches && !known:
		return "", fmt.Errorf("a key of %s is meant, but its ID could not be read: %s", u.Name, k.ID.Why())
	case matches:
		return id, nil
	}
	return "", nil
}

func (r *revoke) find(ctx context.Context, b *bench, ids []accesskey.ID) (found []leaked, failed []error) {
	names, err := b.names(r.deliver)
	if err != nil {
		return nil, []error{usageError{r.command, err}}
	}
	for _, id := range ids {
		user, _, err := b.subject(ctx, string(id))
		if err != nil {
			failed = append(failed, err)
			continue
		}
		q := b.request(accesskey.Revocation, user, id, r.terms, names)
		q.Flags.Replace, q.Flags.ReplaceFirst, q.Probe = len(names) > 0, r.first, r.probe
		if q.Flags.Replace {
			if err := b.preflight(ctx, q, user); err != nil {
				failed = append(failed, err)
				continue
			}
		}
		found = append(found, leaked{user, id, q})
	}
	return found, failed
}

func (r *revoke) confirm(ctx context.Context, b *bench, found []leaked) error {
	r.app.line(fmt.Sprintf("Revoke %s in account %s:", count(len(found), "key"), b.account))
	for _, l := range found {
		keys, _ := l.user.Keys.Get()
		for _, k := range keys {
			if id, _ := k.ID.Get(); id == l.key {
				r.app.line(fmt.Sprintf("  %s  %s  %s, last used %s", id, l.user.Name, statusText(k), lastUsedText(k, b.now())))
				r.app.line(b.warnManaged(ctx, id))
			}
		}
		if err := r.warnUnderWay(ctx, b, l); err != nil {
			return err
		}
	}
	return r.app.confirm(r.command, r.stay.yes, "", found[0].request)
}

// warnUnderWay says what becomes of work under way on the user's keys.
func (r *revoke) warnUnderWay(ctx context.Context, b *bench, l leaked) error {
	record, under, err := b.live(ctx, l.user.Name)
	switch {
	case err != nil || !under || l.key == record.Old:
		return err
	case l.key == record.New && record.Work == accesskey.Rotation:
		r.app.line(fmt.Sprintf("  It was made to replace %s in a rotation under way, which goes back: %s is switched on and put back everywhere.", record.Old, record.Old))
	case record.New == "":
		r.app.line(fmt.Sprintf("  The %s of %s under way is given up for it: %s stays as it is.", record.Work, record.Old, record.Old))
	}
	return nil
}

func (r *revoke) one(ctx context.Context, b *bench, l leaked) error {
	subject := b.subjectOf(l.user)
	leave, err := b.work(subject)
	if err != nil {
		return err
	}
	defer leave()
	record, under, err := b.live(ctx, l.user.Name)
	switch {
	case err != nil:
		return err
	case under && record.Work == accesskey.Revocation && record.Old == l.key && !switchedOn(l.user, record): // go on
	case under && l.key != record.Old && (l.key != record.New || record.Work != accesskey.Rotation):
		_, err = b.give(ctx, subject, rotation.RevokeInstead(l.request))
	case under:
		_, err = b.give(ctx, subject, rotation.Revoke(l.key, len(r.deliver) > 0, r.first))
	default:
		err = b.begin(ctx, l.request)
	}
	if errors.Is(err, rotation.ErrUnfit) {
		return hinted{fmt.Errorf("key %s is not switched off: %w", l.key, err), r.insteadOf(record, l.key)}
	}
	if err != nil {
		return err
	}
	d := &drive{app: r.app, rotator: b.rotator, subject: subject, stay: r.stay}
	res, err := d.run(ctx)
	if err != nil {
		return explainRotation(err)
	}
	return r.app.after(r.app.stdout, res, &r.state, "resume", subject.User)
}

// insteadOf is what to type where the work under way stands in the way.
func (r *revoke) insteadOf(record accesskey.Record, key accesskey.ID) string {
	if !record.Intent.Settled() {
		return "`" + r.app.back(&r.state, "resume", record.Subject.User) + "` finds out what became of its last call; then again"
	}
	if record.Stage() == accesskey.RollingBack {
		return "`" + r.app.back(&r.state, "revoke", string(record.New)) + "` cuts the other key off; then again"
	}
	return fmt.Sprintf("switch it off by hand: aws iam update-access-key --user-name %s --access-key-id %s --status Inactive", quoteWord(record.Subject.User), key)
}

// switchedOn reports that a key that was off in a revocation is not off any more:
// who revokes it again wants it off again.
func switchedOn(user accesskey.User, record accesskey.Record) bool {
	keys, _ := user.Keys.Get()
	for _, k := range keys {
		if id, _ := k.ID.Get(); id == record.Old {
			status, known := k.Status.Get()
			return known && status != accesskey.Inactive && !record.OldExit.Inactive().IsZero()
		}
	}
	return false
}
