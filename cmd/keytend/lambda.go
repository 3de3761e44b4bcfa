package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/destination/all"
	"github.com/keytend/keytend/internal/destination/secretsmanager"
	"github.com/keytend/keytend/internal/destination/ssm"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
	"github.com/keytend/keytend/internal/rotationlambda"
)

// runtimeVariable is set where Lambda starts the program.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
const runtimeVariable = "AWS_LAMBDA_RUNTIME_API"

// functionMode is the program as a function of AWS Lambda. What is read of AWS and
// can't change any more is kept from one invocation to the next.
type functionMode struct {
	app    *app
	config policyFlag

	policy  *config.Policy
	session *awsapi.Session
	account *onaws.Account
	who     awsapi.Identity
	audit   *slog.Logger // where the audit goes
}

// serve answers Lambda's invocations until the process ends.
func (m *functionMode) serve(ctx context.Context) {
	lambda.StartWithOptions(m.handle, lambda.WithContext(ctx))
}

// scheduled is the event of a scheduled command.
type scheduled struct {
	Args []string `json:"args"`
}

// handle answers one invocation: a step of a rotation, the reaper, or a command
// line as in a terminal.
func (m *functionMode) handle(ctx context.Context, event json.RawMessage) (json.RawMessage, error) {
	var line scheduled
	if err := json.Unmarshal(event, &line); err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	if line.Args != nil {
		return m.command(ctx, line.Args)
	}
	out, alarms, err := m.rotate(ctx, event)
	if err != nil {
		m.logger().ErrorContext(ctx, "invocation failed", "error", printable(err.Error()), "alert", true)
	}
	at := m.app.now()
	if m.session != nil {
		at = m.session.Now()
	}
	return out, errors.Join(err, report.EmbedMetrics(m.app.stdout, at, became(out, alarms, err)))
}

// became is what became of an invocation, for the alarms: nobody reads the log before one
// rings. What the reaper could not look at may be blocked still; a zero would end that
// alarm.
func became(out json.RawMessage, alarms int, failed error) []report.Datum {
	var reaped rotationlambda.Reaped
	reaps := len(out) > 0 && string(out) != "null" && json.Unmarshal(out, &reaped) == nil
	failures := len(reaped.Failed)
	if failed != nil {
		failures = max(failures, 1)
	}
	failures += alarms
	var data []report.Datum
	if blocked := len(reaped.Blocked); reaps && (blocked > 0 || failed == nil && reaped.Left == 0) {
		data = append(data, report.RecordsBlocked(blocked))
	}
	if reaps || failures > 0 {
		data = append(data, report.RotationsFailed(failures))
	}
	return data
}

func (m *functionMode) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(m.app.stdout, nil))
}

func (m *functionMode) rotate(ctx context.Context, event json.RawMessage) (answer json.RawMessage, alarms int, err error) {
	m.app.log = m.logger()
	if err := m.open(ctx); err != nil {
		return nil, 0, err
	}
	f := m.function(ctx)
	answer, err = f.Handle(ctx, event)
	return answer, f.Alarms(), err
}

// open reads the policy and enters AWS, once for the life of the process.
func (m *functionMode) open(ctx context.Context) error {
	if m.session != nil {
		return nil
	}
	p, err := m.app.loadPolicy(&m.config)
	if err != nil {
		return fmt.Errorf("read the policy: %w", err)
	}
	options := m.app.awsOptions()
	if m.app.hurried() {
		options.RetryPause = 5 * time.Millisecond
	}
	session, err := awsapi.Open(ctx, options)
	if err != nil {
		return err
	}
	if m.who, err = session.Identity(ctx); err != nil {
		return err
	}
	region, _ := session.Region()
	m.account = onaws.New(session, onaws.Options{Journal: journalOf(region), Keyless: true, Function: true})
	m.policy, m.session = p, session
	if m.audit == nil {
		m.audit = m.logger()
	}
	return nil
}

// journalOf is what the tokens of a region's rotation function begin with.
func journalOf(region string) string { return "fn" + strings.ReplaceAll(region, "-", "") }

// function is the rotation function for one invocation.
func (m *functionMode) function(ctx context.Context) *rotationlambda.Function {
	region, _ := m.session.Region()
	name, arn := randomWord(10), ""
	if invoked, known := lambdacontext.FromContext(ctx); known {
		name, arn = invoked.AwsRequestID, unqualified(invoked.InvokedFunctionArn)
	}
	f := &rotationlambda.Function{
		Rotator: m.rotator(region), Store: m.session.Secrets(region), Past: m.account, Account: m.who.Account, Region: region, ARN: arn,
		Terms: m.terms, MarkUser: m.account.MarkSecret, Sleep: m.sleep, Log: m.audit, Name: name,
	}
	if m.app.simulated() {
		f.Rotator.Clock = virtualClock{m.account}
	}
	return f
}

// unqualified is a function's ARN without the alias or version that was invoked.
func unqualified(arn string) string {
	parts := strings.Split(arn, ":")
	return strings.Join(parts[:min(len(parts), 7)], ":")
}

// sleep waits, or has the simulated AWS move its clock: nothing else happens there
// while the function is at work.
func (m *functionMode) sleep(ctx context.Context, d time.Duration) error {
	if !m.app.simulated() {
		return m.app.sleep(ctx, d)
	}
	endpoint, _ := m.app.lookupEnv("AWS_ENDPOINT_URL")
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint+"/_sim/advance?only=clock&by="+d.String(), nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("move the simulation's clock: %w", err)
	}
	_ = answer.Body.Close()
	_ = m.session.AskTime(ctx) // else the next answer tells it
	return nil
}

func (m *functionMode) rotator(region string) rotation.Rotator {
	return rotation.Rotator{
		Keys: m.account, Mutations: m.account, Tags: m.account, Rights: m.account, Prover: m.account, Trail: m.account, Signer: m.account, Clock: m.account,
		Destination: func(subject accesskey.Subject, name string) (rotation.Destination, error) {
			return all.Open(name, all.Surroundings{
				Home: m.app.home, Environ: m.app.environ, Locks: filepath.Join("/tmp", "locks"), User: subject.User, Region: region,
				Secrets:    func(region string) secretsmanager.Store { return m.session.Secrets(region) },
				Parameters: func(region string) ssm.Store { return m.session.Parameters(region) },
			})
		},
		Decide: policy.Decide, Random: func() string { return randomWord(10) },
		Gate:    policy.Gate{Mode: policy.Enforce, Freezes: m.policy.Standing()}, // a person switched the secret's rotation on
		Regions: []string{region}, JournalName: journalOf(region),
	}
}

// terms are what the policy says of a key.
func (m *functionMode) terms(user accesskey.User, key accesskey.Key) (accesskey.Terms, error) {
	account := accesskey.Account{ID: m.who.Account, Partition: m.who.Partition, NoAlias: "the function doesn't ask for it"}
	ruling, err := m.policy.Ruling(&account, &user, &key, m.session.Now())
	if err != nil {
		return accesskey.Terms{}, fmt.Errorf("what the policy says of the key: %w", err)
	}
	terms := ruling.Terms
	if settle, _ := m.app.lookupEnv("KEYTEND_SETTLE"); m.app.simulated() && settle != "" {
		if terms.Window, err = time.ParseDuration(settle); err != nil {
			return terms, fmt.Errorf("KEYTEND_SETTLE: %w", err)
		}
		terms.ProveSpan = terms.Window
	}
	return terms, nil
}

// command runs a command line; what it prints goes to the log. What is said at
// the end of a terminal's session is said in the answer.
func (m *functionMode) command(ctx context.Context, args []string) (json.RawMessage, error) {
	if err := m.mayKeep(args); err != nil {
		return nil, err
	}
	m.app.function = true
	code := m.app.run(ctx, measured(args))
	answer, err := json.Marshal(map[string]int{"exit_code": code})
	if err == nil && code != exitOK && code != exitFindings {
		err = fmt.Errorf("keytend %s: exit code %d; the log says why", strings.Join(args, " "), code)
	}
	return answer, err
}

// measured has a scan count what its metrics tell.
func measured(args []string) []string {
	scans := len(args) > 0 && args[0] == "scan"
	if asked := slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--cloudwatch") }); !scans || asked {
		return args
	}
	return append(slices.Clone(args), "--cloudwatch")
}

// mayKeep refuses what would lose its records with the sandbox: commands with a
// state file that lies on the function's own disk.
func (m *functionMode) mayKeep(args []string) error {
	command, rest, err := rootCommand(m.app).Find(args)
	if err != nil {
		return err
	}
	const remedy = "mount EFS, set KEYTEND_STATE to a path on it, and keep the function's reserved concurrency at 1"
	state, _ := m.app.lookupEnv("KEYTEND_STATE")
	if named := valueOf("--state", rest); named != "" {
		state = named
	}
	switch {
	case command.Flags().Lookup("state") == nil:
		return nil
	case state == "":
		return errors.New(command.CommandPath() + " needs records that last, and a function's own disk does not: run it from CI or as a daemon; or " + remedy)
	case !filepath.IsAbs(state) || strings.HasPrefix(filepath.Clean(state)+"/", "/tmp/"):
		return errors.New("the state file " + state + " is lost with the function's sandbox: " + remedy)
	}
	return nil
}

// valueOf finds a flag's value on a command line; empty: it isn't there.
func valueOf(flag string, args []string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, flag+"="); ok {
			return value
		}
		if arg == flag && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}
