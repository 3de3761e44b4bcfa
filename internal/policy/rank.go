package policy

import (
	"cmp"
	"slices"
	"strings"
)

// Rank sorts findings of any number of accounts, first things first, and
// numbers them from 1. The order is total for findings that differ, and the
// same whatever the order before:
//
//  1. severity, worst first;
//  2. privileged users before others: their keys can do anything;
//  3. exposure: leaked, then in use, then resting. A key in use is one that
//     somebody has at hand;
//  4. due date, earliest first: the longest overdue, then what is due next;
//     last what has no date;
//  5. account, user, subject, key ID, rule, so that it stays the same from run
//     to run.
func Rank(findings []Finding) {
	order := make([]*Finding, len(findings))
	for i := range findings {
		order[i] = &findings[i]
	}
	copy(findings, ranked(order))
}

// ranked returns copies of findings, sorted and numbered; nil for none.
func ranked(order []*Finding) []Finding {
	if len(order) == 0 {
		return nil
	}
	slices.SortFunc(order, before)
	sorted := make([]Finding, len(order))
	for i, f := range order {
		sorted[i] = *f
		sorted[i].Rank = i + 1
	}
	return sorted
}

// pile holds findings that are still to be ranked, in blocks: a slice that
// grew with a million of them would copy each several times.
type pile struct {
	order []*Finding
	block []Finding // the last one, with room
}

// A block is at most as long as all before it together, so that few findings
// take little room, and at most pileBlock.
const pileBlock = 512

func (p *pile) add(found []Finding) {
	for i := range found {
		if len(p.block) == cap(p.block) {
			p.block = make([]Finding, 0, min(pileBlock, max(8, len(p.order))))
		}
		p.block = append(p.block, found[i])
		p.order = append(p.order, &p.block[len(p.block)-1])
	}
}

// Compare is the order of Rank for two findings: negative where a comes first.
func Compare(a, b Finding) int { return before(&a, &b) }

func before(a, b *Finding) int {
	if c := cmp.Compare(b.Severity, a.Severity); c != 0 {
		return c
	}
	if a.Privileged != b.Privileged {
		if a.Privileged {
			return -1
		}
		return 1
	}
	if c := cmp.Compare(b.Exposure, a.Exposure); c != 0 {
		return c
	}
	if c := byDue(a, b); c != 0 {
		return c
	}
	return byName(a, b)
}

func byDue(a, b *Finding) int {
	switch {
	case a.Due.IsZero() && b.Due.IsZero():
		return 0
	case a.Due.IsZero():
		return 1
	case b.Due.IsZero():
		return -1
	}
	return a.Due.Compare(b.Due)
}

func byName(a, b *Finding) int {
	return cmp.Or(
		strings.Compare(a.Account, b.Account),
		strings.Compare(a.User, b.User),
		strings.Compare(a.Subject, b.Subject),
		strings.Compare(string(a.KeyID), string(b.KeyID)),
		strings.Compare(string(a.Rule), string(b.Rule)),
	)
}
