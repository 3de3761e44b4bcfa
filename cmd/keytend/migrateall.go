package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/journal"
	"github.com/keytend/keytend/internal/migrate"
	"github.com/keytend/keytend/internal/report"
)

// everybody lists the Active keys of one account, or of many, by what is to take
// their place.
func (m *migration) everybody(ctx context.Context) error {
	before, err := m.earlier()
	if err != nil {
		return err
	}
	if m.read.ours.known.Ranges, err = m.app.readRanges(ctx, m.read.ranges); err != nil {
		return err
	}
	if m.read.desk, err = m.app.openDesk(ctx, &m.read.state); err != nil {
		return err
	}
	defer m.read.desk.close()
	r := &rollCall{migration: m}
	if m.fleet.asked() {
		err = r.throughFleet(ctx)
	} else {
		err = r.throughAccount(ctx)
	}
	if err != nil {
		return m.read.broken(ctx, err)
	}
	if err := r.write(ctx, before); err != nil {
		return err
	}
	return r.verdict()
}

// earlier reads the report to compare with.
func (m *migration) earlier() (*report.Roster, error) {
	if m.before == "" {
		return nil, nil //nolint:nilnil // there is none to compare with
	}
	f, err := os.Open(m.before)
	if err != nil {
		return nil, fmt.Errorf("read --before: %w", err)
	}
	r, err := report.ReadRoster(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, hinted{fmt.Errorf("read --before %s: %w", m.before, err), "it is what `keytend migrate --all --output json` writes"}
	}
	return &r, nil
}

// rollCall is one run over all keys. Of an account nothing is kept but a line for each
// Active key.
type rollCall struct {
	*migration
	at      time.Time
	scope   string // which accounts are meant: runs of the same are compared
	account string // empty: several

	lock     sync.Mutex // guards what follows
	accounts []string
	lines    []ranked
	remarks  []string
	failures []accesskey.Failure
}

// throughAccount reads the credentials' own account.
func (r *rollCall) throughAccount(ctx context.Context) (err error) {
	session, err := r.app.open(ctx)
	if err != nil {
		return err
	}
	id, err := session.Identity(ctx)
	if err != nil {
		return err
	}
	r.at, r.account, r.scope = now(session), id.Account, "account "+id.Account
	inv, err := r.app.collect(ctx, session, inventory.Options{IDs: inventory.IDsForAll, Live: true})
	if err != nil {
		return err
	}
	r.failures = inv.Failures
	show, end := r.read.progress()
	defer end()
	return r.take(ctx, session, inv, show)
}

// throughFleet reads many accounts, so many at once. One that can't be read leaves
// the others.
func (r *rollCall) throughFleet(ctx context.Context) error {
	crew, err := r.app.crew(ctx, &r.fleet)
	if err != nil {
		return err
	}
	r.at, r.scope = crew.at, r.fleet.scope()
	failed := crew.visit(ctx, inventory.Options{IDs: inventory.IDsForAll, Live: true}, func(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory) error {
		if err := r.take(ctx, session, inv, nil); err != nil {
			return err
		}
		r.lock.Lock()
		defer r.lock.Unlock()
		r.failures = append(r.failures, inv.Failures...)
		return nil
	})
	r.failures = append(r.failures, failed...)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case len(r.accounts) == 0 && len(failed) > 0:
		return hinted{fmt.Errorf("no account could be read; first: %s", describe(failed[0])), failed[0].Hint}
	case len(r.accounts) == 0:
		return errors.New("no account to read: every account that was meant is left out or excluded")
	}
	return nil
}

// scope names the accounts that are meant.
func (f *fleetFlags) scope() string {
	if !f.organization {
		return "profiles " + strings.Join(f.profiles, ",")
	}
	text := "organization"
	for _, side := range []struct {
		word  string
		terms []string
	}{{" with ", f.include}, {" without ", f.exclude}} {
		if len(side.terms) > 0 {
			text += side.word + strings.Join(side.terms, ",")
		}
	}
	return text
}

// write puts the roster together, with what became of it since earlier runs, and
// writes it.
func (r *rollCall) write(ctx context.Context, before *report.Roster) error {
	roster := report.Roster{Schema: report.RosterSchema, At: r.at, Account: r.account, Accounts: len(r.accounts), Keys: []report.RosterKey{}, Groups: []report.RosterGroup{}, Remarks: r.said()}
	sortRoster(&roster, r.lines)
	if err := r.retired(ctx, &roster); err != nil {
		return err
	}
	run := journal.Run{At: r.at, Accounts: len(r.accounts), Keys: len(r.lines), Retired: roster.Retired, Partial: len(r.failures) > 0}
	runs, err := r.read.desk.KeepRun(ctx, r.scope, run)
	if err != nil {
		return err
	}
	for _, run := range runs {
		roster.History = append(roster.History, report.RosterRun(run))
	}
	if before != nil {
		roster.Progress = roster.Since(*before)
	}
	return r.app.writeOutput(r.read.out, func(w io.Writer) error { return report.WriteRoster(w, r.read.output.value, roster) })
}

// remarksShown is how many things are named that could not be looked at.
const remarksShown = 50

// said is what could not be looked at, the first of it.
func (r *rollCall) said() []string {
	all := slices.Clone(r.remarks)
	slices.Sort(all)
	for _, f := range r.failures {
		all = append(all, describe(f))
	}
	if more := len(all) - remarksShown; more > 0 {
		all = append(all[:remarksShown], fmt.Sprintf("and %d more", more))
	}
	return append([]string{}, all...)
}

func (r *rollCall) verdict() error {
	if len(r.remarks) > 0 {
		return verdict{code: exitPartial, text: "partial: " + slices.Min(r.remarks)}
	}
	return partial(r.failures)
}

// retired counts the keys that went by way of a role, as the journal has it.
func (r *rollCall) retired(ctx context.Context, roster *report.Roster) error {
	for _, account := range r.accounts {
		records, err := r.read.desk.List(ctx, account, true)
		if err != nil {
			return err
		}
		for _, record := range records {
			if record.Phase == accesskey.Done && len(record.Successors) > 0 {
				roster.Retired++
			}
		}
	}
	return nil
}

// sortRoster puts the greatest risk first: policy's order of findings, then age.
func sortRoster(r *report.Roster, lines []ranked) {
	slices.SortStableFunc(lines, compareRanked)
	counts := map[report.RosterGroup]int{}
	for _, l := range lines {
		r.Keys = append(r.Keys, l.RosterKey)
		counts[report.RosterGroup{Replacement: l.Replacement, Effort: l.Effort}]++
	}
	for g, n := range counts {
		g.Keys = n
		r.Groups = append(r.Groups, g)
	}
	efforts := migrate.Efforts()
	slices.SortFunc(r.Groups, func(a, b report.RosterGroup) int {
		return cmp.Or(cmp.Compare(slices.Index(efforts, migrate.Effort(a.Effort)), slices.Index(efforts, migrate.Effort(b.Effort))), cmp.Compare(b.Keys, a.Keys), cmp.Compare(a.Replacement, b.Replacement))
	})
}
