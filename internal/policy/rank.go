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
	slices.SortFunc(order, before)
	sorted := make([]Finding, len(findings))
	for i, f := range order {
		sorted[i] = *f
		sorted[i].Rank = i + 1
	}
	copy(findings, sorted)
}

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
