package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/notify"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// scan is one run of `keytend scan`: what was asked for on the command line.
type scan struct {
	app         *app
	rules       policy.Rules
	ids         choice
	failOn      choice // empty: not given
	output      choice
	out         string
	baseline    string
	notify      string
	live, all   bool
	concurrency int
	fleet       fleetFlags
	toHub       bool
	elsewhere   elsewhere
	secrets     keptSecrets
	directory   string
	measure     measuring

	local   bool
	offline bool
	try     bool
	files   []string
}

func scanCommand(a *app) *cobra.Command {
	s := &scan{
		app:    a,
		rules:  policy.DefaultRules(),
		ids:    choice{allowed: []string{"findings", "all", "none"}, value: "findings"},
		failOn: choice{allowed: severityNames()},
		output: choice{allowed: formatNames(report.ScanFormats), value: string(report.Table)},
	}
	command := &cobra.Command{
		Use:   "scan",
		Short: "Find every access key and the rules it breaks",
		Long: `Scan reads one AWS account and says which access keys break which rule, worst
first: too old, about to be, unused, never used, more than one, of the root
user, quarantined by AWS, made at setup, lying around. It reads AWS's credential
report (up to four hours old, which is said) and looks up live what a finding
names. Where the report is denied, every user is listed live.

With --baseline, only findings that an earlier --output json doesn't have are
told, and any of them gives exit code 3 (with --fail-on: those as bad as that).

With --organization, it reads every account of the AWS organization: its own with
the credentials in use, the others by the role --role-name. Run it as the
management account or a delegated administrator. Accounts that are suspended,
being closed or not yet active are left out, which is said. No account is
entered that --include and --exclude leave out. With --profiles, it reads the
account of each profile. Either way, an account that can't be read is listed
under errors (exit code 4) and stops no other; all are judged as of the moment
at which the scan began; table, markdown and html show the first 100, 500 and
5,000 findings and leave out the list of every key.

With --securityhub, each account's findings go to its own Security Hub in the
region in use, as a custom product's. A later scan updates them, and archives
those that are over; where a fact could not be read, what was found before stays.

With --cloudwatch, keys by state and the age of the oldest go to CloudWatch in the
region in use, as metrics in the namespace Keytend; ` + "`keytend monitor install`" + ` makes
alarms on them. What could not be read is never told as none.

With --local, it looks for keys on this machine instead: the AWS credentials and
config files, the environment, and each --file. It asks AWS whose each key is,
by its ID and with the credentials in use; with --offline it asks nobody. With
--try, each key also signs for itself (sts:GetCallerIdentity): that tells
whether it works, and whose it is without any permission, but AWS counts it as
a use of the key.`,
		Example: `  keytend scan
  keytend scan --profile audit --max-age 60d --output html --out report.html
  keytend scan --fail-on high                       # in CI: exit code 3
  keytend scan --baseline last.json --notify "$URL" # in cron: only what is new
  keytend scan --organization --exclude ou:Sandbox --output ndjson
  keytend scan --profiles prod,staging,dev
  keytend scan --organization --securityhub --region eu-central-1
  keytend scan --quiet --cloudwatch --region eu-central-1 # daily, from cron
  keytend scan --local --file .env`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.check(c); err != nil {
				return usageError{c, err}
			}
			if s.local {
				return s.runLocal(c.Context())
			}
			if s.fleet.asked() {
				return s.runFleet(c.Context())
			}
			return s.run(c.Context())
		},
	}
	s.addFlags(command)
	return command
}

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

// check finds contradictions before anything is read.
func (s *scan) check(c *cobra.Command) error {
	if s.local {
		return s.checkLocal(c)
	}
	if len(s.files) > 0 || s.offline || s.try {
		return fmt.Errorf("--file, --offline and --try go with --local")
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

// result is what a scan came to.
type result struct {
	report.Scan
	failures []accesskey.Failure
	compared bool // with a baseline
	session  *awsapi.Session
	region   string // of the session
}

// readers is who may read the report's file. Metrics name no key, and
// node_exporter, which collects them, is another user.
func (s *scan) readers() os.FileMode {
	if s.output.value == string(report.Prometheus) {
		return 0o644
	}
	return forOwner
}

func (s *scan) run(ctx context.Context) error {
	baseline, err := s.openBaseline()
	if err != nil {
		return err
	}
	found, err := s.observe(ctx, baseline)
	if err != nil {
		return err
	}
	err = s.app.writeOutputFor(s.out, s.readers(), func(w io.Writer) error {
		look := s.app.look(s.out)
		look.Region = found.region
		if s.all {
			look.All, look.Limit = true, 0
		}
		return report.Write(w, report.Format(s.output.value), found.Scan, look)
	})
	if err != nil {
		return err
	}
	told := s.tell(ctx, found)
	return s.measure.send(ctx, s.app, found.session, found.GeneratedAt, 0, s.verdict(found, told))
}

// openBaseline reads the baseline; nil: none is asked for.
func (s *scan) openBaseline() (*report.Baseline, error) {
	if s.baseline == "" {
		return nil, nil
	}
	baseline, err := readBaseline(s.baseline)
	return &baseline, err
}

// observe reads the account and judges it.
func (s *scan) observe(ctx context.Context, baseline *report.Baseline) (result, error) {
	session, err := s.app.open(ctx)
	if err != nil {
		return result{}, err
	}
	registry, err := s.elsewhere.registry(session)
	if err != nil {
		return result{}, err
	}
	recorded := s.app.usesOnRecord(ctx)
	if recorded != nil {
		defer func() { _ = recorded.Close() }()
	}
	inv, err := s.app.collect(ctx, session, inventory.Options{
		IDs: inventory.IDs(s.ids.value), Live: s.live, Concurrency: s.concurrency,
		Wanted: func(inv accesskey.Inventory) []string {
			return s.app.sharing(ctx, recorded, inv.Account.ID, now(session)).wanted(inv, s.rules, now(session))
		},
	})
	if err != nil {
		return result{}, err
	}
	s.app.sharing(ctx, recorded, inv.Account.ID, now(session)).note(&inv)
	at := now(session)
	findings := policy.Findings(inv, s.rules, at)
	s.measure.account(inv, findings, at)
	inv.Failures = append(inv.Failures, noteManaged(ctx, registry, inv.Account.ID, findings)...)
	inv.Failures = append(inv.Failures, s.leavers(session).note(ctx, inv.Account.ID, findings)...)
	inv.Failures = append(inv.Failures, s.tellHub(ctx, session, inv, findings, at)...)
	findings, failures := s.secrets.findings(ctx, session, inv, findings)
	inv.Failures = append(inv.Failures, failures...)
	found := s.judge(inv, findings, at, baseline)
	found.session = session
	found.region, _ = session.Region()
	return found, nil
}

// leavers knows whose owner has left; nil: nobody asked.
func (s *scan) leavers(session *awsapi.Session) *leavers {
	if s.directory == "" {
		return nil
	}
	return newLeavers(session, "", s.directory)
}

// tellHub tells Security Hub where that is asked for.
func (s *scan) tellHub(ctx context.Context, session *awsapi.Session, inv accesskey.Inventory, findings []policy.Finding, at time.Time) []accesskey.Failure {
	if !s.toHub {
		return nil
	}
	h := &hub{rules: s.rules, now: at}
	failures := h.tell(ctx, session, inv, findings)
	h.remark(s.app)
	return failures
}

func (s *scan) judge(inv accesskey.Inventory, findings []policy.Finding, now time.Time, baseline *report.Baseline) result {
	policy.Rank(findings)
	r := result{failures: inv.Failures}
	r.Scan = report.Scan{GeneratedAt: now, Rules: s.rules, Accounts: []accesskey.Inventory{inv}, Findings: findings}
	if baseline != nil {
		r.compared = true
		r.Findings, r.Known = report.New(findings, *baseline), report.Known(findings, *baseline)
	}
	return r
}

// verdict turns what was found into the exit code. Told is why the
// notification failed.
func (s *scan) verdict(found result, told error) error {
	if told != nil {
		s.app.say(told)
	}
	if err := partial(found.failures); err != nil {
		return err
	}
	return s.findingsVerdict(s.failing(found), told)
}

// findingsVerdict is the verdict where everything could be read.
func (s *scan) findingsVerdict(failing int, told error) error {
	if failing > 0 {
		return verdict{code: exitFindings, text: s.findingsText(failing)}
	}
	if told != nil {
		return verdict{code: exitFailed, text: "the report is complete, the notification was not sent"}
	}
	return nil
}

// failing counts the findings that --fail-on and --baseline make fatal.
func (s *scan) failing(found result) int {
	n := 0
	for _, f := range found.Findings {
		if s.fatal(f, found.compared) {
			n++
		}
	}
	return n
}

// fatal reports whether a finding makes the exit code 3. Compared says that a
// baseline was given and doesn't have it.
func (s *scan) fatal(f policy.Finding, compared bool) bool {
	if s.failOn.value == "" {
		return compared
	}
	limit, err := policy.ParseSeverity(s.failOn.value)
	return err == nil && f.Severity >= limit // choice let only severities through
}

func (s *scan) findingsText(n int) string {
	kind := "finding"
	if s.baseline != "" {
		kind = "new finding"
	}
	text := count(n, kind)
	if s.failOn.value != "" {
		text += " at or above " + s.failOn.value
	}
	return text
}

// tell sends the notification where there is anything to tell.
func (s *scan) tell(ctx context.Context, found result) error {
	if s.notify == "" || len(found.Findings) == 0 {
		return nil
	}
	title, text := report.Digest(found.Scan)
	return notify.Send(ctx, s.notify, title, text)
}

func readBaseline(path string) (report.Baseline, error) {
	f, err := os.Open(path)
	if err != nil {
		return report.Baseline{}, fmt.Errorf("read baseline: %w", err)
	}
	defer func() { _ = f.Close() }()
	baseline, err := report.ReadBaseline(f)
	if err != nil {
		return report.Baseline{}, fmt.Errorf("read baseline %s: %w", path, err)
	}
	return baseline, nil
}
