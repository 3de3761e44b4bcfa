package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// onlyWords are what --only takes.
var onlyWords = []string{"rotate", "unused", "delete", "resume"}

// addTo gives a command every flag.
func (p *planning) addTo(command *cobra.Command) {
	p.addAccountsTo(command)
	p.state.addEscrowTo(command)
	p.state.elsewhere.addTo(command)
	flags := command.Flags()
	flags.StringSliceVar(&p.only, "only", nil, "only `work` of these kinds: rotate, unused, delete, resume")
	flags.StringSliceVar(&p.user, "user", nil, "only these `users`")
	p.horizon = 30 * policy.Day
	flags.Var(span{&p.horizon}, "horizon", "how far ahead to list one by one what comes; what is later is in the calendar")
	flags.Var(span{&p.window}, "settle", "after which IAM's answers are taken to be the same everywhere")
	flags.Var(span{&p.span}, "prove-span", "over which the new key must succeed again and again")
	for _, name := range []string{"settle", "prove-span"} {
		if err := flags.MarkHidden(name); err != nil {
			panic(err) // defined just above
		}
	}
}

// addAccountsTo gives a command the flags that say which policy, which accounts
// and where the records are.
func (p *planning) addAccountsTo(command *cobra.Command) {
	p.config.addTo(command)
	p.fleet.addTo(command)
	p.fleet.narrowed = true
	command.Flags().StringSliceVar(&p.account, "account", nil, "only these `accounts` (IDs)")
	p.state.addTo(command)
}

// check finds contradictions before anything is read.
func (p *planning) check(c *cobra.Command) error {
	for _, word := range p.only {
		if !slices.Contains(onlyWords, word) {
			return fmt.Errorf("--only %s: want rotate, unused, delete, resume", word)
		}
	}
	return p.fleet.check(c, p.app.profile)
}

// filter keeps what --only and --user ask for.
func (p *planning) filter(items []policy.Item) []policy.Item {
	items = slices.DeleteFunc(items, func(i policy.Item) bool { return !p.asked(&i) })
	if p.heed != nil {
		for n := range items {
			p.heed(&items[n])
		}
	}
	return items
}

func (p *planning) asked(i *policy.Item) bool {
	if len(p.user) > 0 && !slices.Contains(p.user, i.User) {
		return false
	}
	return len(p.only) == 0 || slices.Contains(p.only, kindOf(i))
}

// kindOf is an item's word for --only.
func kindOf(i *policy.Item) string {
	switch {
	case i.Record != "":
		return "resume"
	case i.Work == accesskey.Rotation:
		return "rotate"
	case i.Inactive:
		return "delete"
	case i.Work == accesskey.Retirement:
		return "unused"
	}
	return ""
}

// filters are the flags that narrow a plan.
func (p *planning) filters() []string {
	var words []string
	for _, f := range []struct {
		name   string
		values []string
	}{{"--only", p.only}, {"--account", p.account}, {"--user", p.user}} {
		for _, v := range f.values {
			words = append(words, f.name+" "+v)
		}
	}
	return words
}
