package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/owner"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

//go:embed init.yaml.tmpl
var firstPolicy string

// initialize is one run of `keytend init`.
type initialize struct {
	app      *app
	fleet    fleetFlags
	folder   string
	fallback string
	domain   string
	weeks    int
	creators bool
}

func initCommand(a *app) *cobra.Command {
	i := &initialize{app: a}
	command := &cobra.Command{
		Use:   "init",
		Short: "Look at the accounts and write a first policy",
		Long: `Init reads the account, or all accounts of the organization, and writes

  keytend.yaml     a first policy, in observe mode: nothing is changed by it
  owners.csv       who owns each user's keys, as far as can be guessed, to be
                   mended and filled in
  baseline.json    what is wrong today, so that later scans can tell what is new

The policy has a ramp: so many keys a week, the unused first, then those that
can do little harm, then the rest, so that a backlog of years is worked off in
--weeks without a bad day. Files that are there already are left as they are.`,
		Example: `  keytend init --fallback security@example.com
  keytend init --organization --role-name keytend-member --weeks 26 --dir policy`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := i.check(c); err != nil {
				return usageError{c, err}
			}
			return i.run(c.Context())
		},
	}
	i.fleet.addTo(command)
	flags := command.Flags()
	flags.StringVar(&i.folder, "dir", ".", "`folder` to write to")
	flags.StringVar(&i.fallback, "fallback", "", "who is told about keys without an owner: a mail `address`")
	flags.StringVar(&i.domain, "domain", "", "`domain` of the organization's mail addresses (default: the commonest that shows)")
	flags.IntVar(&i.weeks, "weeks", 12, "in how many `weeks` the backlog is to be worked off")
	flags.BoolVar(&i.creators, "creators", true, "ask CloudTrail who made the users and keys of the last 90 days")
	return command
}

func (i *initialize) check(c *cobra.Command) error {
	if i.weeks < 1 {
		return fmt.Errorf("--weeks %d: want 1 or more", i.weeks)
	}
	return i.fleet.check(c, i.app.profile)
}

// The files that init writes.
const baselineFile = "baseline.json"

func (i *initialize) run(ctx context.Context) error {
	if path := i.path(config.DefaultFile); there(path) {
		return hinted{fmt.Errorf("%s is there already; nothing was done", path), "`keytend config check` reads it; --dir names another folder"}
	}
	if err := os.MkdirAll(i.folder, 0o750); err != nil {
		return err
	}
	c, err := i.app.meant(ctx, &i.fleet)
	if err != nil {
		return err
	}
	roll, failed := i.app.gather(ctx, c, i.creators)
	if err := ctx.Err(); err != nil {
		return err
	}
	if roll.accounts == 0 {
		return c.outcome(ctx, 0, failed, report.Troubles(failed))
	}
	suggestions := owner.Suggest(roll.subjects, i.domain)
	err = errors.Join(i.writePolicy(c, roll), i.keep(defaultOwnersFile, func(w io.Writer) error { return writeSuggestions(w, suggestions) }), i.baseline(ctx))
	if err != nil {
		return err
	}
	i.tell(c, roll, suggestions)
	return partial(failed)
}

func (i *initialize) path(name string) string { return filepath.Join(i.folder, name) }

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// keep writes a file where there is none.
func (i *initialize) keep(name string, write func(io.Writer) error) error {
	path := i.path(name)
	if there(path) {
		i.app.aside("%s is there already, and stays as it is", path)
		return nil
	}
	return i.app.writeOutput(path, write)
}

// baseline is a scan, as JSON.
func (i *initialize) baseline(ctx context.Context) error {
	path := i.path(baselineFile)
	if there(path) {
		i.app.aside("%s is there already, and stays as it is", path)
		return nil
	}
	s := &scan{app: i.app, rules: policy.DefaultRules(), fleet: i.fleet, concurrency: inventory.DefaultConcurrency, out: path}
	s.ids.value, s.output.value = string(inventory.IDsForFindings), string(report.JSON)
	run := s.run
	if s.fleet.asked() {
		run = s.runFleet
	}
	err := run(ctx)
	if v := (verdict{}); errors.As(err, &v) && (v.code == exitPartial || v.code == exitFindings) {
		return nil // what could not be read is told at the end
	}
	return err
}

// draft is what the policy is written from.
type policyDraft struct {
	Date                   string
	About                  string
	Organization           bool
	Role, ExternalID       string
	Include, Exclude       []string
	Profiles               []string
	Fallback               string
	Start                  string
	PerWeek, Weeks         int
	Unused, Low, Rest      int
	PerAccount, Total, Day int
}

// rampDelay is how long owners have to mend the files before the first key is
// touched, once the mode allows it.
const rampDelay = 14 * policy.Day

func (i *initialize) draft(c *crew, r *roll) policyDraft {
	backlog := r.backlog()
	d := policyDraft{
		Date: c.at.Format(time.DateOnly), About: fmt.Sprintf("%s, %s", count(r.accounts, "account"), count(r.keys, "active key")),
		Organization: i.fleet.organization, ExternalID: i.fleet.externalID, Profiles: i.fleet.profiles,
		Include: i.fleet.include, Exclude: i.fleet.exclude, Fallback: i.fallback,
		Start: c.at.Add(rampDelay).Format(time.DateOnly), Weeks: i.weeks, PerWeek: max(1, (backlog+i.weeks-1)/i.weeks),
		Unused: r.waves[config.WaveUnused], Low: r.waves[config.WaveLowPrivilege], Rest: r.waves[config.WaveRest],
	}
	if i.fleet.roleName != fleet.DefaultRole {
		d.Role = i.fleet.roleName
	}
	d.Day = max(1, (d.PerWeek+4)/5, share(r.keys, 1, turnEvery))
	d.Total = max(10, 4*d.PerWeek, share(r.keys, turnTakes, turnEvery))
	d.PerAccount = max(3, d.PerWeek, share(r.largest, turnTakes, turnEvery))
	return d
}

// Once the backlog is gone, every key is replaced about every turnEvery days,
// which takes up to turnTakes: budgets that have no room for that would let keys
// grow old.
const turnEvery, turnTakes = 45, 30

func share(keys, days, of int) int { return (keys*days + of - 1) / of }

// backlog is how many keys the ramp works off.
func (r *roll) backlog() int {
	return r.waves[config.WaveUnused] + r.waves[config.WaveLowPrivilege] + r.waves[config.WaveRest]
}

// writePolicy writes the policy, and makes sure that it is one.
func (i *initialize) writePolicy(c *crew, r *roll) error {
	page, err := template.New("policy").Funcs(template.FuncMap{"list": yamlList, "text": yamlText}).Parse(firstPolicy)
	if err != nil {
		return err
	}
	var text strings.Builder
	if err := page.Execute(&text, i.draft(c, r)); err != nil {
		return err
	}
	read := func(path string) ([]byte, error) {
		if filepath.Base(path) == defaultOwnersFile {
			return []byte(strings.Join(config.OwnersHeader, ",") + "\n"), nil
		}
		return []byte(text.String()), nil
	}
	if _, err := config.Load(config.DefaultFile, read, i.app.policyChecks()); err != nil {
		return fmt.Errorf("the policy made from these flags is none: %w", err)
	}
	return i.app.writeOutputFor(i.path(config.DefaultFile), 0o644, func(w io.Writer) error {
		_, err := io.WriteString(w, text.String())
		return err
	})
}

// yamlText quotes a text as YAML and JSON both read it.
func yamlText(text string) string { return fmt.Sprintf("%q", text) }

func yamlList(texts []string) string {
	var quoted []string
	for _, t := range texts {
		quoted = append(quoted, yamlText(t))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func (i *initialize) tell(c *crew, r *roll, suggestions []owner.Suggestion) {
	d := i.draft(c, r)
	i.app.line(fmt.Sprintf(`%s: %d older than 90 days; a backlog of %d (%d unused, %d of little privilege, %d others).
%s

Wrote %s, %s and %s. Nothing is changed by them: the mode is observe.

  1. read and mend       %s, and  keytend config check
  2. fill in owners      %s
  3. see what would be   keytend plan
  4. tell the owners     keytend notify --dry-run
  5. begin               mode: approve (or enforce), and  keytend apply

%s`,
		d.About, r.old, r.backlog(), d.Unused, d.Low, d.Rest, suggested(suggestions),
		i.path(config.DefaultFile), i.path(defaultOwnersFile), i.path(baselineFile),
		i.path(config.DefaultFile), i.path(defaultOwnersFile),
		turns(d, r, c.at)))
}

// turns is when the backlog is worked off.
func turns(d policyDraft, r *roll, at time.Time) string {
	if r.backlog() == 0 {
		return "There is no backlog to work off."
	}
	return fmt.Sprintf("With %d a week from %s, every key of the backlog has had its turn by %s.",
		d.PerWeek, d.Start, at.Add(rampDelay+time.Duration(d.Weeks)*7*policy.Day).Format(time.DateOnly))
}
