package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fleet"
)

// openProfile opens the session of the one account among those of the profiles
// that has what was asked for.
func (e *explain) openProfile(ctx context.Context) error {
	roster := fleet.Profiles{Names: e.fleet.profiles, Open: e.app.openProfile}.Roster(ctx)
	var errs []error
	for _, missing := range roster.Missing {
		errs = append(errs, hinted{errors.New(describe(missing)), missing.Hint})
	}
	if len(roster.Members) == 0 {
		return errors.Join(errs...)
	}
	members, err := e.having(ctx, roster.Members)
	switch {
	case err != nil:
		return err
	case len(members) == 0 && len(errs) > 0:
		return errors.Join(errs...)
	case len(members) == 0:
		return hinted{fmt.Errorf("none of %s has %s", accountsOf(roster.Members), e.subject), "`keytend scan --profiles " + strings.Join(e.fleet.profiles, ",") + " --all` lists what there is"}
	case len(members) > 1:
		return hinted{fmt.Errorf("%s is in %s", e.subject, accountsOf(members)), "say which: --account " + members[0].ID}
	}
	e.session, err = members[0].Open(ctx)
	return err
}

// having are the members that the subject may be in: of --account, of the key, or
// with a user of that name.
func (e *explain) having(ctx context.Context, members []fleet.Member) ([]fleet.Member, error) {
	account := e.account
	if id, err := accesskey.ParseID(e.subject); account == "" && err == nil {
		first, err := members[0].Open(ctx)
		if err == nil {
			account, err = first.KeyAccount(ctx, id)
		}
		if err != nil {
			return nil, err
		}
	}
	if account != "" {
		return slices.DeleteFunc(members, func(m fleet.Member) bool { return m.ID != account }), nil
	}
	var all []fleet.Member
	for _, m := range members {
		session, err := m.Open(ctx)
		if err == nil {
			_, err = session.User(ctx, e.subject)
		}
		switch {
		case err == nil:
			all = append(all, m)
		case awsapi.ClassOf(err) != awsapi.NotFound:
			return nil, fmt.Errorf("look for %s in account %s: %w", e.subject, m.ID, err)
		}
	}
	return all, nil
}

func accountsOf(members []fleet.Member) string {
	var ids []string
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	return "account " + strings.Join(ids, ", ")
}
