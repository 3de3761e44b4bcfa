package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/monitor"
	"github.com/keytend/keytend/internal/policy"
)

func monitorCommand(a *app) *cobra.Command {
	command := &cobra.Command{
		Use:   "monitor",
		Short: "Have AWS itself watch over access keys: Config rules, alarms, mail",
		Long: `Monitor installs, shows and removes what watches over access keys in AWS itself,
in one region: AWS Config's three managed rules on keys, alarms on Keytend's own
metrics (see scan --cloudwatch), rules of EventBridge on what AWS Config finds and
on rotations by Secrets Manager that fail, and a topic of SNS that tells people.

It touches only what it made, which is tagged keytend:made-by. No alarm hangs on a
metric that AWS does not publish: AWS Config has none for its rules.`,
		Example: `  keytend monitor install --region eu-central-1 --mail security@example.com
  keytend monitor status --region eu-central-1
  keytend monitor remove --region eu-central-1`,
	}
	command.AddCommand(monitorInstallCommand(a), monitorStatusCommand(a), monitorRemoveCommand(a))
	return command
}

// watching is one run of a monitor command.
type watching struct {
	app     *app
	command *cobra.Command
	config  policyFlag
	options monitor.Options
	yes     bool

	session *awsapi.Session
	site    *monitor.Site

	policyAge, policyUnused time.Duration // the policy's limits
}

// addLimitsTo gives a command the flags that say what is watched.
func (w *watching) addLimitsTo(command *cobra.Command) {
	w.command = command
	w.config.addTo(command)
	flags := command.Flags()
	flags.Var(span{&w.options.MaxAge}, "max-age", "an older active key is too old (default: the policy's max_age)")
	flags.Var(span{&w.options.Unused}, "unused", "a key unused for longer should be off (default: the policy's report_unused)")
	flags.StringVar(&w.options.Topic, "topic", "", "`ARN` of a topic that is there, instead of one named keytend that is made")
	flags.BoolVar(&w.options.WithoutConfig, "without-config", false, "no rules of AWS Config: alarms and rotation events alone")
	w.addOrganizationTo(command)
}

func (w *watching) addOrganizationTo(command *cobra.Command) {
	w.command = command
	command.Flags().BoolVar(&w.options.Organization, "organization", false, "AWS Config's rules in every account of the organization (management account or AWS Config's delegated administrator)")
}

// limits are those of the flags, else of the policy.
func (w *watching) limits() error {
	p, err := w.app.loadPolicy(&w.config)
	if err != nil {
		return err
	}
	rules := limitsOf(p)
	w.policyAge, w.policyUnused = rules.MaxAge, rules.Unused
	if !w.command.Flags().Changed("max-age") {
		w.options.MaxAge = rules.MaxAge
	}
	if !w.command.Flags().Changed("unused") {
		w.options.Unused = rules.Unused
	}
	w.options.Late = lateBy
	for name, limit := range map[string]time.Duration{"max-age": w.options.MaxAge, "unused": w.options.Unused} {
		if !w.options.WithoutConfig && (limit < policy.Day || limit%policy.Day != 0) {
			return usageError{w.command, fmt.Errorf("%s %s: AWS Config counts whole days: want so many days, or --without-config", name, limit)}
		}
	}
	return nil
}

// lateBy is how much older than max_age the oldest key gets before that is an
// alarm of its own.
const lateBy = 30 * policy.Day

// recall takes what was installed for what is wanted, but for what the flags
// say.
func (w *watching) recall(ctx context.Context) (err error) {
	if w.session, err = w.app.open(ctx); err != nil {
		return err
	}
	found, there, err := monitor.Found(ctx, w.session)
	if err != nil || !there {
		return err
	}
	said := func(flag string) bool { return w.command.Flags().Changed(flag) }
	if !said("topic") {
		w.options.Topic = found.Topic
	}
	if !said("organization") && !said("without-config") {
		w.options.Organization, w.options.WithoutConfig = found.Organization, found.WithoutConfig
	}
	w.recallLimit("max-age", &w.options.MaxAge, found.MaxAge)
	w.recallLimit("unused", &w.options.Unused, found.Unused)
	return nil
}

// recallLimit takes a limit as it was installed. That the policy has another is
// told.
func (w *watching) recallLimit(flag string, limit *time.Duration, installed time.Duration) {
	if w.command.Flags().Lookup(flag) == nil || w.command.Flags().Changed(flag) {
		return
	}
	if *limit != installed {
		w.app.aside("the watch was installed with %s %s, the policy has %s: `keytend monitor install` goes by the policy, or by --%s", flag, spelt(installed), spelt(*limit), flag)
	}
	*limit = installed
}

// survey looks at the region.
func (w *watching) survey(ctx context.Context) (err error) {
	if w.session == nil {
		if w.session, err = w.app.open(ctx); err != nil {
			return err
		}
	}
	w.site, err = monitor.Survey(ctx, w.session, w.options)
	return err
}

func (w *watching) place() string {
	return fmt.Sprintf("account %s, region %s", w.site.Account, w.site.Region)
}

// show tells what is to be done.
func (w *watching) show(steps []monitor.Step) {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		_, _ = fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", s.Act, s.Kind, s.Name, s.Why) // a strings.Builder takes everything
	}
	_ = t.Flush()
	w.app.line("A" + w.place()[1:] + "\n" + trimmed(b.String()))
}

// carryOut does it, after asking.
func (w *watching) carryOut(ctx context.Context, steps []monitor.Step, question string) error {
	changes := slices.DeleteFunc(slices.Clone(steps), func(s monitor.Step) bool { return !s.Changes() })
	if len(changes) == 0 {
		w.app.line("Nothing to do.")
		return nil
	}
	if err := w.app.ask(w.command, w.yes, question); err != nil {
		return err
	}
	for done, s := range changes {
		if err := s.Do(ctx); err != nil {
			return hinted{fmt.Errorf("%s %s %s, after %d of %d were done: %w", s.Act, s.Kind, s.Name, done, len(changes), err),
				strings.TrimSpace(awsapi.Hint(err) + " Run it again: it goes on from where things stand.")}
		}
	}
	w.app.line(fmt.Sprintf("Done: %s.", count(len(changes), "change")))
	return nil
}

func monitorInstallCommand(a *app) *cobra.Command {
	w := &watching{app: a}
	command := &cobra.Command{
		Use:   "install",
		Short: "Install the watch over access keys in one region, or repair it",
		Long: `Install shows what it would make, and asks. Run again, it repairs what somebody has
changed or deleted, and changes nothing else.

A rule of AWS Config that somebody else made and that has the same limit is used
as it is. AWS Config needs a configuration recorder in the region, and costs money
for each evaluation: install it in one region alone, for IAM is the same in all.

Alarms are on Keytend's own metrics: have keytend scan --cloudwatch (or apply
--cloudwatch) run every day with the same region. Where it doesn't for a day, the
alarm keytend-silent says so.`,
		Example: `  keytend monitor install --region eu-central-1 --mail security@example.com
  keytend monitor install --topic arn:aws:sns:us-east-1:123456789012:security --yes
  keytend monitor install --organization --max-age 60d
  keytend monitor install --without-config`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if w.options.Topic != "" && len(w.options.Mail) > 0 {
				return usageError{c, errors.New("--mail goes with a topic that is made, not with --topic: subscribe there yourself")}
			}
			return w.install(c.Context())
		},
	}
	w.addLimitsTo(command)
	command.Flags().StringSliceVar(&w.options.Mail, "mail", nil, "mail `address` that is told (repeatable)")
	command.Flags().BoolVar(&w.yes, "yes", false, "don't ask")
	return command
}

func (w *watching) install(ctx context.Context) error {
	if err := w.limits(); err != nil {
		return err
	}
	if err := w.survey(ctx); err != nil {
		return err
	}
	if err := w.recorded(); err != nil {
		return err
	}
	steps := monitor.Install(w.site.Things)
	w.show(steps)
	if i := slices.IndexFunc(steps, func(s monitor.Step) bool { return s.Act == monitor.Leave }); i >= 0 {
		return hinted{fmt.Errorf("nothing was changed: %s %s in %s: %s", steps[i].Kind, steps[i].Name, w.place(), steps[i].Why), "rename or delete it, if it is not needed"}
	}
	if err := w.carryOut(ctx, steps, "Install this?"); err != nil {
		return err
	}
	w.notes()
	return nil
}

// recorded wants a recorder that runs, for without one AWS Config's rules judge
// nothing.
func (w *watching) recorded() error {
	switch {
	case w.options.WithoutConfig || w.site.Recorder == awsapi.RecorderOn:
		return nil
	case w.options.Organization:
		w.app.aside("no configuration recorder runs in %s: this account itself will have no rules", w.place())
		return nil
	case w.site.Recorder == awsapi.RecorderOff:
		return hinted{fmt.Errorf("nothing was changed: the configuration recorder in %s is off, so AWS Config's rules would judge nothing", w.place()),
			"switch it on (`aws configservice start-configuration-recorder --configuration-recorder-name default --region " + w.site.Region + "`), name another region by --region, or take --without-config"}
	}
	return hinted{fmt.Errorf("nothing was changed: there is no configuration recorder in %s, so there can be no rules of AWS Config", w.place()),
		"set AWS Config up there (console: AWS Config, Get started; it records AWS::IAM::User), name the region where it is by --region, or take --without-config"}
}

// notes are what else is to be known and done.
func (w *watching) notes() {
	for _, t := range w.site.Things {
		if t.Note != "" && t.Kind != "alarm" {
			w.app.line(fmt.Sprintf("%s %s: %s", t.Kind, t.Name, t.Note))
		}
	}
	w.app.line(fmt.Sprintf("Metrics come from  keytend scan --cloudwatch --region %s  Run it now and every day: without, keytend-silent is an alarm.", w.site.Region))
}

func monitorRemoveCommand(a *app) *cobra.Command {
	w := &watching{app: a}
	command := &cobra.Command{
		Use:   "remove",
		Short: "Remove what monitor install made in a region",
		Long: `Remove deletes what monitor install made in the region, and nothing else: what
somebody else made under the same name is left alone, which is said. It asks
first. What was installed says itself how; a topic that --topic named stays.
Keytend's metrics stay in CloudWatch until they are too old to be kept.`,
		Example: "  keytend monitor remove --region eu-central-1\n  keytend monitor remove --organization --yes",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx := c.Context()
			if err := w.recall(ctx); err != nil {
				return err
			}
			if err := w.survey(ctx); err != nil {
				return err
			}
			steps := monitor.Removal(w.site.Things)
			w.show(steps)
			return w.carryOut(ctx, steps, "Remove this?")
		},
	}
	w.addOrganizationTo(command)
	command.Flags().BoolVar(&w.yes, "yes", false, "don't ask")
	return command
}

// trimmed is a text without what a table leaves at the ends of its lines.
func trimmed(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
