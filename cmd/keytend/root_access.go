package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/report"
)

// rootUsersCommand is what a management account can do about the root users of
// its organization's member accounts.
func rootUsersCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "root",
		Short: "Root users' credentials in an organization's member accounts",
		Long: `Root audits and deletes the credentials of root users in the member accounts of
an organization: access keys, password, MFA devices, signing certificates. It
enters each account by a root session (sts:AssumeRoot) that may do this one task
for 15 minutes. Run it as the management account or as IAM's delegated
administrator, where root access is managed centrally (IAM console: Root access
management). The management account's own root user can't be reached this way.`,
		Example: "  keytend root audit\n  keytend root delete --account 123456789012",
	}
	command.AddCommand(rootAuditCommand(a), rootDeleteCommand(a))
	return command
}

// rootAccess is the member accounts whose root users are meant.
type rootAccess struct {
	app      *app
	fleet    fleetFlags
	accounts []string

	base    *awsapi.Session
	members []fleet.Member
	leftOut []report.LeftOut
	missing []accesskey.Failure
}

func (r *rootAccess) addTo(command *cobra.Command) {
	flags := command.Flags()
	const terms = "(account ID, ou:Name/Name, ou:ou-…, tag:key=value; repeatable)"
	flags.StringSliceVar(&r.accounts, "account", nil, "only this `account`, by its ID (repeatable)")
	flags.StringSliceVar(&r.fleet.include, "include", nil, "only these `accounts` "+terms)
	flags.StringSliceVar(&r.fleet.exclude, "exclude", nil, "not these `accounts` "+terms)
	command.MarkFlagsMutuallyExclusive("account", "include")
}

func (r *rootAccess) check() error {
	r.fleet.organization = true
	if len(r.accounts) > 0 {
		r.fleet.include = r.accounts
	}
	for _, id := range r.accounts {
		if len(id) != 12 {
			return fmt.Errorf("--account %s: want twelve digits", id)
		}
	}
	return r.fleet.parse()
}

// open finds the member accounts that are meant. Nothing is entered for that.
func (r *rootAccess) open(ctx context.Context) error {
	organization, err := r.app.openOrganization(ctx, &r.fleet)
	if err != nil {
		return err
	}
	r.base = organization.Base
	roster, err := organization.Roster(ctx)
	if err != nil {
		return err
	}
	r.missing = roster.Missing
	r.leave(roster.LeftOut)
	management, err := r.management(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(r.accounts, management) {
		return hinted{fmt.Errorf("account %s is the management account: its root user can't be reached by a root session, and is left alone", management),
			"sign in as that root user to look after its credentials"}
	}
	r.members = slices.DeleteFunc(roster.Members, func(m fleet.Member) bool { return m.ID == management })
	return r.granted(ctx)
}

// leave notes the accounts that can't be used. One that was named by its ID is
// missed: who names it is to hear that nothing was done there.
func (r *rootAccess) leave(leftOut []fleet.LeftOut) {
	var names []string
	for _, l := range leftOut {
		r.leftOut = append(r.leftOut, report.LeftOut(l))
		if slices.Contains(r.accounts, l.Account) {
			r.missing = append(r.missing, awsapi.NewFailure(l.Account, "", fmt.Errorf("it is %s: its root user can't be entered", l.State)))
			continue
		}
		names = append(names, l.Account+" "+l.State)
	}
	if len(names) > 0 {
		r.app.aside("left out, for they can't be entered: %s", shortened(names))
	}
}

// management is the organization's management account, which every account's
// entry names.
func (r *rootAccess) management(ctx context.Context) (string, error) {
	for account, err := range r.base.Organization().Accounts(ctx) {
		if err == nil && account.Management == "" {
			err = errors.New("organizations:ListAccounts: the answer doesn't say which account is the management account")
		}
		return account.Management, err
	}
	return "", errors.New("organizations:ListAccounts: the organization has no account")
}

// granted says at once, rather than for each account, where root sessions are off.
// Who may not ask is told by the first session.
func (r *rootAccess) granted(ctx context.Context) error {
	on, err := r.base.RootAccess(ctx)
	if err != nil {
		r.app.aside("whether root sessions are on could not be asked: %v", err)
	} else if !on {
		return hinted{errors.New("root sessions are not switched on in the organization"),
			"IAM console of the management account: Root access management, with privileged root actions; or `aws iam enable-organizations-root-sessions`"}
	}
	return nil
}

// look reads what an account's root user holds.
func (r *rootAccess) look(ctx context.Context, m fleet.Member, task awsapi.RootTask) (report.RootUser, *awsapi.Session, error) {
	session, err := r.base.AssumeRoot(ctx, m.ID, task)
	if err != nil {
		return report.RootUser{}, nil, err
	}
	root, err := readRoot(ctx, session, m.Account)
	return root, session, err
}

func readRoot(ctx context.Context, session *awsapi.Session, account accesskey.Account) (root report.RootUser, err error) {
	root.Account = account
	if root.Keys, err = session.RootKeys(ctx); err != nil {
		return root, err
	}
	if root.Password, root.Devices, err = session.RootPassword(ctx); err != nil {
		return root, err
	}
	root.Certificates, err = session.RootCertificates(ctx)
	return root, err
}

// lookAll reads many at once, in the order of accounts.
func (r *rootAccess) lookAll(ctx context.Context) (roots []report.RootUser, failed []accesskey.Failure) {
	all := make([]report.RootUser, len(r.members))
	errs := make([]error, len(r.members))
	slots := make(chan struct{}, accountsAtOnce)
	var workers sync.WaitGroup
	for i, m := range r.members {
		slots <- struct{}{}
		workers.Go(func() {
			defer func() { <-slots }()
			all[i], _, errs[i] = r.look(ctx, m, awsapi.AuditRoot)
		})
	}
	workers.Wait()
	failed = slices.Clone(r.missing)
	for i, err := range errs {
		if err != nil {
			failed = append(failed, awsapi.NewFailure(r.members[i].ID, "", err))
			continue
		}
		roots = append(roots, all[i])
	}
	return roots, failed
}
