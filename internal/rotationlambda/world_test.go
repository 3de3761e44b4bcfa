package rotationlambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/destination/all"
	smplace "github.com/keytend/keytend/internal/destination/secretsmanager"
	"github.com/keytend/keytend/internal/destination/ssm"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

const (
	account     = "123456789012"
	region      = "eu-west-1"
	oldKey      = accesskey.ID("AKIAIOSFODNN7EXAMPLE")
	oldSecret   = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
	anaID       = "AIDACKCEVSQ6C2EXAMPLE"
	functionARN = "arn:aws:lambda:eu-west-1:123456789012:function:keytend-rotation"
	secretID    = "prod/billing"
)

// world is a secret with ana's key, the function that rotates it, and people
// and consumers around them, everything in virtual time.
type world struct {
	t      *testing.T
	cloud  *fakeaws.AWS
	log    *lockedBuffer
	dead   bool // the invocation under way has died
	runs   int
	calls  []string // by the function, in order
	fails  []string // of the invocations
	alarms int      // of the invocations
	terms  accesskey.Terms

	session  *awsapi.Session
	account  *onaws.Account
	nextReap time.Time
	one      sync.Mutex          // call at a time
	before   map[step]func()     // what people do before a step, once
	calling  bool                // the function is
	after    func(action string) // what happens after an answer to the function, before it reads it
	struck   string              // what call met with a misfortune
}

var errDied = errors.New("the process has died")

type lockedBuffer struct {
	lock sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.Buffer.Write(p)
}

func in(t *testing.T, change func(*fakeaws.AccountSpec), test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, change)
		test(w)
		w.nothingSecretSaid()
	})
}

func newWorld(t *testing.T, change func(*fakeaws.AccountSpec)) *world {
	t.Helper()
	start := time.Now()
	spec := fakeaws.AccountSpec{ID: account, Admin: "admin", Created: start.AddDate(-2, 0, 0), Users: []fakeaws.UserSpec{
		{Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"},
			Keys: []fakeaws.KeySpec{{ID: "AKIAI44QH8DHBEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Created: start.AddDate(0, -1, 0)}}},
		{Name: "ana", ID: anaID, Created: start.AddDate(-1, 0, 0),
			Keys: []fakeaws.KeySpec{{ID: string(oldKey), Secret: oldSecret, Created: start.AddDate(0, 0, -60)}}},
	}, Functions: []fakeaws.FunctionSpec{{
		Name: "keytend-rotation", Region: region, Timeout: 15 * time.Minute, ReservedConcurrency: 1,
		Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"secretsmanager.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"` + functionARN + `"}]}`,
	}}, Secrets: []fakeaws.SecretSpec{{
		Region: region, Name: secretID, Created: start.AddDate(0, 0, -60), Tags: map[string]string{UserTag: "ana", "team": "billing"},
		Value: fmt.Sprintf(`{"accessKeyId":%q,"secretAccessKey":%q,"endpoint":"https://billing.example.com"}`, oldKey, oldSecret),
	}}}
	if change != nil {
		change(&spec)
	}
	w := &world{t: t, log: &lockedBuffer{}, terms: quick()}
	w.cloud = fakeaws.New(fakeaws.Config{Start: start, Propagation: 6 * time.Second, LastUsedLag: 2 * time.Hour, TrailDelay: 10 * time.Minute, Seed: 7, Hurried: true})
	w.cloud.AddAccount(spec)
	w.cloud.SetFunctionCode(functionARN, w.invoke)
	return w
}

// quick are terms under which a rotation takes days.
func quick() accesskey.Terms {
	t := accesskey.DefaultTerms()
	t.Cache, t.Idle, t.LagMargin, t.Overlap, t.OverlapMax, t.Rest = 12*time.Hour, 12*time.Hour, 4*time.Hour, 14*time.Hour, 5*24*time.Hour, 12*time.Hour
	return t
}

// RoundTrip lets the function's calls through as long as it lives.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.one.Lock()
	defer w.one.Unlock()
	if w.dead {
		return nil, errDied
	}
	w.calling = true
	answer, err := w.cloud.RoundTripper().RoundTrip(r)
	w.calling = false
	if w.dead {
		return nil, errDied
	}
	if w.after != nil {
		w.after(r.Header.Get("X-Amz-Target"))
	}
	return answer, err
}

// invoke is one invocation of the function: a new process.
func (w *world) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	w.runs++
	if w.dead { // a new process
		w.session, w.dead = nil, false
	}
	var e Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	if before := w.before[stepOf(e.Step)]; before != nil && e.Step != "" {
		delete(w.before, stepOf(e.Step))
		before()
	}
	f := w.function()
	out, err := f.Handle(ctx, payload)
	w.alarms += f.Alarms()
	if err != nil {
		w.fails = append(w.fails, err.Error())
	}
	return out, err
}

// warm is what a process keeps from one invocation to the next.
func (w *world) warm() {
	id, secret := w.cloud.AdminKey(account)
	ctx := w.t.Context()
	w.session = awsapi.OpenWithKey(ctx, accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
		Region: region, AppID: "keytend/1.2.3", HTTPClient: &http.Client{Transport: w}, Unpaced: true,
		Log: slog.New(slog.NewJSONHandler(w.log, nil)),
	})
	_ = w.session.AskTime(ctx)
	w.account = onaws.New(w.session, onaws.Options{Journal: "fn", Function: true})
}

func (w *world) function() *Function {
	if w.session == nil {
		w.warm()
	}
	s, a := w.session, w.account
	store := s.Secrets(region)
	word := 0
	return &Function{
		Rotator: rotation.Rotator{
			Keys: a, Mutations: a, Tags: a, Rights: a, Prover: a, Trail: a, Signer: a, Clock: a,
			Destination: func(subject accesskey.Subject, name string) (rotation.Destination, error) {
				return all.Open(name, all.Surroundings{User: subject.User, Region: region,
					Secrets:    func(r string) smplace.Store { return s.Secrets(r) },
					Parameters: func(r string) ssm.Store { return s.Parameters(r) }})
			},
			Decide: policy.Decide, Gate: policy.Gate{Mode: policy.Enforce}, JournalName: "fn",
			Random: func() string { word++; return fmt.Sprintf("w%dx%d", w.runs, word) },
		},
		Store: store, Past: a, Account: account, Region: region, ARN: functionARN,
		Terms:    func(accesskey.User, accesskey.Key) (accesskey.Terms, error) { return w.terms, nil },
		MarkUser: a.MarkSecret, Sleep: w.sleep, Log: slog.New(slog.NewJSONHandler(w.log, nil)), Name: fmt.Sprintf("request-%d", w.runs),
	}
}

// hand is the function's rooms in somebody's terminal: another process, which calls
// while the function does.
func (w *world) hand() *Function {
	f := w.function()
	id, secret := w.cloud.AdminKey(account)
	s := awsapi.OpenWithKey(w.t.Context(), accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
		Region: region, AppID: "keytend/1.2.3", HTTPClient: &http.Client{Transport: w.cloud.RoundTripper()}, Unpaced: true,
	})
	_ = s.AskTime(w.t.Context())
	a := onaws.New(s, onaws.Options{Journal: "fn", Function: true})
	r := &f.Rotator
	r.Keys, r.Mutations, r.Tags, r.Rights, r.Prover, r.Trail, r.Signer, r.Clock = a, a, a, a, a, a, a, a
	f.Store, f.Past, f.ARN, f.Sleep = s.Secrets(region), a, "", func(_ context.Context, d time.Duration) error { time.Sleep(d); return nil }
	return f
}

func (w *world) sleep(ctx context.Context, d time.Duration) error {
	if w.dead {
		return errDied
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// as is the raw SDK with another key: a consumer, a colleague.
func (w *world) as(id, secret, app string) aws.Config {
	return aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""), AppID: app,
		HTTPClient: &http.Client{Transport: w.cloud.RoundTripper()}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func (w *world) secrets() *secretsmanager.Client {
	id, secret := w.cloud.AdminKey(account)
	return secretsmanager.NewFromConfig(w.as(id, secret, "colleague"))
}

// rotate switches rotation on and has it begin.
func (w *world) rotate(days int64) {
	w.t.Helper()
	in := &secretsmanager.RotateSecretInput{SecretId: aws.String(secretID), RotationLambdaARN: aws.String(functionARN)}
	if days > 0 {
		in.RotationRules = &types.RotationRulesType{AutomaticallyAfterDays: &days}
	}
	if _, err := w.secrets().RotateSecret(w.t.Context(), in); err != nil {
		w.t.Fatal(err)
	}
	w.cloud.RunDue(w.t.Context())
}

// pass lets time pass: what is due is done, and the reaper comes every so often.
func (w *world) pass(d, reaps time.Duration) {
	w.t.Helper()
	end := time.Now().Add(d)
	if w.nextReap.IsZero() {
		w.nextReap = time.Now().Add(reaps)
	}
	for time.Now().Before(end) {
		next := w.nextReap
		if due, any := w.cloud.NextDue(); any && due.Before(next) {
			next = due
		}
		if next.After(end) {
			next = end
		}
		time.Sleep(max(time.Until(next), time.Millisecond))
		w.cloud.RunDue(w.t.Context())
		if !time.Now().Before(w.nextReap) {
			w.reap()
			w.nextReap = time.Now().Add(reaps)
		}
	}
}

func (w *world) reap() Reaped {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 15*time.Minute)
	defer cancel()
	out, err := w.invoke(ctx, []byte(`{"task":"reap"}`))
	var r Reaped
	if err := json.Unmarshal(out, &r); err != nil {
		w.t.Fatal(err)
	}
	if err != nil || r.Failed != nil {
		w.t.Logf("%s: reap: %v", time.Now().Format(time.DateTime), err)
	}
	return r
}

// value is what the secret holds under a label.
func (w *world) value(label string) (text, version string) {
	out, err := w.secrets().GetSecretValue(w.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(secretID), VersionStage: aws.String(label)})
	if err != nil {
		return "", ""
	}
	return aws.ToString(out.SecretString), aws.ToString(out.VersionId)
}

func (w *world) holds() rotation.Credential {
	w.t.Helper()
	text, _ := w.value(current)
	c, err := document.Read(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) put(text string) {
	w.t.Helper()
	if _, err := w.secrets().PutSecretValue(w.t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String(secretID), SecretString: aws.String(text)}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) user(name string) fakeaws.UserSpec {
	for _, u := range w.cloud.Snapshot(account).Users {
		if u.Name == name {
			return u
		}
	}
	w.t.Fatalf("no user %s", name)
	return fakeaws.UserSpec{}
}

// record is what the secret's tags hold.
func (w *world) record() accesskey.Record {
	w.t.Helper()
	f, err := unpack(w.ownTags())
	if err != nil {
		w.t.Fatal(err)
	}
	return f.Record
}

func (w *world) ownTags() map[string]string {
	w.t.Helper()
	d, err := w.secrets().DescribeSecret(w.t.Context(), &secretsmanager.DescribeSecretInput{SecretId: aws.String(secretID)})
	if err != nil {
		w.t.Fatal(err)
	}
	tags := map[string]string{}
	for _, t := range d.Tags {
		if strings.HasPrefix(*t.Key, OwnTags) {
			tags[*t.Key] = *t.Value
		}
	}
	return tags
}

func (w *world) works(c rotation.Credential) error {
	_, err := sts.NewFromConfig(w.as(string(c.ID), c.Secret.Reveal(), "billing")).GetCallerIdentity(context.Background(), nil)
	return err
}

func (w *world) nothingSecretSaid() {
	w.t.Helper()
	text := w.log.String() + strings.Join(w.fails, "\n")
	for _, u := range w.cloud.Snapshot(account).Users {
		for _, k := range u.Keys {
			if strings.Contains(text, k.Secret) {
				w.t.Errorf("the secret of %s was said", k.ID)
			}
		}
	}
}
