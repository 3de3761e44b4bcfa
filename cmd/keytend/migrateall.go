package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/migrate"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// everybody lists the account's Active keys by what is to take their place.
func (m *migration) everybody(ctx context.Context) error {
	before, err := m.earlier()
	if err != nil {
		return err
	}
	if err := m.read.open(ctx); err != nil {
		return err
	}
	defer m.read.desk.close()
	inv, err := m.app.collect(ctx, m.read.session, inventory.Options{IDs: inventory.IDsForAll, Live: true})
	if err != nil {
		return err
	}
	roster, err := m.roster(ctx, inv)
	if err != nil {
		return m.read.broken(ctx, err)
	}
	if before != nil {
		roster.Progress = roster.Since(*before)
	}
	if err := m.app.writeOutput(m.read.out, func(w io.Writer) error { return report.WriteRoster(w, m.read.output.value, roster) }); err != nil {
		return err
	}
	if len(roster.Remarks) > 0 {
		return verdict{code: exitPartial, text: "partial: " + roster.Remarks[0]}
	}
	return partial(inv.Failures)
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

// ranked is a line of the roster with what it is sorted by.
type ranked struct {
	report.RosterKey
	rank int // of its worst finding; 0: none
	age  time.Duration
}

// roster judges each Active key.
func (m *migration) roster(ctx context.Context, inv accesskey.Inventory) (report.Roster, error) {
	at := now(m.read.session)
	r := report.Roster{Schema: report.RosterSchema, At: at, Account: m.read.account, Keys: []report.RosterKey{}, Groups: []report.RosterGroup{}, Remarks: []string{}}
	around, err := surroundings(ctx, m.read.session)
	if err != nil {
		return r, err
	}
	if err := m.gatherAll(ctx, inv, at); err != nil {
		return r, err
	}
	worst := worstFindings(inv, at)
	var lines []ranked
	for u, k := range activeKeys(inv) {
		line := m.line(u, k, around, &r)
		line.risk(worst[line.Key], k, at)
		lines = append(lines, line)
	}
	sortRoster(&r, lines)
	return r, m.retired(ctx, &r)
}

// activeKeys are the keys that may be used, with whose they are.
func activeKeys(inv accesskey.Inventory) iter.Seq2[accesskey.User, accesskey.Key] {
	return func(yield func(accesskey.User, accesskey.Key) bool) {
		for _, u := range inv.Users {
			keys, _ := u.Keys.Get()
			for _, k := range keys {
				if status, _ := k.Status.Get(); status == accesskey.Active && !yield(u, k) {
					return
				}
			}
		}
	}
}

// leastEach is how long one of many keys' event history is read at least: AWS
// answers two questions a second.
const leastEach = 3 * time.Second

// gatherAll reads where the keys are used that are used at all. The time for it is
// shared among them; what is left is read the next time.
func (m *migration) gatherAll(ctx context.Context, inv accesskey.Inventory, at time.Time) error {
	var ids []accesskey.ID
	for _, k := range activeKeys(inv) {
		if id, known := k.ID.Get(); known && migrate.JudgeKey(k, nil, at, m.unused).Workload != migrate.Unused {
			ids = append(ids, id)
		}
	}
	m.read.within = max(leastEach, m.read.within/time.Duration(max(1, len(ids))))
	return m.read.gather(ctx, ids)
}

// line is one key with what is to take its place.
func (m *migration) line(u accesskey.User, k accesskey.Key, around migrate.Surroundings, r *report.Roster) ranked {
	id, _ := k.ID.Get()
	line := ranked{RosterKey: report.RosterKey{User: u.Name, Key: id, LastUsed: lastUsedText(k, r.At), Risk: "none"}}
	j := migrate.JudgeKey(k, nil, r.At, m.unused)
	if j.Workload != migrate.Unused {
		e := m.read.evidence(u.Name, id)
		for _, gap := range e.Unread {
			r.Remarks = append(r.Remarks, fmt.Sprintf("key %s of %s: %s: %s", id, u.Name, gap.Where, gap.Why))
		}
		j = migrate.JudgeKey(k, seenIn(e), r.At, m.unused)
	}
	advice := migrate.Recommend(j.Workload, around)
	line.Workload, line.Confidence, line.Replacement, line.Effort = j.Workload.String(), j.Confidence, string(advice.Replacement), string(advice.Effort)
	for _, p := range j.Parts {
		line.Calls += p.Calls
	}
	return line
}

// worstFindings are the first of each key's findings, in policy's order.
func worstFindings(inv accesskey.Inventory, at time.Time) map[accesskey.ID]policy.Finding {
	findings := policy.Findings(inv, policy.DefaultRules(), at)
	policy.Rank(findings)
	worst := map[accesskey.ID]policy.Finding{}
	for _, f := range findings {
		if _, there := worst[f.KeyID]; !there {
			worst[f.KeyID] = f
		}
	}
	return worst
}

func (l *ranked) risk(f policy.Finding, k accesskey.Key, at time.Time) {
	created, _ := k.Created.Get()
	l.age = at.Sub(created)
	if f.Rank > 0 {
		l.rank, l.Risk, l.Why, l.Owner = f.Rank, f.Severity.String(), f.Reason, f.Owner
	}
}

// sortRoster puts the greatest risk first: policy's order of findings, then age.
func sortRoster(r *report.Roster, lines []ranked) {
	slices.SortStableFunc(lines, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(orLast(a.rank), orLast(b.rank)), cmp.Compare(b.age, a.age), cmp.Compare(a.User, b.User))
	})
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

func orLast(rank int) int {
	if rank == 0 {
		return int(^uint(0) >> 1)
	}
	return rank
}

// retired counts the keys that went by way of a role, as the journal has it.
func (m *migration) retired(ctx context.Context, r *report.Roster) error {
	records, err := m.read.desk.List(ctx, r.Account, true)
	if err != nil {
		return err
	}
	for _, record := range records {
		if record.Phase == accesskey.Done && len(record.Successors) > 0 {
			r.Retired++
		}
	}
	return nil
}
