package main

import (
	"context"
	"io"

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
	command := &cobra.Command{
		Use:   "scorecard",
		Short: "Measure an account by the six best practices for access keys",
		Long: `Scorecard measures one AWS account by AWS's six best practices: keys rotated
within 90 days, roles preferred to keys, automated rotation, monitoring, unused
keys off, no root keys. Each gets a number, a target and its worst offenders,
and says how it is measured and what that can't see.`,
		Example: `  keytend scorecard
  keytend scorecard --profile audit --output html --out scorecard.html`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := rules.Validate(); err != nil {
				return usageError{c, err}
			}
			return a.scorecard(c.Context(), rules, func(card policy.Scorecard, failed []accesskey.Failure) error {
				return a.writeOutput(out, func(w io.Writer) error {
					return report.WriteScorecard(w, report.Format(output.value), card, failed, a.look(out))
				})
			})
		},
	}
	addRuleFlags(command, &rules)
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
