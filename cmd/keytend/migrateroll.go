package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/evidence"
	"github.com/keytend/keytend/internal/migrate"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// ranked is a line of the roster with what it is sorted by.
type ranked struct {
	report.RosterKey
	worst *policy.Finding // nil: none
	age   time.Duration
}

// compareRanked is the order of the roster: those without a finding last.
func compareRanked(a, b ranked) int {
	switch {
	case a.worst != nil && b.worst != nil:
		return policy.Compare(*a.worst, *b.worst)
	case a.worst != nil:
		return -1
	case b.worst != nil:
		return 1
	}
	return cmp.Or(cmp.Compare(b.age, a.age), cmp.Compare(a.Account, b.Account), cmp.Compare(a.User, b.User))
}

// take judges each Active key of one account. Of an account that fails midway
// nothing is kept.
func (r *rollCall) take(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory, show func(evidence.Progress)) error {
	around, err := surroundings(ctx, session)
	if err != nil {
		return err
	}
	read := r.read
	read.session, read.account, read.ends, read.show = session, inv.Account.ID, now(session), show
	if err := gatherAll(ctx, &read, inv, r.unused); err != nil {
		return err
	}
	worst := worstFindings(inv, r.at)
	var lines []ranked
	var remarks []string
	for u, k := range activeKeys(inv) {
		line := ranked{RosterKey: report.RosterKey{Account: inv.Account.ID, User: u.Name, LastUsed: lastUsedText(k, r.at), Risk: "none"}}
		line.Key, _ = k.ID.Get()
		remarks = append(remarks, r.judge(&line, &read, k, around)...)
		line.risk(worst[line.Key], k, r.at)
		lines = append(lines, line)
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	r.accounts, r.lines, r.remarks = append(r.accounts, inv.Account.ID), append(r.lines, lines...), append(r.remarks, remarks...)
	return nil
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
func gatherAll(ctx context.Context, read *usages, inv accesskey.Inventory, unused time.Duration) error {
	var ids []accesskey.ID
	for _, k := range activeKeys(inv) {
		if id, known := k.ID.Get(); known && migrate.JudgeKey(k, nil, read.ends, unused).Workload != migrate.Unused {
			ids = append(ids, id)
		}
	}
	read.within = max(leastEach, read.within/time.Duration(max(1, len(ids))))
	return read.gather(ctx, ids)
}

// judge says what uses one key and what is to take its place; it returns what could
// not be looked at.
func (r *rollCall) judge(line *ranked, read *usages, k accesskey.Key, around migrate.Surroundings) (remarks []string) {
	j := migrate.JudgeKey(k, nil, r.at, r.unused)
	if j.Workload != migrate.Unused {
		e := read.evidence(line.User, line.Key)
		for _, gap := range e.Unread {
			remarks = append(remarks, fmt.Sprintf("key %s of %s in account %s: %s: %s", line.Key, line.User, line.Account, gap.Where, gap.Why))
		}
		j = migrate.JudgeKey(k, seenIn(e), r.at, r.unused)
	}
	advice := migrate.Recommend(j.Workload, around)
	line.Workload, line.Confidence, line.Replacement, line.Effort = j.Workload.String(), j.Confidence, string(advice.Replacement), string(advice.Effort)
	for _, p := range j.Parts {
		line.Calls += p.Calls
	}
	return remarks
}

// worstFindings are the first of each key's findings, in policy's order.
func worstFindings(inv accesskey.Inventory, at time.Time) map[accesskey.ID]*policy.Finding {
	findings := policy.Findings(inv, policy.DefaultRules(), at)
	policy.Rank(findings)
	worst := map[accesskey.ID]*policy.Finding{}
	for _, f := range findings {
		if worst[f.KeyID] == nil {
			worst[f.KeyID] = &f
		}
	}
	return worst
}

func (l *ranked) risk(f *policy.Finding, k accesskey.Key, at time.Time) {
	created, _ := k.Created.Get()
	l.age = at.Sub(created)
	if f != nil {
		l.worst, l.Risk, l.Why, l.Owner = f, f.Severity.String(), f.Reason, f.Owner
	}
}
