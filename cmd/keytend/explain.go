package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/nearest"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// explain is one run of `keytend explain`.
type explain struct {
	app     *app
	rules   policy.Rules
	output  choice
	out     string
	subject string // as typed
	fleet   fleetFlags
	account string // the account to look in; empty: the key's own

	session *awsapi.Session
	key     accesskey.ID // empty: a user was asked for
}

func explainCommand(a *app) *cobra.Command {
	e := &explain{
		app: a, rules: policy.DefaultRules(),
		output: choice{allowed: formatNames(report.SheetFormats), value: string(report.Table)},
	}
	command := &cobra.Command{
		Use:   "explain USER|ACCESS-KEY-ID",
		Short: "Tell everything about one user or key, and why it is or isn't a finding",
		Long: `Explain tells everything known about one IAM user or access key: each fact with
when and from where it was read, and for every rule whether it is broken, kept
or unknown, and why. The root user is called root.

With --organization, a key is looked for in the account that it belongs to
(sts:GetAccessKeyInfo), which is entered as scan does; a user, in --account. With
--profiles, in the account among theirs that the key belongs to, or the one that
has such a user; --account says which where several have.`,
		Example: `  keytend explain alice
  keytend explain AKIAIOSFODNN7EXAMPLE
  keytend explain root --output json
  keytend explain --organization AKIAIOSFODNN7EXAMPLE
  keytend explain --organization --account 123456789012 alice
  keytend explain --profiles prod,test alice`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			e.subject = args[0]
			if err := cmp.Or(e.rules.Validate(), e.check(c)); err != nil {
				return usageError{c, err}
			}
			return e.run(c.Context())
		},
	}
	addRuleFlags(command, &e.rules)
	e.fleet.addOrganizationTo(command)
	e.fleet.narrowed = true
	e.fleet.addProfilesTo(command)
	command.Flags().StringVar(&e.account, "account", "", "with --organization or --profiles: the `ID` of the account to look in")
	e.output.addTo(command, "output", "o", "output format")
	addOutFlag(command, &e.out)
	return command
}

func (e *explain) run(ctx context.Context) error {
	user := e.subject
	var err error
	if err = e.open(ctx); err != nil {
		return err
	}
	if id, err := accesskey.ParseID(e.subject); err == nil {
		if user, err = e.userOf(ctx, id); err == nil {
			e.key = id
		} else if _, named := e.session.User(ctx, e.subject); named == nil {
			user = e.subject // a user may be called like a key
		} else {
			return err
		}
	}
	inv, err := e.app.collect(ctx, e.session, inventory.Options{
		IDs:    inventory.IDsForFindings,
		Wanted: func(inv accesskey.Inventory) []string { return wantedFor(inv, user) },
	})
	if err != nil {
		return err
	}
	e.noteShared(ctx, &inv)
	found, err := find(inv, user)
	if err != nil {
		return err
	}
	explanation, err := e.judge(inv, found)
	if err != nil {
		return err
	}
	failed := about(inv.Failures, found.Name)
	err = e.app.writeOutput(e.out, func(w io.Writer) error {
		look := e.app.look(e.out)
		look.Explain = e.fleet.explaining()
		return report.WriteExplanation(w, report.Format(e.output.value), explanation, failed, look)
	})
	if err != nil {
		return err
	}
	return partial(failed)
}

// noteShared puts beside each key what is on record of who uses it.
func (e *explain) noteShared(ctx context.Context, inv *accesskey.Inventory) {
	recorded := e.app.usesOnRecord(ctx)
	if recorded == nil {
		return
	}
	defer func() { _ = recorded.Close() }()
	e.app.sharing(ctx, recorded, inv.Account.ID, now(e.session)).note(inv)
}

func (e *explain) check(c *cobra.Command) error {
	if err := e.fleet.check(c, e.app.profile); err != nil {
		return err
	}
	if e.account != "" && !e.fleet.asked() {
		return errors.New("--account goes with --organization or --profiles")
	}
	_, notKey := accesskey.ParseID(e.subject)
	if e.fleet.organization && notKey != nil && e.account == "" {
		return fmt.Errorf("%s is no access key ID: in which account is that user? Say --account", e.subject)
	}
	return nil
}

// open opens the session of the account to look in: with --organization, the
// one that the key belongs to.
func (e *explain) open(ctx context.Context) (err error) {
	switch {
	case len(e.fleet.profiles) > 0:
		return e.openProfile(ctx)
	case !e.fleet.organization:
		e.session, err = e.app.open(ctx)
		return err
	}
	organization, err := e.app.openOrganization(ctx, &e.fleet)
	if err != nil {
		return err
	}
	account := e.account
	if id, err := accesskey.ParseID(e.subject); account == "" && err == nil {
		if account, err = organization.Base.KeyAccount(ctx, id); err != nil {
			return err
		}
	}
	member, err := organization.Member(ctx, account)
	if err != nil {
		return err
	}
	if e.session, err = member.Open(ctx); err != nil {
		return hinted{fmt.Errorf("enter account %s: %w", account, err), member.Hint(err)}
	}
	return nil
}

// userOf returns the name of a key's user.
func (e *explain) userOf(ctx context.Context, id accesskey.ID) (string, error) {
	if id.Temporary() {
		return "", hinted{fmt.Errorf("key %s is temporary: it belongs to a session and not to a user", id),
			"`aws sts get-access-key-info --access-key-id " + string(id) + "` names its account"}
	}
	_, user, err := e.session.KeyLastUsed(ctx, id)
	if err == nil {
		return user, nil
	}
	if theirs, ours := e.accounts(ctx, id); theirs != ours {
		return "", hinted{fmt.Errorf("key %s belongs to account %s; the credentials in use are of account %s", id, theirs, ours),
			"use a profile of account " + theirs + " (--profile); where it is in your organization, `keytend explain` takes --organization, `keytend revoke` --account " + theirs}
	}
	if awsapi.ClassOf(err) == awsapi.NotFound {
		return "", hinted{fmt.Errorf("no key %s in this account", id), "it may have been deleted; `keytend scan --all --ids all` lists what there is"}
	}
	return "", fmt.Errorf("find the user of key %s: %w", id, err)
}

// accounts returns the key's account and the session's; both empty where AWS
// doesn't tell.
func (e *explain) accounts(ctx context.Context, id accesskey.ID) (theirs, ours string) {
	theirs, keyErr := e.session.KeyAccount(ctx, id)
	own, ownErr := e.session.Identity(ctx)
	if keyErr != nil || ownErr != nil {
		return "", ""
	}
	return theirs, own.Account
}

// judge explains the user, or the one key that was asked for.
func (e *explain) judge(inv accesskey.Inventory, user accesskey.User) (policy.Explanation, error) {
	explanation := policy.Explain(inv, user, e.rules, now(e.session))
	if e.key == "" {
		return explanation, nil
	}
	narrowed, ok := explanation.Key(e.key)
	if !ok {
		return explanation, hinted{fmt.Errorf("user %s no longer has key %s, or its keys could not be read", user.Name, e.key),
			"`keytend explain " + user.Name + "` tells about the user"}
	}
	return narrowed, nil
}

// wantedFor has the keys of one user looked up live.
func wantedFor(inv accesskey.Inventory, name string) []string {
	user, err := find(inv, name)
	if err != nil {
		return nil
	}
	return []string{user.Name}
}

// find returns the user of that name; failing that, an error with the names
// that are nearest.
func find(inv accesskey.Inventory, name string) (accesskey.User, error) {
	if name == policy.RootUser {
		return policy.Root(inv), nil
	}
	names := make([]string, 0, len(inv.Users))
	for _, user := range inv.Users {
		if user.Name == name {
			return user, nil
		}
		names = append(names, user.Name)
	}
	if name == "root" { // and no user is called so
		return policy.Root(inv), nil
	}
	// IAM takes names that differ only in case for the same.
	if i := slices.IndexFunc(inv.Users, func(u accesskey.User) bool { return strings.EqualFold(u.Name, name) }); i >= 0 {
		return inv.Users[i], nil
	}
	err := fmt.Errorf("no user %s in account %s", name, inv.Account.ID)
	if near := nearest.Names(name, names); len(near) > 0 {
		return accesskey.User{}, hinted{err, "did you mean " + strings.Join(near, ", ") + "?"}
	}
	return accesskey.User{}, hinted{err, fmt.Sprintf("the account has %s; `keytend scan --all` lists them", count(len(names), "user"))}
}

// about keeps the failures that concern the user or the whole account.
func about(failed []accesskey.Failure, user string) []accesskey.Failure {
	return slices.DeleteFunc(slices.Clone(failed), func(f accesskey.Failure) bool { return f.User != "" && f.User != user })
}

// hinted is an error with what to do next.
type hinted struct {
	error
	hint string
}

// Hint says what to do next.
func (h hinted) Hint() string { return h.hint }

// Unwrap returns the error without the hint.
func (h hinted) Unwrap() error { return errors.Unwrap(h.error) }
