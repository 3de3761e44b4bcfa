package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
	"github.com/keytend/keytend/internal/fakeaws/programs"
	"github.com/keytend/keytend/internal/permission"
)

// simulation is what `keytend sim` is asked for.
type simulation struct {
	listen      string
	allowRemote bool
	truth       string
	now         string
	functions   []string // NAME=PROGRAM, or PROGRAM
	config      fakeaws.Config
	population  population.Options
}

func simCommand(a *app) *cobra.Command {
	s := &simulation{}
	command := &cobra.Command{
		Use:   "sim",
		Short: "Run a simulated AWS to try keytend, or any AWS client, against",
		Long: `Run a simulated AWS on a loopback socket: IAM, STS, Organizations, CloudTrail
with made-up accounts. Any AWS client can talk to it. Nothing of it is real, and
no AWS is called.

Once it listens, it prints to stdout the environment that points clients at it,
with the key of an administrator (user keytend-admin of account 123456789012),
and closes stdout unless that is a terminal. The lines can be evaluated by any
POSIX shell; AWS_SESSION_TOKEN is emptied, since a left-over one would spoil the
key. With --users 0 there is no user either: people come by IAM Identity Center,
and what is printed are temporary credentials, good for 12 hours of the
simulated time. A named profile must not be in the way: unset AWS_PROFILE.

It runs until SIGINT or SIGTERM (kill $KEYTEND_SIM_PID) and then exits 0. The
same seed gives the same accounts. With the default flags there is no latency,
throttling, lag or delay. Account 0 holds hand-made edge cases from 10 users on.
With --accounts 2 or more it is the management account of an organization, whose
members let it in by the role OrganizationAccountAccessRole.

Some of account 0's keys lie in a Lambda function, an ECS task, a build, user data
of EC2, parameters and secrets, for keytend locate to find; some were used of late,
which CloudTrail shows to keytend usage and keytend migrate.

The virtual clock ticks and can be moved: POST /_sim/advance?by=48h. What falls
due on the way is done in its time: secrets rotate, schedules and rules of
EventBridge invoke their functions.

With --lambda NAME=PROGRAM account 0 has a function NAME of AWS Lambda, which
Secrets Manager and EventBridge may invoke, with a role of the same name that has
the rights keytend needs there. When it is invoked, PROGRAM is
started on this computer as Lambda would start it (the Runtime API, the role's
credentials, the function's environment; what it says goes to stderr) and killed
when it has been idle. Keytend itself then waits for things to settle no longer
than --propagation. --lambda PROGRAM alone is what functions run that are made
later, by the AWS CLI or Terraform. Nothing that was uploaded is ever run.`,
		Example: `  eval "$(keytend sim --users 1000 --seed 7 &)"
  keytend scan
  aws --endpoint-url "$AWS_ENDPOINT_URL" iam list-users --max-items 5
  kill $KEYTEND_SIM_PID

  keytend sim --accounts 20 --users 200 --latency 50ms --throttle 20
  keytend sim --now 2026-11-23T12:00:00Z --truth truth.json --propagation 8s

  eval "$(keytend sim --lambda keytend-rotation=/usr/local/bin/keytend &)"
  curl -X POST "$AWS_ENDPOINT_URL/_sim/advance?by=30d"`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return usageError{command, err}
			}
			return s.run(command.Context(), a)
		},
	}
	s.flags(command)
	return command
}

func (s *simulation) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&s.listen, "listen", "127.0.0.1:4599", "`address` to listen on; port 0 takes a free one")
	flags.BoolVar(&s.allowRemote, "allow-remote", false, "listen beyond loopback: whoever reaches it can read its keys and move its clock")
	flags.IntVar(&s.population.Users, "users", 100, "users in each account, the administrator among them; 0: people come by IAM Identity Center")
	flags.IntVar(&s.population.Accounts, "accounts", 1, "accounts; more than one make an organization")
	flags.Uint64Var(&s.population.Seed, "seed", 1, "what everything random comes from")
	flags.StringVar(&s.now, "now", "", "AWS's `time` at the start, RFC 3339 (default: this computer's)")
	flags.StringVar(&s.truth, "truth", "", "write what is so at the start to a JSON `file`; makes every account at once")
	flags.Var(span{&s.config.Latency}, "latency", "time before every answer")
	flags.Float64Var(&s.config.Throttle, "throttle", 0, "calls a second that each API takes in each account; 0: any number")
	flags.Var(span{&s.config.Propagation}, "propagation", "how long new and changed keys take to have effect")
	flags.Var(span{&s.config.LastUsedLag}, "last-used-lag", "how long the use of a key stays unpublished")
	flags.Var(span{&s.config.TrailDelay}, "trail-delay", "how long until CloudTrail shows an event")
	flags.Var(span{&s.population.ReportAge}, "report-age", "let account 0 have a credential report of this age; 0: none")
	flags.StringArrayVar(&s.functions, "lambda", nil, "run `NAME=PROGRAM` as a function of Lambda, or PROGRAM for functions that are made later (repeatable)")
	flags.BoolVar(&s.population.LyingTags, "lying-tags", false, "add a user whose tags hold what IAM would refuse: escape sequences, formulas, HTML")
}

// check refuses what makes no sense, before anything is opened.
func (s *simulation) check() error {
	switch {
	case s.population.Users < 0:
		return fmt.Errorf("--users %d: want 0 or more", s.population.Users)
	case s.population.Accounts < 1:
		return fmt.Errorf("--accounts %d: want at least 1", s.population.Accounts)
	case s.config.Throttle < 0:
		return fmt.Errorf("--throttle %v: want 0 or more calls a second", s.config.Throttle)
	case s.population.ReportAge >= 4*time.Hour:
		return errors.New("--report-age: want less than 4h, after which AWS makes a new report anyway")
	}
	if s.now != "" {
		at, err := time.Parse(time.RFC3339, s.now)
		if err != nil {
			return fmt.Errorf("--now %q: want RFC 3339, such as 2026-11-23T12:00:00Z", s.now)
		}
		s.config.Start = at.UTC()
	}
	s.config.Seed, s.population.Places, s.population.Trail = s.population.Seed, true, true
	for i, text := range s.functions {
		name, program, named := strings.Cut(text, "=")
		if !named {
			name, program = "functions", text
		}
		path, err := exec.LookPath(program)
		if name == "" || err != nil {
			return fmt.Errorf("--lambda %q: want NAME=PROGRAM or PROGRAM: %w", text, err)
		}
		if path, err = filepath.Abs(path); err != nil {
			return fmt.Errorf("--lambda %q: %w", text, err)
		}
		s.functions[i] = strings.TrimSuffix(text, program) + path
	}
	return nil
}

// run serves until the context ends.
func (s *simulation) run(ctx context.Context, a *app) error {
	listener, err := s.open()
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // on the ways out before it is served
	aws := fakeaws.New(s.config)
	population.Fill(aws, s.population)
	if s.truth != "" {
		if err := replaceFile(s.truth, forOwner, population.TruthOf(aws).Write); err != nil {
			return fmt.Errorf("write truth: %w", err)
		}
	}
	runner := s.programs(a, aws, endpoint(listener.Addr()))
	defer runner.Close()
	ending, end := context.WithCancel(ctx)
	lived := make(chan struct{})
	go func() { defer close(lived); live(ending, aws) }()
	defer func() { end(); <-lived }()
	return serveUntil(ctx, a.log, listener, aws, func() error {
		return s.announce(a, listener.Addr(), aws)
	})
}

// live does what falls due as the clock ticks.
func live(ctx context.Context, aws *fakeaws.AWS) {
	for ctx.Err() == nil {
		aws.RunDue(ctx)
		pause := time.Minute
		if next, any := aws.NextDue(); any {
			pause = min(pause, max(next.Sub(aws.Now()), 10*time.Millisecond))
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-aws.Woken():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// programs makes the functions that were asked for, and what runs them.
func (s *simulation) programs(a *app, aws *fakeaws.AWS, endpoint string) *programs.Runner {
	runner := &programs.Runner{Cloud: aws, Endpoint: endpoint, Programs: map[string]string{}, Env: []string{
		"KEYTEND_SIM_PID=" + strconv.Itoa(os.Getpid()), "KEYTEND_SETTLE=" + max(20*time.Millisecond, s.config.Propagation).String(),
	}}
	if !a.quiet {
		runner.Log = a.stderr
	}
	region := a.region
	if region == "" {
		region = awsapi.DefaultRegion
	}
	for _, text := range s.functions {
		name, program, named := strings.Cut(text, "=")
		if !named {
			runner.Other = text
			continue
		}
		runner.Programs[name] = program
		account := population.AccountID(0)
		arn := "arn:aws:lambda:" + region + ":" + account + ":function:" + name
		aws.AddFunction(account, fakeaws.FunctionSpec{
			Name: name, Region: region, Role: "arn:aws:iam::" + account + ":role/" + name, Timeout: 15 * time.Minute, ReservedConcurrency: 1,
			Policy: invokedBy(arn, account),
		}, fakeaws.RoleSpec{Name: name, TrustPolicy: lambdaTrust, InlinePolicies: map[string]string{"keytend": functionPolicy(name), "logs": functionLogs}})
	}
	aws.RunFunctions(runner.Run)
	return runner
}

// lambdaTrust lets Lambda assume a role.
const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// invokedBy is the policy of a function that Secrets Manager and EventBridge invoke
// for an account.
func invokedBy(arn, account string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"invoke","Effect":"Allow","Principal":{"Service":["secretsmanager.amazonaws.com","events.amazonaws.com"]},`+
		`"Action":"lambda:InvokeFunction","Resource":%q,"Condition":{"StringEquals":{"AWS:SourceAccount":%q}}}]}`, arn, account)
}

// functionLogs lets a function write its log.
const functionLogs = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`

// functionPolicy is what a rotation function may do that runs as a role.
func functionPolicy(role string) string {
	return permission.Policy(permission.Needs(permission.Lambda, permission.Reap), permission.Scope{Self: "role/" + role}).JSON()
}

// open listens, on loopback unless more is explicitly allowed.
func (s *simulation) open() (net.Listener, error) {
	address, err := net.ResolveTCPAddr("tcp", s.listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", s.listen, err)
	}
	if !address.IP.IsLoopback() && !s.allowRemote {
		return nil, fmt.Errorf("listen on %s: not a loopback address; whoever reaches the simulated AWS can read its keys and move its clock, so that needs --allow-remote", s.listen)
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", s.listen, err)
	}
	return listener, nil
}

// announce prints the environment for clients, in one write: a reader sees all
// of it or nothing. Stdout is then closed, so that a shell's $(…) returns.
func (s *simulation) announce(a *app, address net.Addr, aws *fakeaws.AWS) error {
	id, secret, token, err := population.Enter(aws)
	if err != nil {
		return fmt.Errorf("enter the simulated AWS: %w", err)
	}
	region := a.region
	if region == "" {
		region = "us-east-1"
	}
	_, err = fmt.Fprintf(a.stdout, `export AWS_ENDPOINT_URL=%s
export AWS_ACCESS_KEY_ID=%s
export AWS_SECRET_ACCESS_KEY=%s
export AWS_SESSION_TOKEN=%s
export AWS_REGION=%s
export AWS_DEFAULT_REGION=%s
export KEYTEND_SIM_PID=%d
`, endpoint(address), id, secret, token, region, region, os.Getpid())
	if err != nil {
		return fmt.Errorf("print environment: %w", err)
	}
	if !a.quiet {
		_, _ = fmt.Fprintf(a.stderr, "simulated AWS on %s: %d account(s) of %d users; stop it with Ctrl-C or kill %d\n",
			endpoint(address), s.population.Accounts, s.population.Users, os.Getpid())
	}
	if stdout, ok := a.stdout.(io.Closer); ok && !a.out.is {
		return stdout.Close()
	}
	return nil
}

// endpoint is the URL by which this computer reaches the address.
func endpoint(address net.Addr) string {
	tcp := *address.(*net.TCPAddr)
	if tcp.IP.IsUnspecified() {
		tcp.IP = net.IPv4(127, 0, 0, 1)
	}
	return "http://" + tcp.String()
}

// serveUntil serves on the listener, calls ready, and stops when the context
// ends: calls under way get a moment to finish.
func serveUntil(ctx context.Context, log *slog.Logger, listener net.Listener, handler http.Handler, ready func() error) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelInfo),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if err := ready(); err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}
