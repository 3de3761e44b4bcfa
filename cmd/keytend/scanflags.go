package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/notify"
	"github.com/keytend/keytend/internal/policy"
)

func (s *scan) addFlags(command *cobra.Command) {
	addRuleFlags(command, &s.rules)
	flags := command.Flags()
	s.ids.addTo(command, "ids", "", "whose key IDs to look up (inactive keys that AWS's report leaves out are found with --live alone)")
	flags.BoolVar(&s.live, "live", false, "list every user's keys live instead of reading the credential report")
	flags.IntVar(&s.concurrency, "concurrency", inventory.DefaultConcurrency, "how many look-ups to make at once, within the rate that AWS bears")
	s.failOn.addTo(command, "fail-on", "", "exit 3 if a finding is at least as bad as this")
	flags.StringVar(&s.baseline, "baseline", "", "tell only what this earlier --output json `file` doesn't have")
	flags.StringVar(&s.notify, "notify", "", "where there are findings, send a summary to this shoutrrr `URL`")
	s.output.addTo(command, "output", "o", "output format")
	addOutFlag(command, &s.out)
	flags.BoolVar(&s.all, "all", false, "show every key, also those that break no rule, and on a terminal every finding")
	flags.BoolVar(&s.toHub, "securityhub", false, "import the findings into AWS Security Hub, and archive those that are over")
	s.elsewhere.addTo(command)
	flags.StringVar(&s.directory, "identity-store", "", "say owner-left where this identity `store` of IAM Identity Center (d-...) doesn't know an owner's mail address")
	s.secrets.addTo(command)
	s.measure.addTo(command)
	s.fleet.addTo(command)
	flags.BoolVar(&s.local, "local", false, "look for keys on this machine instead")
	flags.StringArrayVar(&s.files, "file", nil, "with --local: look in this dotenv or credentials `file` too (repeatable)")
	flags.BoolVar(&s.offline, "offline", false, "with --local: don't ask AWS anything")
	flags.BoolVar(&s.try, "try", false, "with --local: let each key sign for itself, which AWS counts as a use")
}

// addRuleFlags gives a command the limits to judge keys by.
func addRuleFlags(command *cobra.Command, rules *policy.Rules) {
	flags := command.Flags()
	flags.Var(span{&rules.MaxAge}, "max-age", "an older active key is too old")
	flags.Var(span{&rules.Warn}, "warn", "how long before that a key is due soon")
	flags.Var(span{&rules.Unused}, "unused", "a key unused for longer should be off")
	flags.StringSliceVar(&rules.OwnerTags, "owner-tag", rules.OwnerTags, "user `tag` that names the owner (repeatable, first match wins)")
}

// notEmpty refuses flags that were given nothing: a variable that isn't set
// must not leave a cron job without its baseline, or nobody told.
func notEmpty(c *cobra.Command, names ...string) error {
	for _, name := range names {
		if flag := c.Flags().Lookup(name); flag.Changed && strings.Trim(flag.Value.String(), "[]") == "" {
			return fmt.Errorf("--%s is empty: is the variable set that it is given?", name)
		}
	}
	return nil
}

// check finds contradictions before anything is read.
func (s *scan) check(c *cobra.Command) error {
	if s.local {
		return s.checkLocal(c)
	}
	if len(s.files) > 0 || s.offline || s.try {
		return fmt.Errorf("--file, --offline and --try go with --local")
	}
	if err := notEmpty(c, "notify", "baseline", "profiles"); err != nil {
		return err
	}
	if s.concurrency < 1 {
		return fmt.Errorf("--concurrency %d: want 1 or more", s.concurrency)
	}
	if err := s.fleet.check(c, s.app.profile); err != nil {
		return err
	}
	if s.fleet.asked() && s.all && slices.Contains([]string{"table", "markdown", "html"}, s.output.value) {
		return fmt.Errorf("--all of many accounts: want --output csv, json or ndjson, not %s", s.output.value)
	}
	if s.fleet.asked() && len(s.elsewhere.sources.Regions) > 0 {
		return fmt.Errorf("--cloudformation of many accounts: want one account, whose stacks they are")
	}
	if s.fleet.asked() && len(s.secrets.regions) > 0 {
		return fmt.Errorf("--secrets of many accounts: want one account, whose secrets they are")
	}
	if s.notify != "" {
		if err := notify.Check(s.notify); err != nil {
			return err
		}
	}
	return s.rules.Validate()
}
