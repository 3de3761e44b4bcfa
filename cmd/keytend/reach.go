package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// accountFlag says in which account a user or key is, where that is not the
// credentials' own.
func accountFlag(command *cobra.Command, account *string) {
	command.Flags().StringVar(account, "account", "", "the `ID` of the account, where it is not that of the credentials in use: it is entered as the policy file says")
}

// reach opens the account in which something of the user is under way: the one
// that is named, else the only one of which the state file tells, else the
// credentials' own. Users of many accounts have the same name: which of them is
// meant is never guessed.
func (a *app) reach(ctx context.Context, s *state, account, user string) (*bench, error) {
	b, err := a.openBench(ctx, s, false)
	if err != nil {
		return nil, err
	}
	if account == "" {
		if account, err = b.accountOf(ctx, user); err != nil {
			b.close()
			return nil, err
		}
	}
	return b.enter(ctx, s, account)
}

// accountOf is where something of the user is under way, by the state file; our
// own where nothing is.
func (b *bench) accountOf(ctx context.Context, user string) (string, error) {
	records, err := b.desk.List(ctx, "", false)
	if err != nil {
		return "", err
	}
	found := map[string]bool{}
	for _, r := range records {
		if strings.EqualFold(r.Subject.User, user) {
			found[r.Subject.Account] = true
		}
	}
	accounts := slices.Sorted(maps.Keys(found))
	switch len(accounts) {
	case 0:
		return b.account, nil
	case 1:
		return accounts[0], nil
	}
	return "", hinted{fmt.Errorf("in which account? Something of %s is under way in %s", user, strings.Join(accounts, ", ")), "say --account"}
}

// enter takes the bench to another account, as the policy file says that it is
// entered. It closes b where it can't.
func (b *bench) enter(ctx context.Context, s *state, account string) (*bench, error) {
	if account == "" || account == b.account {
		return b, nil
	}
	p := &planning{app: b.app, state: *s, account: []string{account}, desk: b.desk}
	p.fleet.atOnce = accountsAtOnce
	other, err := p.benchOf(ctx, account)
	if err != nil {
		b.close()
		return nil, err
	}
	*s = p.state
	return other, nil
}

// benchOf opens one account of the policy's.
func (p *planning) benchOf(ctx context.Context, account string) (*bench, error) {
	if err := p.load(); err != nil {
		return nil, err
	}
	p.fromPolicy()
	if !p.fleet.asked() {
		return nil, hinted{fmt.Errorf("account %s is not that of the credentials in use, and no policy file says how it is entered", account),
			"use credentials of it (--profile), or a policy with accounts (KEYTEND_CONFIG, or keytend.yaml in this folder)"}
	}
	if err := p.accounts(ctx); err != nil {
		return nil, err
	}
	if err := p.openStates(); err != nil {
		return nil, err
	}
	if err := p.openState(ctx, false); err != nil {
		return nil, err
	}
	session, err := p.crew.Members[0].Open(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := session.Identity(ctx); err != nil { // AWS's clock is known from here on
		return nil, err
	}
	b := p.bench(session, account)
	b.rotator.Gate.Freezes = p.app.freezesInForce()
	return b, nil
}
