package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/rotationlambda"
)

func secretCreateCommand(a *app) *cobra.Command {
	o := &adopting{app: a}
	var kms, about string
	command := &cobra.Command{
		Use:   "create NAME --user USER",
		Short: "Make a secret with a user's first key, and have it rotated",
		Long: `Create is for a user that has no key yet: it makes the secret, claims the user,
makes the key in one attempt, stores it, proves that it works, and switches
rotation on. Nobody sees the key but who may read the secret. What was interrupted
is gone on with by the same command; a key whose secret was lost is found by its
token in CloudTrail and discarded.

A user that has a key in use: put that pair into a secret by hand, and adopt it.`,
		Example: `  keytend secret create prod/reports --user reports
  keytend secret create prod/reports --user reports --schedule 45d --kms alias/reports --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.create(c.Context(), args[0], about, kms) },
	}
	o.addTo(command)
	command.Flags().StringVar(&kms, "kms", "", "KMS `key` that the secret is encrypted with (default: aws/secretsmanager)")
	command.Flags().StringVar(&about, "description", "", "`text` that the secret is described by")
	return command
}

func (o *adopting) create(ctx context.Context, name, about, kms string) error {
	schedule, err := o.check()
	if err != nil {
		return err
	}
	m, f, err := o.app.functionHere(ctx, o.config, name)
	if err != nil {
		return err
	}
	if err := o.app.ask(o.command, o.yes, "Make secret "+name+" in account "+f.Account+", "+f.Region+", with a first key of user "+o.user+", and have it rotated "+schedule+"?"); err != nil {
		return err
	}
	store := m.session.Secrets(f.Region)
	first := rotationlambda.First{
		ID: name, User: o.user, Every: o.every, Say: o.app.line,
		Ready: func(u accesskey.User) error { return o.rights(ctx, m, u.ARN, o.secretToBe(f, m, name)) },
		Create: func(ctx context.Context, tags map[string]string) error {
			_, err := store.CreateSecret(ctx, name, about, kms, randomWord(16), accesskey.NewSecret(stored.Empty), tags)
			return err
		},
	}
	if err := f.Make(ctx, first); err != nil {
		return err
	}
	o.yes, o.made = true, true // it was said
	return o.adopt(ctx, m, f, name, schedule)
}

// secretToBe is the ARN of a secret that is not there yet, but for the six
// characters at its end, which Secrets Manager chooses.
func (o *adopting) secretToBe(f *rotationlambda.Function, m *functionMode, name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s-AbCdEf", m.who.Partition, f.Region, f.Account, name)
}
