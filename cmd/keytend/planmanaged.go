package main

import (
	"context"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/managed"
	"github.com/keytend/keytend/internal/policy"
)

// openStates names the Terraform states of the policy and the flags. They are
// read once for all accounts.
func (p *planning) openStates() error {
	sources := managed.Sources{States: p.sources().States}
	if err := sources.Check(); err != nil {
		return err
	}
	p.states = managed.New(sources, p.base, nil, p.base.Now)
	return nil
}

// sources are where flags and policy say that other managers are known.
func (p *planning) sources() managed.Sources {
	s := managed.Sources{
		States:  union(p.state.elsewhere.sources.States, p.policy.Managed.TerraformState),
		Regions: union(p.state.elsewhere.sources.Regions, p.policy.Managed.CloudFormationRegions),
	}
	s.Everywhere = p.policy.Managed.CloudFormation && len(p.policy.Managed.CloudFormationRegions) == 0
	return s
}

// lookout is who else manages one account's keys.
func (p *planning) lookout(session *awsapi.Session) *lookout {
	return &lookout{sources: p.sources(), states: p.base, session: session}
}

// managed asks who else manages the keys that something would be done about, and
// says where it could not look.
func (p *planning) managed(ctx context.Context, session *awsapi.Session, items []policy.Item) (map[accesskey.ID]accesskey.Fact[string], []accesskey.Failure) {
	sources := p.sources()
	sources.States = nil
	stacks := managed.New(sources, nil, session, session.Now)
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
	return all, barredRegions(ctx, session, stacks.Barred())
}

// rotatedThrough adds the keys of users who are rotated through a secret: the
// function does that, and nobody else.
func rotatedThrough(inv accesskey.Inventory, items []policy.Item, all map[accesskey.ID]accesskey.Fact[string]) {
	secrets := map[string]accesskey.Fact[string]{}
	for _, u := range inv.Users {
		if tags, _ := u.Tags.Get(); tags[policy.SecretTag] != "" {
			secrets[u.Name] = accesskey.Observed("the rotation function of secret "+tags[policy.SecretTag]+" (the user's tag "+policy.SecretTag+")", u.Tags.At(), u.Tags.Source())
		}
	}
	for i := range items {
		if by, marked := secrets[items[i].User]; marked && items[i].Key != "" {
			all[items[i].Key] = by
		}
	}
}

// barredRegions says in which regions nobody could be asked.
func barredRegions(ctx context.Context, session *awsapi.Session, regions []string) []accesskey.Failure {
	if len(regions) == 0 {
		return nil
	}
	who, _ := session.Identity(ctx) // remembered
	return []accesskey.Failure{{
		Account: who.Account, Call: "cloudformation:ListStacks", Class: string(awsapi.DeniedByOrganization),
		Err:  "a service control policy denies it in " + strings.Join(regions, ", ") + ": what stacks there manage is not known",
		Hint: "Where those regions hold no stacks, name the others in managed.cloudformation_regions.",
	}}
}

// noteHandOver says of keys that something else manages how they are handed over.
func noteHandOver(items []policy.Item) {
	for n := range items {
		by, found := strings.CutPrefix(items[n].Saw, "managed by ")
		if patch := managed.HandOverOf(by); found && items[n].Reason == policy.WhyManaged && patch != "" {
			items[n].Todo += ".\n" + patch
		}
	}
}

// handOverOf is how the key of a block leaves its manager's hands, in lines; none
// where it is blocked for another reason, or that isn't known.
func handOverOf(b *accesskey.Block) []string {
	if b == nil || b.Reason != policy.WhyManaged {
		return nil
	}
	_, by, _ := strings.Cut(b.Saw, " is managed by ")
	patch := managed.HandOverOf(by)
	if patch == "" {
		return nil
	}
	return strings.Split(patch, "\n")
}
