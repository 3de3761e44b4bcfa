//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// awscli is Debian's: the consumer of somebody who has never heard of us.
const awscli = "/usr/bin/aws"

// cliConsumers use the key with the AWS CLI, as its file and its secret have it.
type cliConsumers struct {
	url, file    string
	admin        []string // environment of whoever may read the secret
	made, failed int
	complaint    string
}

// call has both make a call, each with the key that it finds just then.
func (c *cliConsumers) call() {
	c.made += 2
	if out, err := c.aws([]string{"AWS_SHARED_CREDENTIALS_FILE=" + c.file}, "sts", "get-caller-identity"); err != nil {
		c.failed, c.complaint = c.failed+1, "with the file: "+out
	}
	out, err := c.aws(c.admin, "secretsmanager", "get-secret-value", "--secret-id", "prod/billing", "--query", "SecretString", "--output", "text")
	var key struct{ AccessKeyID, SecretAccessKey string }
	if err == nil {
		err = json.Unmarshal([]byte(out), &key)
	}
	if err == nil {
		out, err = c.aws([]string{"AWS_ACCESS_KEY_ID=" + key.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + key.SecretAccessKey}, "sts", "get-caller-identity")
	}
	if err != nil {
		c.failed, c.complaint = c.failed+1, "with the secret: "+out
	}
}

func (c *cliConsumers) aws(env []string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, awscli, append(args, "--endpoint-url", c.url, "--region", "us-east-1", "--no-cli-pager")...)
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=/nonexistent", "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1"}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestTheAWSCLINoticesNothing: a key in a credentials file and in Secrets
// Manager is rotated, watched, deactivated, rolled back and deleted by the real
// commands, each killed in its midst and begun anew, and Debian's AWS CLI, which
// uses both all the while, never fails.
func TestTheAWSCLINoticesNothing(t *testing.T) {
	if _, err := os.Stat(awscli); err != nil {
		t.Skip("skipped: no AWS CLI: install Debian's awscli")
	}
	if testing.Short() {
		t.Skip("skipped: it takes a minute")
	}
	t.Parallel()
	l := newLife(t)
	key := l.cloud.user().Keys[0]
	secret := fmt.Sprintf(`{"username":%q,"accessKeyId":%q,"secretAccessKey":%q,"host":"billing.example.com"}`, victim, key.ID, key.Secret)
	server := httptest.NewServer(l.cloud.aws) // nobody kills these
	t.Cleanup(server.Close)
	id, adminSecret := l.cloud.aws.AdminKey("123456789012")
	cli := &cliConsumers{url: server.URL, file: l.cloud.consumer.file,
		admin: []string{"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + adminSecret}}
	if out, err := cli.aws(cli.admin, "secretsmanager", "create-secret", "--name", "prod/billing", "--secret-string", secret); err != nil {
		t.Fatal(out)
	}
	l.cloud.strike = func() {
		_ = l.live.Process.Kill()
		for syscall.Kill(l.live.Process.Pid, 0) == nil { // until it was waited for
			time.Sleep(time.Millisecond)
		}
	}

	l.killedAndBegunAnew(cli, l.rotateEverywhere()...)
	l.statuses("Active", "Active")
	l.onTo(cli, "resting")
	l.statuses("Inactive", "Active")
	l.killedAndBegunAnew(cli, "rollback", victim, "--yes")
	l.statuses("Active", "Active")
	l.holds(cli, key.ID)
	l.onTo(cli, "rolled back")
	l.statuses("Active")

	l.killedAndBegunAnew(cli, l.rotateEverywhere()...)
	l.onTo(cli, "done")
	l.statuses("Active")
	l.holds(cli, l.cloud.user().Keys[0].ID)
	if l.cloud.user().Keys[0].ID == key.ID {
		t.Error("the old key is still there")
	}
	l.check("done")
	if cli.failed > 0 || cli.made < 20 || l.struck < 6 {
		t.Fatalf("the AWS CLI failed %d times of %d: %s; %d kills\n%s", cli.failed, cli.made, cli.complaint, l.struck, l.output.String())
	}
	t.Logf("the AWS CLI used the key %d times; keytend was killed %d times", cli.made, l.struck)
}

func (l *life) rotateEverywhere() []string {
	return append(l.rotate(), "--deliver", "secretsmanager:prod/billing")
}

// command runs one command, killed at its n-th request where that isn't 0, while
// the AWS CLI is used.
func (l *life) command(cli *cliConsumers, n int, args ...string) {
	done := make(chan struct{})
	go func() { defer close(done); cli.call() }()
	l.run(args, func(int) (int, bool) { return n, n%2 == 0 }, 0)
	<-done
}

// killedAndBegunAnew kills a command early, and what goes on with it in its
// midst; then it is left alone.
func (l *life) killedAndBegunAnew(cli *cliConsumers, args ...string) {
	l.t.Helper()
	l.command(cli, 12, args...)
	for _, n := range []int{31, 0} {
		_, next := l.status()
		l.pass(next)
		if l.status(); strings.HasPrefix(args[0], "rollback") {
			args = []string{"resume", victim}
		}
		l.command(cli, n, args...)
	}
}

// onTo lets days pass and keytend go on until the record is in a phase; every
// other process is killed.
func (l *life) onTo(cli *cliConsumers, phase string) {
	l.t.Helper()
	for run := range 60 {
		now, next := l.status()
		if now == phase {
			return
		}
		l.pass(next)
		at := 0
		if run%2 == 0 {
			at = 14 + run
		}
		l.command(cli, at, "resume", victim)
	}
	l.t.Fatalf("never %s\n%s", phase, l.output.String())
}

func (l *life) statuses(want ...string) {
	l.t.Helper()
	var got []string
	for _, key := range l.cloud.user().Keys {
		got = append(got, key.Status)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		l.t.Fatalf("keys %v, want %v\n%s", got, want, l.output.String())
	}
}

// holds wants the file and the secret to hold a key, and the secret's neighbours
// to be there still.
func (l *life) holds(cli *cliConsumers, id string) {
	l.t.Helper()
	text, err := os.ReadFile(cli.file)
	if err != nil || !strings.Contains(string(text), id) {
		l.t.Errorf("%s does not hold %s: %v", filepath.Base(cli.file), id, err)
	}
	var secret fakeaws.SecretSpec
	for _, s := range l.cloud.aws.Snapshot("123456789012").Secrets {
		secret = s
	}
	if !strings.Contains(secret.Value, id) || !strings.Contains(secret.Value, "billing.example.com") {
		l.t.Errorf("the secret does not hold %s beside its neighbours", id)
	}
}
