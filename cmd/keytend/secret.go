package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotationlambda"
)

func secretCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "secret",
		Short: "Keys in secrets of AWS Secrets Manager that a rotation function rotates",
		Long: `Secret makes a secret with a user's first key, or takes over one that somebody made
by hand, and has AWS Secrets Manager rotate it by schedule through Keytend's
rotation function. The function is this same program in AWS Lambda, as the
Terraform module installs it; there is nothing else to run.

Each secret carries the record of its rotation in tags below keytend:rotation/, and
its user a tag that keeps "keytend rotate" and "keytend apply" off it.`,
		Example: `  keytend secret adopt prod/billing --user billing
  keytend secret create prod/reports --user reports --schedule 60d
  keytend secret status prod/billing
  keytend secret resolve prod/billing rollback`,
	}
	command.AddCommand(secretCreateCommand(a), secretAdoptCommand(a), secretStatusCommand(a), secretResolveCommand(a))
	return command
}

// functionHere is the rotation function's rooms in a terminal: the same records,
// another hand. A secret that is named by its ARN is where that says.
func (a *app) functionHere(ctx context.Context, config policyFlag, secret string) (*functionMode, *rotationlambda.Function, error) {
	if parts := strings.SplitN(secret, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		if a.region != "" && a.region != parts[3] {
			return nil, nil, fmt.Errorf("secret %s is in %s, and --region names %s", secret, parts[3], a.region)
		}
		a.region = parts[3]
	}
	m := &functionMode{app: a, config: config, audit: slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if err := m.open(ctx); err != nil {
		return nil, nil, err
	}
	return m, m.function(ctx), nil
}

func secretStatusCommand(a *app) *cobra.Command {
	var config policyFlag
	command := &cobra.Command{
		Use:   "status NAME|ARN",
		Short: "How a secret's rotation stands, and what it waits for",
		Long: `Status reads the record in the secret's tags and says what is done next, by the
function's next step or by its reaper. It changes nothing.`,
		Example: "  keytend secret status prod/billing --region eu-west-1",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			_, f, err := a.functionHere(c.Context(), config, args[0])
			if err != nil {
				return err
			}
			s, err := f.Status(c.Context(), args[0])
			if err != nil {
				return err
			}
			a.line(secretStatus(s))
			if s.Record.Phase == accesskey.Blocked {
				return secretBlocked(s.Record, args[0])
			}
			return nil
		},
	}
	config.addTo(command)
	return command
}

// secretStatus is a status for people.
func secretStatus(s rotationlambda.Status) string {
	var b strings.Builder
	row := func(name, text string) { _, _ = fmt.Fprintf(&b, "%-14s %s\n", name, text) } // a strings.Builder takes everything
	d, r := s.Secret, s.Record
	row("secret", d.ARN)
	row("user", s.User.Name)
	row("rotation", rotatedHow(d))
	row("last", whenOrNever(d.LastRotated))
	if d.RotationEnabled {
		row("next by", whenOrNever(d.NextRotation))
	}
	for _, o := range s.Orders {
		row("ordered", o+", to be carried out when the function comes next")
	}
	switch {
	case s.Rebuilt:
		row("record", "to be rebuilt from what AWS and the destinations show then")
	case s.Lost:
		row("record", "gone from the secret's tags, and a rotation is under way: `keytend secret resolve "+d.Name+" recover` rebuilds it")
	case r.ID == "":
		row("record", "none yet")
	case !r.Live():
		row("record", fmt.Sprintf("%s on %s: %s", r.Phase, stamp(r.Ended), ended(r)))
	default:
		row("record", fmt.Sprintf("%s since %s: %s, to be replaced by %s", r.Phase, stamp(r.Since), r.Old, orElseNone(r.New)))
		row("next step", fmt.Sprintf("%s: %s", s.Next.Kind, s.Next.Reason))
		if s.Next.Saw != "" {
			row("", sentence(s.Next.Saw))
		}
		if !s.Next.NotBefore.IsZero() {
			row("not before", stamp(s.Next.NotBefore))
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// rotatedHow is when a secret is rotated, and by which function.
func rotatedHow(d awsapi.SecretDescription) string {
	switch {
	case !d.RotationEnabled:
		return "off"
	case d.Schedule != "":
		return d.Schedule + " by " + d.RotationLambda
	}
	return "every " + count(int(d.RotateAfterDays), "day") + " by " + d.RotationLambda
}

func orElseNone(id accesskey.ID) string {
	if id == "" {
		return "a key not made yet"
	}
	return string(id)
}

func whenOrNever(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return stamp(t)
}

// secretBlocked is the verdict that a person must choose.
func secretBlocked(r accesskey.Record, name string) error {
	var lines []string
	for _, c := range policy.Choices(r) {
		means := c.Means
		if r.Block.Reason == policy.WhyOtherUnused && c.Answer == "drop" { // `keytend retire` leaves the user alone
			means = "give the work up: keys and destinations stay as they are"
		}
		lines = append(lines, fmt.Sprintf("keytend secret resolve %s %-9s %s", name, c.Answer, means))
	}
	return verdict{code: exitBlocked, hint: strings.Join(lines, "\n"),
		text: fmt.Sprintf("the %s of %s in account %s is blocked: %s: %s", r.Work, r.Subject.User, r.Subject.Account, r.Block.Reason, sentence(r.Block.Saw))}
}

// secretOrder is one run of `keytend secret resolve`.
type secretOrder struct {
	app     *app
	command *cobra.Command
	config  policyFlag
	old     string
	yes     bool
}

func secretResolveCommand(a *app) *cobra.Command {
	o := &secretOrder{app: a}
	command := &cobra.Command{
		Use:   "resolve NAME|ARN ANSWER",
		Short: "Answer what blocks a secret's rotation, or roll it back",
		Long: `Resolve answers the question on a secret's record: retry, drop, force, keep or
discard, whichever "keytend secret status" names; rollback goes back to the old key
in any case. The order waits in a tag of the secret until the function's reaper
comes next, or Secrets Manager tries the rotation again.

Recover has the function rebuild a record that was lost with the secret's tags, or
is older than what AWS shows: from the tag of the user's claim, the keys, what the
secret and its further destinations hold, and CloudTrail. What it would be is shown
before; when the order is carried out, it is looked at anew. Nothing is guessed:
where the key that was being replaced can't be told, it says which command names it
(--old).`,
		Example: `  keytend secret resolve prod/billing retry
  keytend secret resolve prod/billing rollback --yes
  keytend secret resolve prod/billing recover`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), args[0], args[1]) },
	}
	o.command = command
	o.config.addTo(command)
	command.Flags().StringVar(&o.old, "old", "", "with recover: the `key` that was being replaced")
	command.Flags().BoolVarP(&o.yes, "yes", "y", false, "don't ask: do it")
	return command
}

// check reads what needs no AWS.
func (o *secretOrder) check(answer string) error {
	if o.old == "" {
		return nil
	}
	if answer != rotationlambda.Rebuild {
		return errors.New("--old goes with recover alone")
	}
	if _, err := accesskey.ParseID(o.old); err != nil {
		return fmt.Errorf("--old: %w", err)
	}
	return nil
}

func (o *secretOrder) run(ctx context.Context, name, answer string) error {
	if err := o.check(answer); err != nil {
		return usageError{o.command, err}
	}
	m, f, err := o.app.functionHere(ctx, o.config, name)
	if err != nil {
		return err
	}
	if answer == rotationlambda.Rebuild {
		return o.rebuild(ctx, m, f, name)
	}
	s, err := f.Status(ctx, name)
	if err != nil {
		return err
	}
	r := s.Record
	switch {
	case s.Rebuilt:
		return hinted{fmt.Errorf("the record of secret %s is to be rebuilt first, as was ordered", name), "`keytend secret status " + name + "` shows when it is"}
	case r.ID == "" || !r.Live():
		return hinted{fmt.Errorf("no rotation of secret %s is under way", name), "`keytend secret status " + name + "` shows the last"}
	}
	if err := o.app.ask(o.command, o.yes, fmt.Sprintf("Secret %s, user %s, %s by %s, %s: %s?", name, r.Subject.User, r.Old, orElseNone(r.New), r.Phase, answer)); err != nil {
		return err
	}
	if r, err = f.Give(ctx, name, m.who.ARN, rotationlambda.Order{Record: r.ID, Answer: answer}); errors.Is(err, rotation.ErrUnfit) {
		return hinted{err, "`keytend secret status " + name + "` shows how it stands"}
	}
	if err == nil {
		o.app.line(whoGoesOn(r, name))
	}
	return err
}

// whoGoesOn says who acts on an answer: before the new key is delivered, that is a
// step of Secrets Manager's.
func whoGoesOn(r accesskey.Record, name string) string {
	switch r.Stage() {
	case accesskey.Requested, accesskey.Claimed, accesskey.Created, accesskey.Proven:
		return "Noted. Secrets Manager goes on when it tries next. Where it tries no more, the reaper takes the rotation back within a day, and `aws secretsmanager rotate-secret --secret-id " + name + "` begins another."
	case accesskey.RollingBack:
		if r.New == "" {
			return "Noted. Secrets Manager's next try ends the rotation; where it tries no more, the reaper does, within a day."
		}
	}
	return reaperComes
}

// reaperComes says who goes on, and when.
const reaperComes = "Noted. The function's reaper acts on it when it comes next: by the Terraform module's schedule, every two hours."

// rebuild puts a lost record back.
func (o *secretOrder) rebuild(ctx context.Context, m *functionMode, f *rotationlambda.Function, name string) error {
	found, err := f.Lost(ctx, name, accesskey.ID(o.old))
	if err != nil {
		return hinted{err, "`keytend secret status " + name + "` shows how it stands"}
	}
	if found.Say != "" {
		return hinted{errors.New(found.Story), found.Say}
	}
	o.app.line(printable(found.Story))
	question := "Put this on record?"
	if found.Over() {
		question = "Put on record that nothing is under way?"
	}
	if err := o.app.ask(o.command, o.yes, question); err != nil {
		return err
	}
	if err := f.PutBack(ctx, m.who.ARN, found); err != nil {
		return err
	}
	o.app.line(reaperComes)
	return nil
}
