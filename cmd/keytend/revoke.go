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
	"github.com/keytend/keytend/internal/rotation"
)

// revoke is one run of `keytend revoke`.
type revoke struct {
	app     *app
	state   state
	stay    stay
	terms   accesskey.Terms
	from    string
	deliver []string
	first   bool
	command *cobra.Command
}

func revokeCommand(a *app) *cobra.Command {
	r := &revoke{app: a, terms: accesskey.DefaultTerms()}
	command := &cobra.Command{
		Use:   "revoke ACCESS-KEY-ID...",
		Short: "Cut off leaked keys at once",
		Long: `Revoke switches leaked keys off at once, whoever uses them, and denies every
session that was made with their users' keys until then (an inline policy of
aws:TokenIssueTime). It shows their last use and asks first. After its rest a
key is deleted, unless --keep.

With --deliver the key is replaced too: after it is off, or, with
--replace-first, before, where its consumer must live.`,
		Example: `  keytend revoke AKIAIOSFODNN7EXAMPLE
  keytend revoke --from leaked.txt --yes
  keytend revoke AKIAIOSFODNN7EXAMPLE --deliver dotenv:/srv/app/.env --replace-first`,
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := r.keys(args)
			if err != nil {
				return usageError{c, err}
			}
			return r.run(c.Context(), ids)
		},
	}
	r.command = command
	flags := command.Flags()
	flags.StringVar(&r.from, "from", "", "take every key ID found in this `file` too; - is standard input")
	deliverFlag(command, &r.deliver)
	flags.BoolVar(&r.first, "replace-first", false, "switch off only when the new key is delivered")
	restFlags(command, &r.terms)
	settleFlags(command, &r.terms)
	r.stay.addTo(command)
	r.state.addTo(command)
	r.state.addEscrowTo(command)
	return command
}

// idInText finds long-lived keys in whatever a scanner or a mail says.
var idInText = regexp.MustCompile(`\bAKIA[A-Z0-9]{12,124}\b`)

// keys are those typed and those of --from, each once.
func (r *revoke) keys(args []string) ([]accesskey.ID, error) {
	var ids []accesskey.ID
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
	case len(ids) == 0:
		return nil, errors.New("want key IDs, or --from a file that has some")
	case len(ids) > 1 && len(r.deliver) > 0:
		return nil, errors.New("--deliver goes with one key: whose would the new key be?")
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
	defer b.close()
	found, failed := r.find(ctx, b, ids)
	if len(found) == 0 {
		return errors.Join(failed...)
	}
	for _, err := range failed {
		r.app.say(err)
	}
	if err := r.confirm(b, found); err != nil {
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
		q.Flags.Replace, q.Flags.ReplaceFirst = len(names) > 0, r.first
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

func (r *revoke) confirm(b *bench, found []leaked) error {
	r.app.line(fmt.Sprintf("Revoke %s in account %s:", count(len(found), "key"), b.account))
	for _, l := range found {
		keys, _ := l.user.Keys.Get()
		for _, k := range keys {
			if id, _ := k.ID.Get(); id == l.key {
				r.app.line(fmt.Sprintf("  %s  %s  %s, last used %s", id, l.user.Name, statusText(k), lastUsedText(k, b.now())))
			}
		}
	}
	return r.app.confirm(r.command, r.stay.yes, "", found[0].request)
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
	case under && record.Work == accesskey.Revocation && record.Old == l.key: // go on
	case under:
		_, err = b.give(ctx, subject, rotation.Revoke(l.key, len(r.deliver) > 0, r.first))
	default:
		err = b.begin(ctx, l.request)
	}
	if err != nil {
		return err
	}
	d := &drive{app: r.app, rotator: b.rotator, subject: subject, stay: r.stay}
	res, err := d.run(ctx)
	if err != nil {
		return explainRotation(err)
	}
	return r.app.after(r.app.stdout, res, r.app.back(&r.state, "resume", subject.User))
}
