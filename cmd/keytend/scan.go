package main

import (
	"context"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/inventory"
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
	findings, unread := goneSecrets(ctx, session, inv, findings)
	s.measure.leftOf(findings, unread)
	inv.Failures = append(inv.Failures, slices.Concat(failures, unread)...)
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
