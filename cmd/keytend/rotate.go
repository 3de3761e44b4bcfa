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
	"github.com/keytend/keytend/internal/destination/all"
	"github.com/keytend/keytend/internal/rotation"
)

// rotate is one run of `keytend rotate`.
type rotate struct {
	app     *app
	state   state
	stay    stay
	terms   accesskey.Terms
	deliver []string
	self    bool
	now     bool
	reveal  bool
	probe   string
	typed   string // user or key
	command *cobra.Command
}

func rotateCommand(a *app) *cobra.Command {
	r := &rotate{app: a, terms: accesskey.DefaultTerms()}
	command := &cobra.Command{
		Use:   "rotate USER|ACCESS-KEY-ID",
		Short: "Replace a key without anybody noticing",
		Long: `Rotate replaces one user's access key by AWS's own procedure: create a second
key, test it, update whoever uses the old one, watch until the old one is idle,
deactivate it, wait, delete it. It shows each step with its times first.

It takes days, in which nothing needs to run: the command ends when the next
step is further away than --patience, and says what it waits for, until when,
and which command goes on. Any later rotate, resume or rollback goes on from
where it stands, also after a crash.

Where the key is to be delivered:
` + all.Help() + `
The old key must stand there (or none); other things there are left alone.`,
		Example: `  keytend rotate --self
  keytend rotate alice --deliver credentialsfile:~/.aws/credentials#alice
  keytend rotate AKIAIOSFODNN7EXAMPLE --deliver dotenv:/srv/app/.env --probe 'aws s3 ls' --yes`,
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

func (r *rotate) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.BoolVar(&r.self, "self", false, "rotate the key that is in use here, and put it where it came from")
	deliverFlag(command, &r.deliver)
	flags.BoolVar(&r.now, "now", false, "every consumer is declared with --deliver: don't wait until the old key is idle")
	flags.BoolVar(&r.reveal, "reveal", false, "show the new secret, once, on this terminal")
	probeFlag(command, &r.probe)
	termsFlags(command, &r.terms)
	restFlags(command, &r.terms)
	settleFlags(command, &r.terms)
	r.stay.addTo(command)
	r.state.addTo(command)
	r.state.elsewhere.addTo(command)
	r.state.addEscrowTo(command)
}

func probeFlag(command *cobra.Command, probe *string) {
	command.Flags().StringVar(probe, "probe", "", "shell `command` that must succeed with the new key in its environment before anybody gets it; "+
		"it is kept on record, and run by whichever keytend goes on")
}

func deliverFlag(command *cobra.Command, deliver *[]string) {
	command.Flags().StringArrayVar(deliver, "deliver", nil, "`destination` of the new key, repeatable: "+strings.Join(all.Forms(), ", "))
}

func (r *rotate) check(args []string) error {
	switch {
	case r.self == (len(args) == 1):
		return errors.New("want a user or a key, or --self")
	case r.reveal && r.now:
		return errors.New("--now says that every consumer reads its key from a --deliver; whoever is shown the key with --reveal takes it elsewhere")
	case r.reveal && !r.app.out.is:
		return errors.New("--reveal shows a secret: only on a terminal")
	}
	if len(args) == 1 {
		r.typed = args[0]
	}
	return feasible(r.terms)
}

func (r *rotate) run(ctx context.Context) error {
	b, err := r.app.openBench(ctx, &r.state, true)
	if err != nil {
		return err
	}
	defer b.close()
	user, key, err := r.whose(ctx, b)
	if err != nil {
		return err
	}
	record, under, leave, err := b.workOn(ctx, user)
	if err != nil {
		return err
	}
	defer leave()
	if under {
		err = r.goOn(ctx, b, record, key)
	} else {
		err = r.begin(ctx, b, user, key)
	}
	if err != nil {
		return err
	}
	return r.drive(ctx, b, b.subjectOf(user))
}

// whose finds the user and, where one was named, the key.
func (r *rotate) whose(ctx context.Context, b *bench) (accesskey.User, accesskey.ID, error) {
	if !r.self {
		return b.subject(ctx, r.typed)
	}
	base := b.rotator.Signer.BaseKey(ctx)
	id, known := base.Get()
	if !known {
		return accesskey.User{}, "", fmt.Errorf("find the key in use: %s", base.Why())
	}
	if id == "" || id.Temporary() {
		return accesskey.User{}, "", hinted{errors.New("the credentials in use don't come from an access key: there is nothing to rotate"), "choose a profile with --profile"}
	}
	return b.subject(ctx, string(id))
}

// goOn fits a record under way to what was asked for.
func (r *rotate) goOn(ctx context.Context, b *bench, record accesskey.Record, key accesskey.ID) error {
	user := record.Subject.User
	switch {
	case record.Work != accesskey.Rotation:
		return hinted{fmt.Errorf("a %s of %s is under way, of key %s", record.Work, user, record.Old), "`keytend status " + user + "` shows it"}
	case key != "" && key != record.Old && key != record.New:
		return hinted{fmt.Errorf("a rotation of %s is under way, of key %s", user, record.Old), "`keytend status " + user + "` shows it"}
	}
	if r.now && record.Flags.Revealed {
		return hinted{fmt.Errorf("the new key of %s was shown to somebody, who takes it where no --deliver is: --now is refused", user), "leave --now out: the old key is switched off once it is silent"}
	}
	names, err := b.names(r.deliver)
	if err != nil {
		return usageError{r.command, err}
	}
	if r.probe != "" && r.probe != record.Probe {
		if _, err := b.give(ctx, record.Subject, rotation.ProbeWith(r.probe)); err != nil {
			return err
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return record.Delivery(n) != nil })
	if len(names) == 0 && (!r.now || record.Flags.Now) {
		return nil
	}
	_, err = b.give(ctx, record.Subject, rotation.Declare(names, r.now))
	return err
}

// begin puts a rotation on record, once everything is found in order and a
// person has said yes.
func (r *rotate) begin(ctx context.Context, b *bench, user accesskey.User, key accesskey.ID) error {
	old, err := keyToRotate(user, key, b.now())
	if err != nil {
		return err
	}
	names, err := r.destinations(ctx, b, old)
	if err != nil {
		return err
	}
	q := b.request(accesskey.Rotation, user, old, r.terms, names)
	q.Flags.Now, q.Probe = r.now, r.probe
	if err := b.preflight(ctx, q, user); err != nil {
		return err
	}
	if err := r.app.confirm(r.command, r.stay.yes, fmt.Sprintf("Rotate key %s of %s in account %s:", old, user.Name, b.account), q, b.seen(ctx, old), b.ownKey(ctx, q)); err != nil {
		return err
	}
	if q.SealedOld, err = b.sealOwn(ctx, old); err != nil {
		return err
	}
	return b.begin(ctx, q)
}

// sealOwn seals the old secret where the old key is our own, so that it can be
// proved before anything is put back to it, and signs for us again then; empty
// where it isn't ours.
func (b *bench) sealOwn(ctx context.Context, old accesskey.ID) (string, error) {
	secret, ours := b.session.BaseSecret(ctx, old)
	if !ours {
		return "", nil
	}
	return b.rotator.Escrow.Seal(ctx, rotation.ForOldSecret, []byte(secret.Reveal()))
}

// destinations are where the key goes; with none, how to choose.
func (r *rotate) destinations(ctx context.Context, b *bench, old accesskey.ID) ([]string, error) {
	if len(r.deliver) > 0 || r.reveal {
		names, err := b.names(r.deliver)
		if err != nil {
			return nil, usageError{r.command, err}
		}
		return names, nil
	}
	if r.self {
		if name, ok := b.ownPlace(ctx, old); ok {
			return []string{name}, nil
		}
	}
	if r.app.askable() && !r.stay.yes {
		return r.guided(ctx, b, old)
	}
	return nil, usageError{r.command, errors.New("nobody would get the new key. Say where it goes with --deliver:\n" + strings.TrimRight(all.Help(), "\n") +
		"\nor, at a terminal, have it shown to you once with --reveal")}
}

// drive goes on until the record waits, and tells how it stands.
func (r *rotate) drive(ctx context.Context, b *bench, subject accesskey.Subject) error {
	d := &drive{app: r.app, rotator: b.rotator, subject: subject, stay: r.stay}
	if r.reveal {
		d.between = func(ctx context.Context, res rotation.Result) error { return r.show(ctx, b, res) }
	}
	res, err := d.run(ctx)
	if err != nil {
		return explainRotation(err)
	}
	return r.app.after(r.app.stdout, res, &r.state, "rotate", subject.User)
}

// show shows the new secret once. That it leaves us is on record before.
func (r *rotate) show(ctx context.Context, b *bench, res rotation.Result) error {
	record := res.Record
	if record.Phase != accesskey.Proven || record.Flags.Revealed || record.Sealed == "" || !r.app.out.is {
		return nil
	}
	record, err := b.give(ctx, record.Subject, rotation.Reveal())
	if err != nil {
		return err
	}
	key, err := b.rotator.NewSecret(ctx, record)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.app.stdout, "\n  The new key, shown once:\n    aws_access_key_id     = %s\n    aws_secret_access_key = %s\n\n", key.ID, key.Secret.Reveal())
	return err
}

// keyToRotate is the key that was named, or the only one that is Active.
func keyToRotate(user accesskey.User, named accesskey.ID, now time.Time) (accesskey.ID, error) {
	keys, _ := user.Keys.Get()
	var active []accesskey.ID
	var lines []string
	for _, k := range keys {
		id, _ := k.ID.Get()
		status, _ := k.Status.Get()
		if named == id && status != accesskey.Active {
			return "", hinted{fmt.Errorf("key %s of %s is %s: only an Active key can be replaced", id, user.Name, statusText(k)),
				"switch it on first, or retire it: `keytend retire " + string(id) + "`"}
		}
		if status == accesskey.Active {
			active = append(active, id)
			lines = append(lines, fmt.Sprintf("  %s  last used %s", id, lastUsedText(k, now)))
		}
	}
	switch {
	case named != "":
		return named, nil
	case len(active) == 1:
		return active[0], nil
	case len(active) == 0:
		return "", hinted{fmt.Errorf("user %s has no Active key", user.Name), "`keytend explain " + user.Name + "` shows its keys"}
	}
	return "", hinted{fmt.Errorf("user %s has %d Active keys:\n%s", user.Name, len(active), strings.Join(lines, "\n")),
		"name the one to replace: `keytend rotate " + string(active[0]) + "`; retire one that nobody uses: `keytend retire ACCESS-KEY-ID`"}
}

func statusText(k accesskey.Key) string {
	if s, known := k.Status.Get(); known {
		return string(s)
	}
	return "of unknown status"
}

func lastUsedText(k accesskey.Key, now time.Time) string {
	use, known := k.LastUsed.Get()
	switch {
	case !known:
		return "unknown: " + k.LastUsed.Why()
	case use.Never():
		return "never"
	}
	return sinceText(use.At, now) + " for " + use.Service
}
