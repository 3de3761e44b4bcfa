package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/fleet"
)

// accounts finds out which accounts are meant: by flags, else by the policy,
// else the credentials' own.
func (p *planning) accounts(ctx context.Context) error {
	p.fromPolicy()
	if err := p.fleet.parse(); err != nil {
		return err
	}
	err := p.openBase(ctx)
	switch {
	case err != nil:
	case p.fleet.asked():
		p.crew, err = p.app.crew(ctx, &p.fleet)
	default:
		p.crew, err = p.app.ownCrew(ctx, p.base)
	}
	if err != nil {
		return err
	}
	p.state.many = p.fleet.asked()
	return p.narrow()
}

// fromPolicy takes the accounts from the policy where no flag names any.
func (p *planning) fromPolicy() {
	if p.fleet.asked() || p.app.profile != "" {
		return
	}
	p.fleet.take(p.policy)
}

// take takes the accounts from a policy.
func (f *fleetFlags) take(p *config.Policy) {
	if o := p.Accounts.Organization; o != nil {
		f.organization, f.roleName, f.externalID = true, cmp.Or(o.Role, fleet.DefaultRole), o.ExternalID
		f.include, f.exclude, f.roles = o.Include, o.Exclude, rolesOf(o)
	}
	f.profiles = p.Accounts.Profiles
}

// meansMany takes the accounts from the policy, for a command that can do
// without one.
func (p *planning) meansMany() error {
	if p.fleet.asked() || p.app.profile != "" {
		return nil
	}
	if err := p.load(); err != nil {
		return err
	}
	p.fromPolicy()
	return p.fleet.parse()
}

// rolesOf are the roles of an organization that names several.
func rolesOf(o *config.Organization) fleet.Roles {
	if r := o.Roles; !r.None() {
		return fleet.Roles{Read: r.Read, Deliver: r.Deliver, Create: r.Create, Deactivate: r.Deactivate, Delete: r.Delete, Rest: o.Role}
	}
	return fleet.Roles{}
}

// openBase opens the session of the credentials in use; where only profiles are
// meant, of the first.
func (p *planning) openBase(ctx context.Context) (err error) {
	p.base, err = p.app.fleetBase(ctx, &p.fleet)
	return err
}

// narrow keeps the accounts of --account.
func (p *planning) narrow() error {
	for _, id := range p.account {
		if !slices.ContainsFunc(p.crew.Members, func(m fleet.Member) bool { return m.ID == id }) {
			return hinted{fmt.Errorf("account %s is none of the %s meant", id, count(len(p.crew.Members), "account")), "see accounts in the policy, --organization and --profiles"}
		}
	}
	if len(p.account) > 0 {
		p.crew.Members = slices.DeleteFunc(p.crew.Members, func(m fleet.Member) bool { return !slices.Contains(p.account, m.ID) })
	}
	return nil
}

// ownCrew is the credentials' own account.
func (a *app) ownCrew(ctx context.Context, session *awsapi.Session) (*crew, error) {
	if _, err := session.Identity(ctx); err != nil {
		return nil, err
	}
	own := fleet.Profiles{Names: []string{a.profile}, Open: func(context.Context, string) (*awsapi.Session, error) { return session, nil }}
	return &crew{app: a, atOnce: 1, at: now(session), Roster: own.Roster(ctx)}, nil
}
