package fleet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// Selection says which accounts are meant: those that Include names, or all
// where it is empty, without those that Exclude names.
type Selection struct{ Include, Exclude []Term }

func (s Selection) terms() []Term { return slices.Concat(s.Include, s.Exclude) }

// candidate is an account of the organization and what the terms need to know.
type candidate struct {
	awsapi.MemberAccount
	tags   map[string]string
	failed *accesskey.Failure // why it can't be told whether it is meant
}

func (s Selection) means(c *candidate) bool {
	matches := func(t Term) bool { return t.matches(c) }
	return (len(s.Include) == 0 || slices.ContainsFunc(s.Include, matches)) && !slices.ContainsFunc(s.Exclude, matches)
}

// resolved replaces names of OUs by their IDs.
func (s Selection) resolved(ctx context.Context, org *awsapi.Organization) (Selection, error) {
	tree := &unitTree{org: org, below: map[string]map[string]string{}}
	for _, terms := range []*[]Term{&s.Include, &s.Exclude} {
		*terms = slices.Clone(*terms)
		for i := range *terms {
			if err := tree.resolve(ctx, &(*terms)[i]); err != nil {
				return Selection{}, err
			}
		}
	}
	return s, nil
}

// unitTree finds OUs by name and asks for each parent's once.
type unitTree struct {
	org   *awsapi.Organization
	root  string
	below map[string]map[string]string // parent → name → ID
}

func (u *unitTree) resolve(ctx context.Context, t *Term) (err error) {
	if t.path == nil {
		return nil
	}
	if u.root == "" {
		if u.root, err = u.org.Root(ctx); err != nil {
			return err
		}
	}
	t.unit = u.root
	for i, name := range t.path {
		if u.below[t.unit] == nil {
			if u.below[t.unit], err = u.org.Units(ctx, t.unit); err != nil {
				return err
			}
		}
		id, ok := u.below[t.unit][name]
		if !ok {
			return unknownUnit(t, t.path[:i], u.below[t.unit])
		}
		t.unit = id
	}
	return nil
}

func unknownUnit(t *Term, parents []string, units map[string]string) error {
	where := "the root"
	if len(parents) > 0 {
		where = strings.Join(parents, "/")
	}
	names := "nothing"
	if len(units) > 0 {
		names = strings.Join(slices.Sorted(maps.Keys(units)), ", ")
	}
	return fmt.Errorf("%s: no such OU; below %s there is %s", t, where, names)
}

// unplaced notes the accounts of which Organizations doesn't say where they
// are, if that matters.
func (s Selection) unplaced(all []candidate) {
	if !slices.ContainsFunc(s.terms(), Term.placed) {
		return
	}
	for i := range all {
		if len(all[i].Path) == 0 {
			all[i].failed = &accesskey.Failure{
				Account: all[i].ID, Call: "organizations:ListAccounts", Class: string(awsapi.Other),
				Err: "the answer doesn't say in which OU the account is", Hint: "Name the account by its ID instead of its OU.",
			}
		}
	}
}

// tagged reads the tags of all accounts, if terms go by them.
func (s Selection) tagged(ctx context.Context, org *awsapi.Organization, all []candidate) {
	if !slices.ContainsFunc(s.terms(), Term.tagged) {
		return
	}
	const atOnce = 8 // Organizations bears few calls a second
	var readers errgroup.Group
	readers.SetLimit(atOnce)
	for i := range all {
		readers.Go(func() error {
			tags, err := org.Tags(ctx, all[i].ID)
			if err != nil {
				failure := awsapi.NewFailure(all[i].ID, "", err)
				all[i].failed = &failure
			}
			all[i].tags = tags
			return nil
		})
	}
	_ = readers.Wait() // each candidate has its own failure
}

// idle returns an error naming the terms that no account answers to: most
// likely they are misspelt, and accounts would be entered that were not meant.
func (s Selection) idle(all []candidate) error {
	for _, t := range s.terms() {
		if !slices.ContainsFunc(all, func(c candidate) bool { return c.failed != nil || t.matches(&c) }) {
			return fmt.Errorf("%s names no account of the organization", t)
		}
	}
	return nil
}
