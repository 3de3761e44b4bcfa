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
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/report"
)

// fleetFlags say which accounts a command is about, where it is not only the
// credentials' own.
type fleetFlags struct {
	organization     bool
	roleName         string
	externalID       string
	include, exclude []string
	profiles         []string
	atOnce           int
	roles            fleet.Roles // of a policy file, instead of roleName
	narrowed         bool        // the command's --account narrows whatever accounts are meant

	selection fleet.Selection // of include and exclude; set by check
}

const (
	// accountsAtOnce is how many accounts are read at the same time. Most of an
	// account's time is waiting for its credential report.
	accountsAtOnce = 75

	// callsInFlight bounds the calls under way in all accounts together, and so
	// connections, file descriptors and memory.
	callsInFlight = 400
)

// addOrganizationTo gives a command the flags by which one account of the
// organization is found and entered.
func (f *fleetFlags) addOrganizationTo(command *cobra.Command) {
	flags := command.Flags()
	flags.BoolVar(&f.organization, "organization", false, "the accounts of the AWS organization; run it as the management account or a delegated administrator")
	flags.StringVar(&f.roleName, "role-name", fleet.DefaultRole, "with --organization: the `role` to assume in each account")
	flags.StringVar(&f.externalID, "external-id", "", "with --organization: the external `ID` that the roles ask for")
}

// addTo gives a command the flags by which many accounts are named.
func (f *fleetFlags) addTo(command *cobra.Command) {
	f.addOrganizationTo(command)
	flags := command.Flags()
	const terms = "(account ID, ou:Name/Name, ou:ou-…, tag:key=value; repeatable)"
	flags.StringSliceVar(&f.include, "include", nil, "with --organization: only these `accounts` "+terms)
	flags.StringSliceVar(&f.exclude, "exclude", nil, "with --organization: not these `accounts` "+terms)
	f.addProfilesTo(command)
	flags.IntVar(&f.atOnce, "accounts-at-once", accountsAtOnce, "how many accounts to read at the same time")
}

// addProfilesTo gives a command the flag by which profiles are named.
func (f *fleetFlags) addProfilesTo(command *cobra.Command) {
	command.Flags().StringSliceVar(&f.profiles, "profiles", nil, "the accounts of these AWS `profiles`, separated by commas")
}

// asked reports whether more is meant than the credentials' own account.
func (f *fleetFlags) asked() bool { return f.organization || len(f.profiles) > 0 }

// check finds contradictions before anything is read.
func (f *fleetFlags) check(c *cobra.Command, profile string) error {
	switch {
	case f.organization && len(f.profiles) > 0:
		return errors.New("--organization and --profiles: want one of them")
	case len(f.profiles) > 0 && profile != "":
		return errors.New("--profile and --profiles: want one of them")
	case f.atOnce < 1 && f.asked() && c.Flags().Lookup("accounts-at-once") != nil:
		return fmt.Errorf("--accounts-at-once %d: want 1 or more", f.atOnce)
	}
	if !f.organization {
		for _, name := range []string{"role-name", "external-id", "include", "exclude", "account"} {
			if c.Flags().Changed(name) && (name != "account" || !f.narrowed) {
				return fmt.Errorf("--%s goes with --organization", name)
			}
		}
	}
	if !f.asked() && c.Flags().Changed("accounts-at-once") {
		return errors.New("--accounts-at-once goes with --organization or --profiles")
	}
	if err := f.parse(); err != nil {
		return err
	}
	return errors.Join(fleet.Organization{RoleName: f.roleName, ExternalID: f.externalID}.Check(), fleet.Profiles{Names: f.profiles}.Check())
}

func (f *fleetFlags) parse() error {
	f.selection = fleet.Selection{}
	for _, side := range []struct {
		flag  string
		texts []string
		terms *[]fleet.Term
	}{{"include", f.include, &f.selection.Include}, {"exclude", f.exclude, &f.selection.Exclude}} {
		for _, text := range side.texts {
			term, err := fleet.ParseTerm(text)
			if err != nil {
				return fmt.Errorf("--%s %w", side.flag, err)
			}
			*side.terms = append(*side.terms, term)
		}
	}
	return nil
}

// explaining is what `keytend explain` needs to find a key of these accounts.
func (f *fleetFlags) explaining() string {
	if !f.organization {
		return ""
	}
	words := "--organization"
	if f.roleName != fleet.DefaultRole {
		words += " --role-name " + f.roleName
	}
	if f.externalID != "" {
		words += " --external-id " + f.externalID
	}
	return words
}

// crew is the accounts that a command goes through.
type crew struct {
	fleet.Roster
	app    *app
	atOnce int
	region string    // of the session that it began with
	at     time.Time // AWS's time in whole seconds, when it began: all accounts are judged as of then
}

// crew finds out which accounts are meant. It enters none.
func (a *app) crew(ctx context.Context, f *fleetFlags) (*crew, error) {
	a.sparing()
	c := &crew{app: a, atOnce: f.atOnce}
	if !f.organization {
		c.Roster = fleet.Profiles{Names: f.profiles, Open: a.openProfile}.Roster(ctx)
		return c, c.begin(ctx)
	}
	organization, err := a.openOrganization(ctx, f)
	if err != nil {
		return nil, err
	}
	if c.Roster, err = organization.Roster(ctx); err != nil {
		return nil, err
	}
	if len(f.profiles) > 0 { // of a policy file: accounts of other partitions
		c.Join(fleet.Profiles{Names: f.profiles, Open: a.openProfile}.Roster(ctx))
	}
	c.at = now(organization.Base)
	c.region, _ = organization.Base.Region()
	c.remark()
	return c, nil
}

func (a *app) openOrganization(ctx context.Context, f *fleetFlags) (fleet.Organization, error) {
	options := a.awsOptions()
	options.InFlight = callsInFlight
	base, err := awsapi.Open(ctx, options)
	return fleet.Organization{Base: base, RoleName: f.roleName, Roles: f.roles, ExternalID: f.externalID, Selection: f.selection}, err
}

func (a *app) openProfile(ctx context.Context, profile string) (*awsapi.Session, error) {
	options := a.awsOptions()
	options.Profile, options.InFlight = profile, callsInFlight
	return awsapi.Open(ctx, options)
}

// begin takes AWS's time from the first profile that could be opened.
func (c *crew) begin(ctx context.Context) error {
	c.at = c.app.now().UTC().Truncate(time.Second)
	if len(c.Members) > 0 {
		session, err := c.Members[0].Open(ctx)
		if err != nil {
			return err
		}
		c.at = now(session)
		c.region, _ = session.Region()
	}
	if c.Excluded > 0 && !c.app.quiet {
		c.app.aside("%s of the same account as one before: each account is read once", count(c.Excluded, "profile"))
	}
	return nil
}

// remark says which accounts can't be looked at.
func (c *crew) remark() {
	if len(c.LeftOut) == 0 {
		return
	}
	var names []string
	for _, l := range c.LeftOut {
		names = append(names, l.Account+" "+l.State)
	}
	c.app.aside("left out, for they can't be used: %s", shortened(names))
}

// aside says something by the way, on stderr.
func (a *app) aside(format string, args ...any) {
	if !a.quiet {
		_, _ = fmt.Fprintf(a.stderr, "keytend: %s\n", printable(fmt.Sprintf(format, args...)))
	}
}

// shortened lists the first few.
func shortened(names []string) string {
	const most = 5
	if len(names) > most {
		names = append(slices.Clone(names[:most]), fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(names, ", ")
}

// visit collects every account and hands it to take, which need not keep it.
// It returns which accounts are missing, and why; take may be called by several
// at once.
func (c *crew) visit(ctx context.Context, options inventory.Options, take func(context.Context, *awsapi.Session, accesskey.Inventory) error) []accesskey.Failure {
	show, end := c.app.progress()
	defer end()
	visit := fleet.Visit{AtOnce: c.atOnce, Look: func(ctx context.Context, m fleet.Member, session *awsapi.Session) error {
		inv, err := inventory.Collect(ctx, session, options)
		if err != nil {
			return err
		}
		inv.Account.Name = m.Name
		return take(ctx, session, inv)
	}}
	if show != nil {
		visit.Progress = func(done, total int) {
			show(inventory.Progress{Phase: "accounts", Done: done, Total: total})
		}
	}
	return append(slices.Clone(c.Missing), visit.Each(ctx, c.Members)...)
}

// leftOut is the roster's, as a report has it.
func (c *crew) leftOut() []report.LeftOut {
	var all []report.LeftOut
	for _, l := range c.LeftOut {
		all = append(all, report.LeftOut(l))
	}
	return all
}

// outcome turns what is missing into the exit code; nil where nothing is. Read
// is how many accounts were.
func (c *crew) outcome(ctx context.Context, read int, missing []accesskey.Failure, troubles []report.Trouble) error {
	switch {
	case ctx.Err() != nil:
		return verdict{code: exitInterrupted, text: c.interrupted(read, missing)}
	case len(troubles) == 0 && read == 0:
		return verdict{code: exitFailed, text: "no account to read", hint: "every account that was meant is left out or excluded"}
	case len(troubles) == 0:
		return nil
	}
	code, text := exitPartial, "partial: not everything could be read"
	if whole := len(c.Members) + len(c.Missing); read < whole {
		text = fmt.Sprintf("partial: %d of %s read", read, count(whole, "account"))
	}
	if read == 0 {
		code, text = exitFailed, "no account could be read"
	}
	const most = 10
	for i, trouble := range troubles[:min(most, len(troubles))] {
		text += "\n  " + trouble.Text
		if trouble.Hint != "" && i > 0 {
			text += "\n    " + trouble.Hint
		}
	}
	if n := len(troubles) - most; n > 0 {
		text += fmt.Sprintf("\n  and %d more kinds of error", n)
	}
	return verdict{code: code, text: text, hint: troubles[0].Hint}
}

func (c *crew) interrupted(read int, missing []accesskey.Failure) string {
	var names []string
	for _, f := range missing {
		names = append(names, f.Account)
	}
	if len(names) == 0 {
		return fmt.Sprintf("interrupted after everything was read (%s)", count(read, "account"))
	}
	return fmt.Sprintf("interrupted: %d of %s read; missing: %s", read, count(read+len(missing), "account"), shortened(names))
}
