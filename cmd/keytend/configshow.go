package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/inventory"
)

// configShow is one run of `keytend config show`.
type configShow struct {
	app     *app
	command *cobra.Command
	file    policyFlag
	output  choice
	user    string
	key     string
	find    explain // how the user is found
}

func configShowCommand(a *app) *cobra.Command {
	s := &configShow{app: a, output: choice{allowed: []string{"table", "json"}, value: "table"}, find: explain{app: a}}
	command := &cobra.Command{
		Use:   "show",
		Short: "Show the settings in force, and the line that each comes from",
		Long: `Show lists every setting with its value and the line of the policy file that it
comes from, or that it is the default. With --user or --key, AWS is read, and the
settings are those of that key, every override applied, with whose it is, where
it is delivered and why it may be left alone. With --key or --account, the account
is entered as --organization or the policy says; else it is that of the
credentials in use.`,
		Example: `  keytend config show
  keytend config show --user alice
  keytend config show --key AKIAIOSFODNN7EXAMPLE --output json
  keytend config show --account 123456789012 --user alice`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.check(c); err != nil {
				return usageError{c, err}
			}
			return s.run(c.Context())
		},
	}
	s.command = command
	s.file.addTo(command)
	flags := command.Flags()
	flags.StringVar(&s.user, "user", "", "the settings of this IAM `user`'s keys")
	flags.StringVar(&s.key, "key", "", "the settings of this access `key`, by its ID")
	s.find.fleet.addOrganizationTo(command)
	flags.StringVar(&s.find.account, "account", "", "the `ID` of the account to look in, of the organization or the policy's profiles")
	s.find.fleet.narrowed = true
	s.output.addTo(command, "output", "o", "output format")
	command.MarkFlagsMutuallyExclusive("user", "key")
	return command
}

func (s *configShow) check(c *cobra.Command) error {
	if s.key != "" {
		if _, err := accesskey.ParseID(s.key); err != nil {
			return err
		}
		s.find.subject = s.key
	} else {
		s.find.subject = s.user
	}
	if s.find.subject == "" {
		if s.find.fleet.organization || s.find.account != "" {
			return errors.New("--organization and --account go with --user or --key")
		}
		return nil
	}
	if !s.find.fleet.organization { // how the account is entered, the policy may say
		return s.find.fleet.check(c, s.app.profile)
	}
	return s.find.check(c)
}

// enter takes from the policy how an account is entered that isn't that of the
// credentials in use, where no flag says it.
func (s *configShow) enter(p *config.Policy) error {
	f := &s.find.fleet
	if f.organization || s.find.account == "" && s.key == "" && p.Accounts.Organization != nil {
		return nil
	}
	if s.app.profile == "" {
		f.take(p)
	}
	if f.organization {
		f.profiles = nil
	}
	if s.find.account != "" && !f.asked() {
		return usageError{s.command, errors.New("--account goes with --organization, or with a policy that names accounts")}
	}
	return nil
}

// shownKey are the settings of one key; the settings of the file have none.
type shownKey struct {
	Account  string             `json:"account,omitempty"`
	User     string             `json:"user,omitempty"`
	Key      accesskey.ID       `json:"key,omitempty"`
	Error    string             `json:"error,omitempty"` // what could not be judged
	Settings []config.Effective `json:"settings"`
}

func (s *configShow) run(ctx context.Context) error {
	p, err := s.app.loadPolicy(&s.file)
	if err != nil {
		return err
	}
	if s.find.subject == "" {
		return s.print([]shownKey{{Settings: p.Written()}})
	}
	if err := s.enter(p); err != nil {
		return err
	}
	shown, failed, err := s.look(ctx, p)
	if err != nil {
		return err
	}
	if err := s.print(shown); err != nil {
		return err
	}
	return partial(failed)
}

// look reads the user, and asks the policy about each key.
func (s *configShow) look(ctx context.Context, p *config.Policy) ([]shownKey, []accesskey.Failure, error) {
	if err := s.find.open(ctx); err != nil {
		return nil, nil, err
	}
	name, key := s.user, accesskey.ID(s.key)
	if key != "" {
		var err error
		if name, err = s.find.userOf(ctx, key); err != nil {
			return nil, nil, err
		}
	}
	inv, err := s.app.collect(ctx, s.find.session, inventory.Options{
		IDs: inventory.IDsForFindings, Wanted: func(inv accesskey.Inventory) []string { return wantedFor(inv, name) },
	})
	if err != nil {
		return nil, nil, err
	}
	user, err := find(inv, name)
	if err != nil && s.find.account == "" && p.Accounts.Organization != nil {
		return nil, nil, hinted{err, "the policy means many accounts: say which with --account"}
	}
	if err != nil {
		return nil, nil, err
	}
	shown, err := judged(p, inv, user, key, now(s.find.session))
	return shown, about(inv.Failures, user.Name), err
}

// judged are the settings of a user's keys; of one that has none, of any key it
// might have.
func judged(p *config.Policy, inv accesskey.Inventory, user accesskey.User, only accesskey.ID, now time.Time) ([]shownKey, error) {
	keys, known := user.Keys.Get()
	if only != "" {
		keys = slices.DeleteFunc(slices.Clone(keys), func(k accesskey.Key) bool { id, _ := k.ID.Get(); return id != only })
		if len(keys) == 0 {
			return nil, hinted{fmt.Errorf("user %s no longer has key %s", user.Name, only), "`keytend explain " + user.Name + "` tells about the user"}
		}
	}
	if len(keys) == 0 {
		why := "the user has no access key"
		if !known {
			why = "its keys could not be read: " + user.Keys.Why()
		}
		return []shownKey{{Account: inv.Account.ID, User: user.Name, Error: why, Settings: []config.Effective{}}}, nil
	}
	var out []shownKey
	for _, k := range keys {
		id, _ := k.ID.Get()
		shown := shownKey{Account: inv.Account.ID, User: user.Name, Key: id, Settings: []config.Effective{}}
		settings, err := p.Explain(inv.Account, user, k, now)
		if err != nil {
			shown.Error = err.Error()
		} else {
			shown.Settings = settings
		}
		out = append(out, shown)
	}
	return out, nil
}

func (s *configShow) print(shown []shownKey) error {
	if s.output.value == "json" {
		return writeJSON(s.app.stdout, shown)
	}
	for i, k := range shown {
		if i > 0 {
			s.app.line("")
		}
		if err := k.writeTo(s.app.stdout); err != nil {
			return err
		}
	}
	return nil
}

func (k shownKey) writeTo(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	if k.User != "" {
		_, _ = fmt.Fprintln(w, printable(fmt.Sprintf("Key %s of %s in account %s:", k.Key, k.User, k.Account)))
	}
	if k.Error != "" {
		_, _ = fmt.Fprintln(w, printable("  "+k.Error+": nothing is done about it"))
	}
	for _, e := range k.Settings {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", e.Field, printable(e.Value), e.Where)
	}
	return w.Flush()
}
