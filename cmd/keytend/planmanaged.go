package main

import (
	"context"
	"slices"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/managed"
	"github.com/keytend/keytend/internal/policy"
)

// openStates names the Terraform states of the policy and the flags. They are
// read once for all accounts.
func (p *planning) openStates() error {
	sources := managed.Sources{States: slices.Concat(p.state.elsewhere.sources.States, p.policy.Managed.TerraformState)}
	if err := sources.Check(); err != nil {
		return err
	}
	p.states = managed.New(sources, p.base, nil, p.base.Now)
	return nil
}

// stacks are who made keys in one account's CloudFormation.
func (p *planning) stacks(session *awsapi.Session) managed.Sources {
	regions := slices.Clone(p.state.elsewhere.sources.Regions)
	if region, _ := session.Region(); p.policy.Managed.CloudFormation && region != "" && !slices.Contains(regions, region) {
		regions = append(regions, region)
	}
	return managed.Sources{Regions: regions}
}

// registry is who else manages one account's keys; nil: nobody is asked.
func (p *planning) registry(session *awsapi.Session) *managed.Registry {
	sources := p.stacks(session)
	sources.States = slices.Concat(p.state.elsewhere.sources.States, p.policy.Managed.TerraformState)
	if !sources.Any() {
		return nil
	}
	return managed.New(sources, p.base, session, session.Now)
}

// managed asks who else manages the keys that something would be done about.
func (p *planning) managed(ctx context.Context, session *awsapi.Session, items []policy.Item) map[accesskey.ID]accesskey.Fact[string] {
	stacks := managed.New(p.stacks(session), nil, session, session.Now)
	all := map[accesskey.ID]accesskey.Fact[string]{}
	for i := range items {
		key := items[i].Key
		if key == "" || items[i].Action != policy.Begin && items[i].Action != policy.Cannot {
			continue
		}
		owner, err := p.states.Of(ctx, key)
		if owner == nil && err == nil {
			owner, err = stacks.Of(ctx, key)
		}
		switch {
		case err != nil:
			all[key] = accesskey.Unread[string](err.Error())
		case owner != nil:
			all[key] = accesskey.Observed(owner.String(), session.Now(), owner.Where)
		}
	}
	return all
}
