package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// livePrefix begins the names of the live suite's users. Only they are touched.
const livePrefix = "keytend-live-"

const (
	liveUsersAtMost = 50        // of an account that may be a sandbox
	liveLife        = time.Hour // of a user; an older one is of a run that crashed
)

// liveCloud is the AWS that the live suite runs on.
type liveCloud struct {
	config aws.Config
	iam    *iam.Client
	wait   func(time.Duration) error // sleeps, or advances the simulated AWS
	tick   time.Duration             // between two calls of a consumer, of the host's time
}

func (c *liveCloud) connect(t *testing.T) {
	t.Helper()
	var err error
	if c.config, err = config.LoadDefaultConfig(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.config.Region == "" {
		c.config.Region = "us-east-1"
	}
	c.iam = iam.NewFromConfig(c.config)
}

// liveAccount is what tells a sandbox.
type liveAccount struct {
	named, id, alias string
	users            int // besides the suite's own
}

// refused says why the account is not one to be played with.
func (a liveAccount) refused() error {
	switch {
	case a.named == "":
		return errors.New("KEYTEND_LIVE_ACCOUNT must name the account ID of a sandbox: users are made, and keys are switched off and deleted there")
	case a.named != a.id:
		return fmt.Errorf("KEYTEND_LIVE_ACCOUNT is %s, and the credentials are of account %s", a.named, a.id)
	case a.users > liveUsersAtMost:
		return fmt.Errorf("account %s has %d users, more than the %d that a sandbox may have", a.id, a.users, liveUsersAtMost)
	case strings.Contains(strings.ToLower(a.alias), "prod"):
		return fmt.Errorf("account %s is called %s, which sounds like production", a.id, a.alias)
	}
	return nil
}

func (c *liveCloud) account(t *testing.T) liveAccount {
	t.Helper()
	who, err := sts.NewFromConfig(c.config).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	aliases, err := c.iam.ListAccountAliases(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	users := slices.DeleteFunc(c.names(t), func(name string) bool { return strings.HasPrefix(name, livePrefix) })
	return liveAccount{
		named: os.Getenv("KEYTEND_LIVE_ACCOUNT"), id: aws.ToString(who.Account),
		alias: strings.Join(aliases.AccountAliases, " "), users: len(users),
	}
}

// names are those of every user, sorted.
func (c *liveCloud) names(t *testing.T) []string {
	t.Helper()
	var names []string
	for pages := iam.NewListUsersPaginator(c.iam, nil); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Users {
			names = append(names, aws.ToString(u.UserName))
		}
	}
	slices.Sort(names)
	return names
}

// sweep deletes users of ours that a crashed run has left.
func (c *liveCloud) sweep(ctx context.Context) error {
	var failed error
	for pages := iam.NewListUsersPaginator(c.iam, nil); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, u := range page.Users {
			if name := aws.ToString(u.UserName); strings.HasPrefix(name, livePrefix) && time.Since(aws.ToTime(u.CreateDate)) > liveLife {
				failed = errors.Join(failed, c.remove(ctx, name))
			}
		}
	}
	return failed
}

// remove deletes one of the suite's users with what it has.
func (c *liveCloud) remove(ctx context.Context, name string) error {
	user := aws.String(name)
	if !strings.HasPrefix(name, livePrefix) {
		return fmt.Errorf("%s is no user of ours", name)
	}
	keys, err := c.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: user})
	if err != nil {
		return err
	}
	for _, k := range keys.AccessKeyMetadata {
		_, err = c.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: k.AccessKeyId})
		if err != nil && !gone(err) { // the listing may still show what is deleted
			return err
		}
	}
	policies, err := c.iam.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: user})
	if err != nil {
		return err
	}
	for _, p := range policies.PolicyNames {
		if _, err := c.iam.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: user, PolicyName: aws.String(p)}); err != nil {
			return err
		}
	}
	_, err = c.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: user})
	return err
}

func gone(err error) bool {
	var none *types.NoSuchEntityException
	return errors.As(err, &none)
}

// liveKey is a key as a consumer has it.
type liveKey struct{ id, secret string }

// liveUser is one user with one key, which stands in a credentials file.
type liveUser struct {
	t      *testing.T
	cloud  *liveCloud
	name   string
	key    liveKey // the first
	folder string
	waited time.Duration

	lock         sync.Mutex
	consuming    bool
	end          chan struct{}
	over         sync.WaitGroup
	made, failed int
	complaint    string
	secrets      map[string]bool
}

func (c *liveCloud) newUser(t *testing.T) *liveUser {
	t.Helper()
	u := &liveUser{t: t, cloud: c, name: livePrefix + randomWord(6), folder: t.TempDir(), end: make(chan struct{}), secrets: map[string]bool{}}
	_, err := c.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String(u.name)})
	u.check(err)
	t.Cleanup(func() {
		u.stop()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		err := c.remove(ctx, u.name)
		for tries := 0; err != nil && tries < 8; tries++ { // a listing may lack what was made just now
			if waited := c.wait(5 * time.Second); waited != nil {
				break
			}
			err = c.remove(ctx, u.name)
		}
		if err != nil && !gone(err) {
			t.Errorf("user %s is left over: %v", u.name, err)
		}
	})
	u.eventually("the user is there", func() error {
		out, err := c.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(u.name)})
		if err == nil {
			u.key = liveKey{aws.ToString(out.AccessKey.AccessKeyId), aws.ToString(out.AccessKey.SecretAccessKey)}
		}
		return err
	})
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", u.key.id, u.key.secret)
	u.check(os.WriteFile(u.file(), []byte(text), 0o600))
	for range 3 {
		u.eventually("the first key works", func() error { return u.call() })
		u.pass(5 * time.Second)
	}
	return u
}

func (u *liveUser) check(err error) {
	u.t.Helper()
	if err != nil {
		u.t.Fatal(err)
	}
}

func (u *liveUser) file() string  { return filepath.Join(u.folder, "credentials") }
func (u *liveUser) place() string { return "credentialsfile:" + u.file() + "#default" }

func (u *liveUser) with(c aws.Credentials) aws.Config {
	out := u.cloud.config.Copy()
	out.Credentials = credentials.StaticCredentialsProvider{Value: c}
	return out
}

func (u *liveUser) as(k liveKey) aws.Config {
	return u.with(aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret})
}

// call is one use of the key that stands in the file at this moment.
func (u *liveUser) call() error {
	text, err := os.ReadFile(u.file())
	id, secret := idLine.FindSubmatch(text), secretLine.FindSubmatch(text)
	if err != nil || id == nil || secret == nil {
		return fmt.Errorf("no key in %s: %w", u.file(), err)
	}
	u.lock.Lock()
	u.secrets[string(secret[1])] = true
	u.lock.Unlock()
	if _, err := sts.NewFromConfig(u.as(liveKey{string(id[1]), string(secret[1])})).GetCallerIdentity(context.Background(), nil); err != nil {
		return fmt.Errorf("as %s: %w", id[1], err)
	}
	return nil
}

// consume keeps calling from now on.
func (u *liveUser) consume() {
	u.consuming = true
	u.over.Go(func() {
		for {
			u.consumed()
			select {
			case <-u.end:
				return
			case <-time.After(u.cloud.tick):
			}
		}
	})
}

func (u *liveUser) consumed() {
	err := u.call()
	u.lock.Lock()
	defer u.lock.Unlock()
	if u.made++; err != nil {
		u.failed, u.complaint = u.failed+1, err.Error()
	}
}

func (u *liveUser) stop() {
	select {
	case <-u.end:
	default:
		close(u.end)
	}
	u.over.Wait()
}

// pass lets time pass, in steps in which the consumer calls.
func (u *liveUser) pass(d time.Duration) {
	u.t.Helper()
	u.waited += d
	for step := 20 * time.Second; d > 0; d -= step {
		u.check(u.cloud.wait(min(step, d)))
		if u.consuming {
			u.consumed()
		}
	}
}

// eventually waits for what IAM takes some time to know everywhere.
func (u *liveUser) eventually(what string, try func() error) {
	u.t.Helper()
	var err error
	for range 40 {
		if err = try(); err == nil {
			return
		}
		u.pass(3 * time.Second)
	}
	u.t.Fatalf("%s: %v", what, err)
}

// run runs keytend as a process of its own.
func (u *liveUser) run(args ...string) (stdout string, code int, all string) {
	u.t.Helper()
	self, err := os.Executable()
	u.check(err)
	cmd := exec.CommandContext(u.t.Context(), self)
	cmd.Args = append([]string{"keytend"}, append(args, "--state", filepath.Join(u.folder, "state.db"))...)
	cmd.Env = append(os.Environ(), transcriptVariable+"="+u.folder)
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		u.t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode(), out.String() + said.String()
}

// keytend runs a command that must succeed, with the suite's times where it
// takes any.
func (u *liveUser) keytend(args ...string) {
	u.t.Helper()
	switch args[0] {
	case "hold", "release":
	case "rotate", "retire", "revoke":
		args = append(args, liveTimes...)
		fallthrough
	default:
		args = append(args, "--patience", "0s")
	}
	if _, code, said := u.run(args...); code != exitOK {
		u.t.Fatalf("keytend %s: exit code %d\n%s", strings.Join(args, " "), code, said)
	}
}

// until resumes whenever the record wants to be looked at, until it is in a
// phase. A pass that fails is followed by another.
func (u *liveUser) until(phase string) {
	u.t.Helper()
	last := ""
	for range 200 {
		now, next := u.status()
		if now == phase {
			return
		}
		u.pass(max(time.Second, next))
		_, code, said := u.run("resume", u.name, "--patience", "0s")
		last = fmt.Sprintf("%s, exit code %d\n%s", now, code, said)
		if code == exitBlocked {
			break
		}
	}
	u.t.Fatalf("not %s: %s", phase, last)
}

// status is the latest record's phase, and in how long it wants to be looked at.
func (u *liveUser) status() (phase string, next time.Duration) {
	u.t.Helper()
	out, code, said := u.run("status", u.name, "--output", "json")
	var answer struct {
		At      time.Time `json:"generated_at"`
		Records []struct {
			Phase     string
			NotBefore time.Time `json:"not_before"`
		}
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil || len(answer.Records) == 0 {
		u.t.Fatalf("status: exit code %d, %v\n%s", code, err, said)
	}
	r := answer.Records[0]
	if r.NotBefore.IsZero() {
		return r.Phase, 0
	}
	return r.Phase, r.NotBefore.Sub(answer.At)
}

// keys checks the statuses of the user's keys, oldest first.
func (u *liveUser) keys(want ...string) {
	u.t.Helper()
	u.eventually(fmt.Sprintf("the keys are %v", want), func() error {
		out, err := u.cloud.iam.ListAccessKeys(u.t.Context(), &iam.ListAccessKeysInput{UserName: aws.String(u.name)})
		if err != nil {
			return err
		}
		slices.SortFunc(out.AccessKeyMetadata, func(a, b types.AccessKeyMetadata) int { return a.CreateDate.Compare(*b.CreateDate) })
		var got []string
		for _, k := range out.AccessKeyMetadata {
			got = append(got, string(k.Status))
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("they are %v", got)
		}
		return nil
	})
}

// holds checks whether the file holds a key.
func (u *liveUser) holds(id string, want bool) {
	u.t.Helper()
	text, err := os.ReadFile(u.file())
	u.check(err)
	if strings.Contains(string(text), id) != want {
		u.t.Fatalf("the credentials file holds key %s: %v, want %v", id, !want, want)
	}
}

// describe gives the first key a description, as IAM's console does.
func (u *liveUser) describe(text string) {
	u.t.Helper()
	_, err := u.cloud.iam.TagUser(u.t.Context(), &iam.TagUserInput{
		UserName: aws.String(u.name), Tags: []types.Tag{{Key: aws.String(u.key.id), Value: aws.String(text)}},
	})
	u.check(err)
}

// described checks that the key in the file, and no other, has the description,
// and that nothing else is left of keytend in the user's tags.
func (u *liveUser) described(text string) {
	u.t.Helper()
	file, err := os.ReadFile(u.file())
	u.check(err)
	want := string(idLine.FindSubmatch(file)[1]) + "=" + text
	u.eventually("the key is described as "+want, func() error {
		out, err := u.cloud.iam.ListUserTags(u.t.Context(), &iam.ListUserTagsInput{UserName: aws.String(u.name)})
		if err != nil {
			return err
		}
		if len(out.Tags) != 1 || aws.ToString(out.Tags[0].Key)+"="+aws.ToString(out.Tags[0].Value) != want {
			return fmt.Errorf("the user has %d tags", len(out.Tags))
		}
		return nil
	})
}
