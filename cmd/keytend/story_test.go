package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/permission"
)

// sim starts the simulated AWS and points the script's environment at it:
//
//	sim -users 100 -seed 7          a seeded account
//	sim -accounts 20 -users 10      a seeded organization
//	sim -spec account.json          an account written down (fakeaws.AccountSpec), or a list of them
//	sim -lambda NAME                with a function NAME, which is this keytend
//
// The environment gets the administrator's key.
func (s *story) sim(ts *testscript.TestScript, args []string) {
	flags := flag.NewFlagSet("sim", flag.ContinueOnError)
	users := flags.Int("users", 10, "")
	seed := flags.Uint64("seed", 1, "")
	accounts := flags.Int("accounts", 1, "")
	spec := flags.String("spec", "", "")
	now := flags.String("now", "2026-11-23T12:00:00Z", "")
	latency := flags.Duration("latency", 0, "")
	throttle := flags.Float64("throttle", 0, "")
	propagation := flags.Duration("propagation", 0, "")
	lag := flags.Duration("lag", 0, "")
	lambda := flags.String("lambda", "", "")
	ts.Check(flags.Parse(args))
	start, err := time.Parse(time.RFC3339, *now)
	ts.Check(err)

	s.aws = fakeaws.New(fakeaws.Config{Start: start, Seed: *seed, Latency: *latency,
		Throttle: *throttle, Hurried: *throttle == 0, Propagation: *propagation, LastUsedLag: *lag})
	s.first = population.AccountID(0)
	if *spec == "" {
		population.Fill(s.aws, population.Options{Seed: *seed, Accounts: *accounts, Users: *users, Now: start})
	} else {
		s.addSpecs(ts, []byte(ts.ReadFile(*spec)))
	}
	s.stalled.Store(false)
	s.past = append(s.past, s.aws)
	ts.Setenv("AWS_ENDPOINT_URL", serve(ts, s).URL)
	ts.Setenv("AWS_REGION", "us-east-1")
	ts.Setenv("KEYTEND_SIM_PID", strconv.Itoa(os.Getpid()))
	id, secret := s.aws.AdminKey(s.first)
	if *spec == "" && *users == 0 {
		var token string
		id, secret, token, err = population.Enter(s.aws)
		ts.Check(err)
		ts.Setenv("AWS_SESSION_TOKEN", token)
	}
	ts.Setenv("AWS_ACCESS_KEY_ID", id)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	if *lambda != "" {
		s.addFunction(ts, *lambda)
	}
}

// addSpecs adds one account or a list of them; the first is the story's.
// SCANPOLICY in it is the policy that help prints.
func (s *story) addSpecs(ts *testscript.TestScript, text []byte) {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		text = []byte("[" + string(text) + "]")
	}
	var specs []fakeaws.AccountSpec
	spelt, err := json.Marshal(policyFor(permission.Scan))
	ts.Check(err)
	text = bytes.ReplaceAll(text, []byte(`"SCANPOLICY"`), spelt)
	text = withKindPolicies(ts, text)
	ts.Check(json.Unmarshal(text, &specs))
	for _, spec := range specs {
		s.aws.AddAccount(spec)
	}
	s.first = specs[0].ID
}

// use makes the script act with a user's first key: use alice, or use alice
// 210987654321 for a user of another account than the first.
func (s *story) use(ts *testscript.TestScript, args []string) {
	if len(args) != 1 && len(args) != 2 {
		ts.Fatalf("usage: use USER [ACCOUNT]")
	}
	account := s.only()
	if len(args) == 2 {
		account = s.aws.Snapshot(args[1])
	}
	for _, user := range account.Users {
		if user.Name == args[0] && len(user.Keys) > 0 {
			ts.Setenv("AWS_ACCESS_KEY_ID", user.Keys[0].ID)
			ts.Setenv("AWS_SECRET_ACCESS_KEY", user.Keys[0].Secret)
			return
		}
	}
	ts.Fatalf("no user %q with a key", args[0])
}

// session makes the script act with a session of the key it has, as
// `aws sts get-session-token` would give it, for an hour.
func (s *story) session(ts *testscript.TestScript, _ []string) {
	key := credentials.NewStaticCredentialsProvider(ts.Getenv("AWS_ACCESS_KEY_ID"), ts.Getenv("AWS_SECRET_ACCESS_KEY"), "")
	client := sts.New(sts.Options{Region: "us-east-1", Credentials: key, HTTPClient: &http.Client{Transport: s.aws.RoundTripper()}})
	out, err := client.GetSessionToken(context.Background(), &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(3600)})
	ts.Check(err)
	got := out.Credentials
	ts.Setenv("AWS_ACCESS_KEY_ID", *got.AccessKeyId)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", *got.SecretAccessKey)
	ts.Setenv("AWS_SESSION_TOKEN", *got.SessionToken)
	s.sessionSecrets = append(s.sessionSecrets, *got.SecretAccessKey, *got.SessionToken)
}

// grant gives a user the policy that `keytend permissions` prints and
// nothing else: grant auditor, or grant auditor but iam:ListAccessKeys.
func (s *story) grant(ts *testscript.TestScript, args []string) {
	if len(args) != 1 && (len(args) != 3 || args[1] != "but") {
		ts.Fatalf("usage: grant USER [but ACTION]")
	}
	ts.Check(s.asAdmin("Action", "PutUserPolicy", "UserName", args[0], "PolicyName", "scan", "PolicyDocument", without(ts, policyFor(permission.Scan), args)))
}

// grantOrganization gives a user what an organization's scan needs of its
// caller beside that: grant-organization auditor [but ACTION].
func (s *story) grantOrganization(ts *testscript.TestScript, args []string) {
	if len(args) != 1 && (len(args) != 3 || args[1] != "but") {
		ts.Fatalf("usage: grant-organization USER [but ACTION]")
	}
	ts.Check(s.asAdmin("Action", "PutUserPolicy", "UserName", args[0], "PolicyName", "organization",
		"PolicyDocument", without(ts, policyFor(permission.Organization), args)))
}

// policyFor is what `keytend permissions` prints. The roles of the stories'
// accounts have the name that --organization takes by default.
func policyFor(features ...permission.Feature) string {
	return permission.Policy(permission.Needs(features...), permission.Scope{MemberRole: fleet.DefaultRole}).JSON()
}

// without is the policy without the action in "USER but ACTION".
func without(ts *testscript.TestScript, policy string, args []string) string {
	if len(args) != 3 {
		return policy
	}
	less := strings.Replace(policy, `"`+args[2]+`"`, `"iam:GetNothing"`, 1)
	if less == policy {
		ts.Fatalf("the policy has no %s", args[2])
	}
	return less
}

// profile writes a user's first key into the AWS configuration: profile prod
// alice 210987654321.
func (s *story) profile(ts *testscript.TestScript, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: profile NAME USER ACCOUNT")
	}
	for _, user := range s.aws.Snapshot(args[2]).Users {
		if user.Name == args[1] && len(user.Keys) > 0 {
			key := user.Keys[0]
			s.profiles += fmt.Sprintf("[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", args[0], key.ID, key.Secret)
			dir := filepath.Join(ts.Getenv("HOME"), ".aws")
			ts.Check(os.MkdirAll(dir, 0o700))
			ts.Check(os.WriteFile(filepath.Join(dir, "credentials"), []byte(s.profiles), 0o600))
			return
		}
	}
	ts.Fatalf("no user %q with a key", args[1])
}

// only is the story's account, the first where there are several, as it is now.
func (s *story) only() fakeaws.AccountSpec { return s.aws.Snapshot(s.first) }

// advance moves AWS's clock: advance 48h.
func (s *story) advance(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: advance DURATION")
	}
	by, err := time.ParseDuration(args[0])
	ts.Check(err)
	s.aws.Elapse(context.Background(), by)
	s.consume()
}

// fault makes calls fail from now on:
//
//	fault deny iam:ListAccessKeys [alice]     for one user only
//	fault throttle iam:GenerateCredentialReport
//	fault lose sts:GetCallerIdentity
//	fault lose iam:CreateAccessKey and deny cloudtrail:LookupEvents
//	fault none
func (s *story) fault(ts *testscript.TestScript, args []string) {
	if len(args) == 1 && args[0] == "none" {
		s.aws.SetFault(nil)
		return
	}
	var all []func(fakeaws.Call) (fakeaws.Fault, bool)
	for _, one := range strings.Split(strings.Join(args, " "), " and ") {
		all = append(all, oneFault(ts, strings.Fields(one)))
	}
	s.aws.SetFault(func(call fakeaws.Call) fakeaws.Fault {
		for _, one := range all {
			if f, meant := one(call); meant {
				return f
			}
		}
		return fakeaws.Proceed()
	})
}

// oneFault says what befalls a call, and whether it is meant at all.
func oneFault(ts *testscript.TestScript, args []string) func(fakeaws.Call) (fakeaws.Fault, bool) {
	if len(args) < 2 {
		ts.Fatalf("usage: fault deny|scp|throttle|lose SERVICE:ACTION [USER]")
	}
	what := faults[args[0]]
	if what == nil {
		ts.Fatalf("fault %q: want deny, scp, throttle or lose", args[0])
	}
	return func(call fakeaws.Call) (fakeaws.Fault, bool) {
		if call.Service+":"+call.Action != args[1] || (len(args) > 2 && call.Params.Get("UserName") != args[2]) {
			return fakeaws.Fault{}, false
		}
		return what(call), true
	}
}

var faults = map[string]func(fakeaws.Call) fakeaws.Fault{
	"deny": func(c fakeaws.Call) fakeaws.Fault {
		return fakeaws.Refuse(403, "AccessDenied", denial(c)+" because no identity-based policy allows the "+c.Service+":"+c.Action+" action")
	},
	"scp": func(c fakeaws.Call) fakeaws.Fault {
		return fakeaws.Refuse(403, "AccessDenied", denial(c)+" with an explicit deny in a service control policy")
	},
	"throttle": func(fakeaws.Call) fakeaws.Fault {
		return fakeaws.Refuse(400, "Throttling", "Rate exceeded")
	},
	"lose": func(fakeaws.Call) fakeaws.Fault { return fakeaws.LoseAnswer() },
}

func denial(c fakeaws.Call) string {
	return fmt.Sprintf("User: arn:aws:iam::%s:user/x is not authorized to perform: %s:%s on resource: *", c.Account, c.Service, c.Action)
}

// calls bounds the number of calls that AWS has served since the last look:
// calls 20 (of all), calls 3 iam:ListAccessKeys.
func (s *story) calls(ts *testscript.TestScript, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: calls MOST [SERVICE:ACTION]")
	}
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	served := s.aws.Calls()
	total := 0
	for call, n := range served {
		if len(args) < 2 || args[1] == call {
			total += n
		}
	}
	s.aws.ResetCalls()
	if total > most {
		ts.Fatalf("%d calls, want at most %d: %v", total, most, served)
	}
}

// stall leaves every call from now on without an answer, or only those of one
// service: stall iam.
func (s *story) stall(_ *testscript.TestScript, args []string) {
	s.held.Store(0)
	s.stalledService = strings.Join(args, "")
	s.stalled.Store(true)
}

// asked waits until a call waits for its answer.
func (s *story) asked(ts *testscript.TestScript, _ []string) {
	for range 1000 {
		if s.held.Load() > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("nobody asked")
}

// deactivate makes a user's keys Inactive, behind everybody's back.
func (s *story) deactivate(ts *testscript.TestScript, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: deactivate USER")
	}
	for _, user := range s.only().Users {
		if user.Name != args[0] {
			continue
		}
		for _, key := range user.Keys {
			ts.Check(s.asAdmin("Action", "UpdateAccessKey", "UserName", user.Name, "AccessKeyId", key.ID, "Status", "Inactive"))
		}
	}
}

// asAdmin makes an IAM call as the account's administrator.
func (s *story) asAdmin(params ...string) error {
	form := url.Values{"Version": {"2010-05-08"}}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	return s.signed4("us-east-1", "iam", header, form.Encode())
}

// findings wants so many findings in a state in Security Hub of the first
// account, or of another: findings 12 ACTIVE us-east-1 [ACCOUNT].
func (s *story) findings(ts *testscript.TestScript, args []string) {
	if len(args) != 3 && len(args) != 4 {
		ts.Fatalf("usage: findings COUNT STATE REGION [ACCOUNT]")
	}
	account := append(args, s.first)[3]
	got := 0
	for _, f := range s.aws.SecurityFindings(account, args[2]) {
		if f["RecordState"] == args[1] {
			got++
		}
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("%d findings are %s, want %s", got, args[1], args[0])
	}
}

// roots wants exactly what an account's root user holds: roots 210987654321 1
// password mfa certificate.
func (s *story) roots(ts *testscript.TestScript, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: roots ACCOUNT KEYS [password] [mfa] [certificate]")
	}
	root := s.aws.Snapshot(args[0]).Root
	have := []string{args[0], strconv.Itoa(len(root.Keys))}
	for what, there := range map[string]bool{"password": !root.NoPassword, "mfa": root.MFA, "certificate": len(root.Certificates) > 0} {
		if there {
			have = append(have, what)
		}
	}
	slices.Sort(have)
	want := slices.Sorted(slices.Values(args))
	if !slices.Equal(have, want) {
		ts.Fatalf("the root user holds %v, want %v", have, want)
	}
}

// hook starts a receiver of notifications; HOOK_URL names it for shoutrrr.
// "hook 500" answers every message with that status.
func (s *story) hook(ts *testscript.TestScript, args []string) {
	status := http.StatusOK
	if len(args) == 1 {
		var err error
		status, err = strconv.Atoi(args[0])
		ts.Check(err)
	}
	receiver := serve(ts, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.messages = append(s.messages, string(body))
		s.mu.Unlock()
		w.WriteHeader(status)
	}))
	ts.Setenv("HOOK_URL", "generic+"+receiver.URL+"/hook")
}

// received checks the notifications since the last look: received 0, or
// received 1 TEXT… with each TEXT in the message.
func (s *story) received(ts *testscript.TestScript, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: received COUNT [TEXT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	s.mu.Lock()
	got := s.messages
	s.messages = nil
	s.mu.Unlock()
	if len(got) != want {
		ts.Fatalf("%d notifications, want %d: %q", len(got), want, got)
	}
	for _, text := range args[1:] {
		if !strings.Contains(strings.Join(got, "\n"), text) {
			ts.Fatalf("no %q in %q", text, got)
		}
	}
}

// exits runs a command and wants its exit code: exits 4 keytend scan. Its
// output is where exec leaves it.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
