package main

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

func scorecardCommand(a *app) *cobra.Command {
	rules := policy.DefaultRules()
	output := choice{allowed: formatNames(report.SheetFormats), value: string(report.Table)}
	var out string
	var accounts fleetFlags
	command := &cobra.Command{
		Use:   "scorecard",
		Short: "Measure accounts by the six best practices for access keys",
		Long: `Scorecard measures an AWS account, or all of an organization together
(--organization, --profiles: see scan), by AWS's six best practices: keys rotated
within 90 days, roles preferred to keys, automated rotation, monitoring, unused
keys off, no root keys. Each gets a number, a target and its worst offenders,
and says how it is measured and what that can't see.`,
		Example: `  keytend scorecard
  keytend scorecard --profile audit --output html --out scorecard.html
  keytend scorecard --organization --role-name Audit`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := cmp.Or(rules.Validate(), accounts.check(c, a.profile)); err != nil {
				return usageError{c, err}
			}
			write := func(card policy.Scorecard, failed []accesskey.Failure) error {
				return a.writeOutput(out, func(w io.Writer) error {
					return report.WriteScorecard(w, report.Format(output.value), card, failed, a.look(out))
				})
			}
			if accounts.asked() {
				return a.fleetScorecard(c.Context(), &accounts, rules, write)
			}
			return a.scorecard(c.Context(), rules, write)
		},
	}
	addRuleFlags(command, &rules)
	accounts.addTo(command)
	output.addTo(command, "output", "o", "output format")
	addOutFlag(command, &out)
	return command
}

// scorecard measures one account and hands the result to write.
func (a *app) scorecard(ctx context.Context, rules policy.Rules, write func(policy.Scorecard, []accesskey.Failure) error) error {
	session, err := a.open(ctx)
	if err != nil {
		return err
	}
	inv, err := a.collect(ctx, session, inventory.Options{
		IDs:    inventory.IDsForFindings,
		Wanted: func(inv accesskey.Inventory) []string { return policy.Wanted(inv, rules, now(session)) },
	})
	if err != nil {
		return err
	}
	account := inv.Account.ID
	monitoring, failed := a.monitoring(ctx, session, account)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	failed = append(inv.Failures, failed...)
	card := policy.Score([]accesskey.Inventory{inv}, map[string]policy.Monitoring{account: monitoring}, rules, now(session))
	if err := write(card, failed); err != nil {
		return err
	}
	return partial(failed)
}

// fleetScorecard measures many accounts together and keeps none of them.
func (a *app) fleetScorecard(ctx context.Context, accounts *fleetFlags, rules policy.Rules, write func(policy.Scorecard, []accesskey.Failure) error) error {
	crew, err := a.crew(ctx, accounts)
	if err != nil {
		return err
	}
	var (
		lock   sync.Mutex
		failed []accesskey.Failure
		scorer = policy.NewScorer(rules, crew.at)
		read   int
	)
	missing := crew.visit(ctx, inventory.Options{
		IDs:    inventory.IDsForFindings,
		Wanted: func(inv accesskey.Inventory) []string { return policy.Wanted(inv, rules, crew.at) },
	}, func(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory) error {
		monitoring, unwatched := a.monitoring(ctx, session, inv.Account.ID)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		lock.Lock()
		defer lock.Unlock()
		read++
		scorer.Add(inv, monitoring)
		failed = append(append(failed, inv.Failures...), unwatched...)
		return nil
	})
	failed = append(failed, missing...)
	slices.SortStableFunc(failed, func(a, b accesskey.Failure) int { return strings.Compare(a.Account, b.Account) })
	if ctx.Err() == nil {
		if err := write(scorer.Card(), failed); err != nil {
			return err
		}
	}
	return crew.outcome(ctx, read, missing, report.Troubles(failed))
}

// monitoring reads which of AWS Config's rules watch the account in the
// session's region.
func (a *app) monitoring(ctx context.Context, session *awsapi.Session, account string) (policy.Monitoring, []accesskey.Failure) {
	var failed []accesskey.Failure
	m := policy.Monitoring{}
	if recording, err := session.ConfigRecording(ctx); err != nil {
		failed = append(failed, awsapi.NewFailure(account, "", err))
		m.Recorder = accesskey.Unread[bool](err.Error())
	} else {
		m.Recorder = accesskey.Observed(recording, session.Now(), "config:DescribeConfigurationRecorderStatus")
	}
	if rules, err := session.ConfigRules(ctx); err != nil {
		failed = append(failed, awsapi.NewFailure(account, "", err))
		m.Rules = accesskey.Unread[[]string](err.Error())
	} else {
		m.Rules = accesskey.Observed(identifiers(rules), session.Now(), "config:DescribeConfigRules")
	}
	return m, failed
}

func identifiers(rules []awsapi.ConfigRule) []string {
	var names []string
	for _, rule := range rules {
		if rule.Active && rule.Identifier != "" {
			names = append(names, rule.Identifier)
		}
	}
	return names
}
