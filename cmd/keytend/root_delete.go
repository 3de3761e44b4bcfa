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
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// rootDelete is one run of `keytend root delete`.
type rootDelete struct {
	rootAccess
	state   state
	yes     bool
	force   bool
	keys    bool
	unused  time.Duration
	command *cobra.Command
}

func rootDeleteCommand(a *app) *cobra.Command {
	r := &rootDelete{rootAccess: rootAccess{app: a}, unused: 90 * policy.Day}
	command := &cobra.Command{
		Use:   "delete",
		Short: "Delete the credentials of member accounts' root users",
		Long: `Delete takes a member account's root user its credentials, as AWS recommends:
access keys, signing certificates, password and MFA devices, in this order; with
--keys-only the access keys alone. It shows what would go, account by account,
and asks for each; --yes wants the accounts named by --account. Deleted root keys
can't be brought back, and can't be switched off first: a root session may not.

An access key that was used within --unused, or made within it and not used yet,
or of which that can't be told, is left alone with everything else of its
account; --force says otherwise.

What stops working: whatever signs with the root user's access keys or
certificates, and signing in as the root user, until the management account
allows its password to be recovered. What only a root user can do in a member
account (leaving some support plans, closing the account there, S3 and SQS
policies that lock everybody out) is done by a root session or after recovery.`,
		Example: `  keytend root delete --account 123456789012
  keytend root delete --include ou:Prod --keys-only
  keytend root delete --account 123456789012 --account 210987654321 --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := r.check(); err != nil {
				return usageError{c, err}
			}
			return r.run(c.Context())
		},
	}
	r.command = command
	r.addTo(command)
	flags := command.Flags()
	flags.BoolVar(&r.yes, "yes", false, "don't ask; the accounts must be named by --account")
	flags.BoolVar(&r.force, "force", false, "delete access keys that are in use too")
	flags.BoolVar(&r.keys, "keys-only", false, "delete access keys alone: password, MFA and certificates stay")
	flags.Var(span{&r.unused}, "unused", "an access key that was used within this time is in use")
	r.state.addTo(command)
	return command
}

func (r *rootDelete) check() error {
	switch {
	case len(r.accounts) == 0 && len(r.fleet.include) == 0:
		return errors.New("want --account, or --include: all accounts are never meant by saying nothing")
	case r.yes && len(r.accounts) == 0:
		return errors.New("--yes wants each account named by --account")
	}
	return r.rootAccess.check()
}

func (r *rootDelete) run(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	d, err := r.app.openDesk(ctx, &r.state)
	if err != nil {
		return err
	}
	defer d.close()
	if err := r.frozen(ctx, d); err != nil {
		return err
	}
	failed := len(r.missing)
	for _, f := range r.missing {
		r.app.say(errors.New(describe(f)))
	}
	for _, m := range r.members {
		err := r.one(ctx, d, m)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			failed++
			r.app.say(fmt.Errorf("account %s: %w", m.ID, err))
		}
	}
	if len(r.members) == 0 && failed == 0 {
		return errors.New("no member account is meant")
	}
	if failed > 0 {
		return verdict{code: exitPartial, text: fmt.Sprintf("%d of %s not done", failed, count(len(r.members)+len(r.missing), "account"))}
	}
	return nil
}

// frozen keeps to an order to stop everything.
func (r *rootDelete) frozen(ctx context.Context, d *desk) error {
	orders, err := d.Freezes(ctx, now(r.base))
	if err != nil || len(orders) == 0 {
		return err
	}
	return hinted{fmt.Errorf("everything is frozen %s", frozenText(orders[0])), "`keytend freeze --lift` ends the freeze"}
}

// one deletes what one account's root user holds.
func (r *rootDelete) one(ctx context.Context, d *desk, m fleet.Member) error {
	root, session, err := r.look(ctx, m, awsapi.DeleteRoot)
	if err != nil {
		return err
	}
	steps := r.steps(root, session)
	if len(steps) == 0 {
		r.app.line(fmt.Sprintf("%s: nothing to delete", m.ID))
		return nil
	}
	if why := policy.RootKeysInUse(root.Keys, r.unused, now(r.base)); why != "" && !r.force {
		return hinted{fmt.Errorf("nothing was changed: %s", why), "find out who uses it (CloudTrail: userIdentity.type Root); --force deletes it all the same"}
	}
	r.app.line(r.head(root, steps))
	if err := r.app.ask(r.command, r.yes, "Delete these of account "+m.ID+"?"); err != nil {
		if errors.Is(err, errDeclined) {
			r.app.line(m.ID + ": left alone")
			return nil
		}
		return err
	}
	return r.carryOut(ctx, d, root, steps)
}

// rootStep is one deletion.
type rootStep struct {
	what string // for people and the audit: "access key AKIA…"
	note string
	key  accesskey.ID // empty: of something else
	do   func(context.Context, awsapi.Once) error
	gone func(report.RootUser) bool
}

// steps are in an order that leaves no password without its MFA.
func (r *rootDelete) steps(root report.RootUser, session *awsapi.Session) []rootStep {
	var steps []rootStep
	for _, k := range root.Keys {
		id, _ := k.ID.Get()
		steps = append(steps, rootStep{
			what: "access key " + string(id), key: id, note: statusText(k) + ", last used " + lastUsedText(k, now(r.base)),
			do:   func(ctx context.Context, how awsapi.Once) error { return session.DeleteRootKey(ctx, id, how) },
			gone: func(r report.RootUser) bool { return !holdsRootKey(r, id) },
		})
	}
	if r.keys {
		return steps
	}
	for _, id := range root.Certificates {
		steps = append(steps, rootStep{
			what: "signing certificate " + id,
			do:   func(ctx context.Context, how awsapi.Once) error { return session.DeleteRootCertificate(ctx, id, how) },
			gone: func(r report.RootUser) bool { return !slices.Contains(r.Certificates, id) },
		})
	}
	if root.Password.Enabled {
		steps = append(steps, rootStep{
			what: "password", note: passwordNote(root.Password, now(r.base)), do: session.DeleteRootPassword,
			gone: func(r report.RootUser) bool { return !r.Password.Enabled },
		})
	}
	for _, serial := range root.Devices {
		steps = append(steps, rootStep{
			what: "MFA device " + serial,
			do:   func(ctx context.Context, how awsapi.Once) error { return session.DeactivateRootMFA(ctx, serial, how) },
			gone: func(r report.RootUser) bool { return !slices.Contains(r.Devices, serial) },
		})
	}
	return steps
}

func holdsRootKey(r report.RootUser, id accesskey.ID) bool {
	for _, k := range r.Keys {
		if have, _ := k.ID.Get(); have == id {
			return true
		}
	}
	return false
}

func passwordNote(p accesskey.Password, now time.Time) string {
	if p.LastUsed.IsZero() {
		return "no use known"
	}
	return "last used " + sinceText(p.LastUsed, now)
}

func (r *rootDelete) head(root report.RootUser, steps []rootStep) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nRoot user of account %s", root.Account.ID)
	if root.Account.Name != "" {
		fmt.Fprintf(&b, " (%s)", root.Account.Name)
	}
	b.WriteString(": deleted for good would be\n")
	for _, s := range steps {
		b.WriteString("  " + s.what)
		if s.note != "" {
			b.WriteString("  (" + s.note + ")")
		}
		b.WriteString("\n")
	}
	b.WriteString("What signs with these stops working at once")
	if !r.keys && root.Password.Enabled {
		b.WriteString("; nobody can sign in as this root user until the\nmanagement account allows its password to be recovered")
	}
	return b.String() + "."
}

// carryOut does one step after the other, each on record before it is sent and
// after it was answered. What is not known to be done is looked at.
func (r *rootDelete) carryOut(ctx context.Context, d *desk, root report.RootUser, steps []rootStep) error {
	for _, s := range steps {
		if err := r.frozen(ctx, d); err != nil { // ordered while a person was asked, or at work on the account before
			return err
		}
		e := accesskey.Event{
			At: r.base.Now(), Who: d.person, What: "intent delete the root user's " + s.what, Account: root.Account.ID, User: policy.RootUser, Key: s.key, Note: s.note,
		}
		if err := d.Note(ctx, e); err != nil {
			return err
		}
		failed := s.do(ctx, awsapi.Once{Mark: "keytend-root", Until: r.base.Now().Add(rootStepLife)})
		outcome, err := r.outcome(ctx, root.Account, s, failed)
		e.At, e.What, e.Outcome, e.Note = r.base.Now(), "delete the root user's "+s.what, outcome, ""
		if failed != nil {
			e.Note = awsapi.Redact(failed.Error())
		}
		if err := errors.Join(err, d.Note(context.WithoutCancel(ctx), e)); err != nil {
			return err
		}
		r.app.line(root.Account.ID + ": deleted " + s.what)
	}
	return nil
}

// rootStepLife is for how long a deletion may be signed once it is on record.
const rootStepLife = time.Minute

// outcome settles a call: an answer that was lost is looked for. The error says
// what was not done, or is not known.
func (r *rootDelete) outcome(ctx context.Context, account accesskey.Account, s rootStep, failed error) (accesskey.Outcome, error) {
	switch {
	case failed == nil:
		return accesskey.OutcomeDone, nil
	case awsapi.NotDone(failed):
		return accesskey.OutcomeNotDone, fmt.Errorf("delete %s: %w", s.what, failed)
	}
	session, err := r.base.AssumeRoot(ctx, account.ID, awsapi.AuditRoot)
	var seen report.RootUser
	if err == nil {
		seen, err = readRoot(ctx, session, account)
	}
	switch {
	case err != nil:
		return accesskey.OutcomeUnknown, fmt.Errorf("whether %s was deleted is not known: %w; %w", s.what, failed, err)
	case s.gone(seen):
		return accesskey.OutcomeDone, nil
	}
	return accesskey.OutcomeUnknown, hinted{fmt.Errorf("whether %s is deleted is not known yet, it is still seen: %w", s.what, failed), "run it again: what is gone is left out"}
}
