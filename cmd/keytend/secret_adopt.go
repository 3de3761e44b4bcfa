package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/destination/all"
	"github.com/keytend/keytend/internal/destination/secretsmanager"
	"github.com/keytend/keytend/internal/destination/ssm"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotationlambda"
)

// functionName is that of the Terraform module's function.
const functionName = "keytend-rotation"

// adopting is one run of `keytend secret adopt`, and the end of one of `create`.
type adopting struct {
	app      *app
	command  *cobra.Command
	config   policyFlag
	user     string
	every    time.Duration
	function string
	deliver  []string
	now, yes bool
	made     bool // the secret, by this very command
}

func (o *adopting) addTo(command *cobra.Command) {
	o.command = command
	o.config.addTo(command)
	flags := command.Flags()
	o.every = 60 * policy.Day
	flags.StringVar(&o.user, "user", "", "the IAM `user` whose key it is")
	flags.Var(span{&o.every}, "schedule", "time between two rotations: whole days, or hours from 4h on")
	flags.StringVar(&o.function, "function", "", "`ARN` of the rotation function (default: "+functionName+" in the same account and region)")
	flags.StringArrayVar(&o.deliver, "deliver", nil, "hand each new key to this `destination` too, before the secret: "+strings.Join(storeForms(), ", ")+" (repeatable)")
	flags.BoolVarP(&o.yes, "yes", "y", false, "don't ask: do it")
	if err := command.MarkFlagRequired("user"); err != nil {
		panic(err) // defined above
	}
}

// storeForms are the destinations that a function can reach.
func storeForms() []string { return []string{secretsmanager.Kind + ":NAME-OR-ARN", ssm.Kind + ":NAME"} }

func secretAdoptCommand(a *app) *cobra.Command {
	o := &adopting{app: a}
	command := &cobra.Command{
		Use:   "adopt NAME|ARN --user USER",
		Short: "Have a secret that somebody made by hand rotated from now on",
		Long: `Adopt looks at the secret, the user and the key, shows what it would do, asks, and
then marks the user (tag keytend:secret), tags the secret (keytend:user,
keytend:deliver) and switches its rotation on. The value stays as it is; the first
rotation comes by the schedule, or at once with --rotate-now.

Nothing is done where the key is not the user's, not Active or fails, where a second key
is in use, where somebody else rotates the secret, or where one rotation would not
have ended before the next begins. Run again, it goes on from where things stand.`,
		Example: `  keytend secret adopt prod/billing --user billing
  keytend secret adopt prod/billing --user billing --schedule 45d --rotate-now --yes
  keytend secret adopt prod/billing --user billing --deliver ssm:/billing/key --region eu-west-1`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), args[0]) },
	}
	o.addTo(command)
	command.Flags().BoolVar(&o.now, "rotate-now", false, "begin a rotation at once: consumers must read the secret anew by then")
	return command
}

// check reads the flags that need no AWS.
func (o *adopting) check() (schedule string, err error) {
	if schedule, err = rotationlambda.Schedule(o.every); err != nil {
		return "", usageError{o.command, fmt.Errorf("--schedule: %w", err)}
	}
	for _, name := range o.deliver {
		kind, _, _ := strings.Cut(name, ":")
		if _, err := all.Name(name, all.Surroundings{Secrets: func(string) secretsmanager.Store { return nil }, Parameters: func(string) ssm.Store { return nil }}); err != nil {
			return "", usageError{o.command, err}
		}
		if kind != secretsmanager.Kind && kind != ssm.Kind {
			return "", usageError{o.command, fmt.Errorf("--deliver %s: a function in AWS reaches no files or programs of yours: want %s", name, strings.Join(storeForms(), ", "))}
		}
	}
	return schedule, nil
}

func (o *adopting) run(ctx context.Context, name string) error {
	schedule, err := o.check()
	if err != nil {
		return err
	}
	m, f, err := o.app.functionHere(ctx, o.config, name)
	if err != nil {
		return err
	}
	return o.adopt(ctx, m, f, name, schedule)
}

func (o *adopting) adopt(ctx context.Context, m *functionMode, f *rotationlambda.Function, name, schedule string) error {
	a, err := f.Adopt(ctx, name, o.user)
	if err != nil {
		return err
	}
	a.Function, a.Every, a.MaxAge = o.functionARN(m, f.Region), o.every, limitsOf(m.policy).MaxAge
	if len(o.deliver) > 0 {
		a.Deliver = o.deliver
	}
	if problems := errors.Join(a.Problems()...); problems != nil {
		return hinted{fmt.Errorf("secret %s of account %s can't be taken over: %w", a.Secret.Name, f.Account, problems), o.unchanged()}
	}
	if err := o.rights(ctx, m, a.User.ARN, a.Secret.ARN); err != nil {
		return hinted{err, o.unchanged()}
	}
	o.show(a, schedule)
	if o.settled(a, schedule) {
		return nil
	}
	if err := o.app.ask(o.command, o.yes, "Have "+a.Secret.Name+" rotated?"); err != nil {
		return err
	}
	if err := f.Take(ctx, a); err != nil {
		return hinted{err, "Run it again: it goes on from where things stand."}
	}
	if err := m.session.Secrets(f.Region).Rotate(ctx, a.Secret.ARN, a.Function, schedule, randomWord(16), o.now); err != nil {
		return o.notRotated(f, a, err)
	}
	o.app.line("Done. `keytend secret status " + a.Secret.Name + "` shows how it goes.")
	return nil
}

// unchanged is what to say where it ends before anything is done.
func (o *adopting) unchanged() string {
	if o.made {
		return "the secret holds the new key, and is not rotated yet: put that right and run this again"
	}
	return "nothing was changed"
}

// settled: there is nothing to do.
func (o *adopting) settled(a rotationlambda.Adoption, schedule string) bool {
	switch same := a.Secret.RotationEnabled && a.Secret.Schedule == schedule && a.Taken(); {
	case same && a.UnderWay():
		o.app.line("Nothing to do: it is rotated so already, and a rotation is under way. `keytend secret status " + a.Secret.Name + "` shows how it goes.")
		return true
	case same && !o.now:
		o.app.line("Nothing to do: it is rotated so already.")
		return true
	}
	return false
}

// notRotated says how things stand where rotation could not be switched on, or an
// answer was lost.
func (o *adopting) notRotated(f *rotationlambda.Function, a rotationlambda.Adoption, err error) error {
	hint := "The user and the secret are tagged: `keytend rotate` leaves the user alone. Run this again once that is put right, or take the user's tag " + policy.SecretTag + " off."
	if strings.Contains(err.Error(), "invoke the specified Lambda function") {
		hint = "Is there a function " + a.Function + " in that account and region, and may Secrets Manager invoke it? `keytend terraform rotation` installs it; --function names another. " + hint
	}
	return hinted{fmt.Errorf("account %s, secret %s: switch rotation on: %w", f.Account, a.Secret.ARN, err), strings.TrimSpace(awsapi.Hint(err) + " " + hint)}
}

// functionARN is the function that was named, or the module's.
func (o *adopting) functionARN(m *functionMode, region string) string {
	if o.function != "" {
		return o.function
	}
	return fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", m.who.Partition, region, m.who.Account, functionName)
}

// rights are proved before anything is changed.
func (o *adopting) rights(ctx context.Context, m *functionMode, user, secret string) error {
	region, _ := m.session.Region()
	return errors.Join(
		m.account.May(ctx, user, "iam:TagUser"),
		m.account.May(ctx, secret, "secretsmanager:TagResource", "secretsmanager:RotateSecret"),
		m.account.May(ctx, o.functionARN(m, region), "lambda:InvokeFunction"),
	)
}

// show tells what is to be done, and what a person should know before.
func (o *adopting) show(a rotationlambda.Adoption, schedule string) {
	var b strings.Builder
	row := func(name, text string) { _, _ = fmt.Fprintf(&b, "  %-12s %s\n", name, text) } // a strings.Builder takes everything
	b.WriteString("Secret " + a.Secret.ARN + "\n")
	row("user", a.User.ARN+", key "+string(a.Held)+", Active")
	row("tags", rotationlambda.UserTag+" = "+a.User.Name+" on the secret; "+policy.SecretTag+" on the user, which \"keytend rotate\" leaves alone from then on")
	for _, name := range a.Deliver {
		row("deliver", name+" gets each new key before the secret")
	}
	row("rotation", schedule+" by "+a.Function)
	if o.now {
		row("first", "at once")
	} else {
		row("first", "by the schedule; the value stays as it is until then")
	}
	row("then", fmt.Sprintf("both keys work until the old one was silent for %s, %s at the most; it rests %s, switched off, and is deleted",
		spelt(a.Terms.Idle), spelt(a.Terms.OverlapMax), spelt(a.Terms.Rest)))
	for _, w := range a.Warnings() {
		row("mind", w)
	}
	o.app.line(strings.TrimRight(b.String(), "\n"))
}

func spelt(d time.Duration) string { return span{&d}.String() }
