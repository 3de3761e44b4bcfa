//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
)

// deadly is a simulated AWS over real HTTP that kills, or stops, whoever makes
// its n-th request: before it is carried out, or after it and before the answer.
type deadly struct {
	aws      *fakeaws.AWS
	consumer *consumer

	lock   sync.Mutex
	seen   int // requests of the process that is to be killed
	at     int // which one; 0: none
	after  bool
	strike func() // kills or stops it; returns once that is certain
	struck int
	most   int // keys the user ever had at once
}

func (d *deadly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	d.lock.Lock()
	defer d.lock.Unlock()
	d.consumer.call(d.aws)
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".LookupEvents") {
		d.aws.Advance(time.Second) // CloudTrail takes two a second
	}
	d.seen++
	if d.seen != d.at {
		d.answer(w, r)
		return
	}
	d.struck++
	if !d.after {
		d.strike()
		d.answer(w, r) // of a stopped process: it goes on when it wakes up
		return
	}
	answer := httptest.NewRecorder()
	d.answer(answer, r)
	d.strike()
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// answer carries a request out, and looks at the user after it.
func (d *deadly) answer(w http.ResponseWriter, r *http.Request) {
	d.aws.ServeHTTP(w, r)
	d.most = max(d.most, len(d.user().Keys))
}

func (d *deadly) user() fakeaws.UserSpec {
	for _, user := range d.aws.Snapshot("123456789012").Users {
		if user.Name == victim {
			return user
		}
	}
	return fakeaws.UserSpec{}
}

// life is one rotation from its start to its end, over real processes.
type life struct {
	t      *testing.T
	cloud  *deadly
	home   string
	env    []string
	output bytes.Buffer
	live   *exec.Cmd

	longest int // requests of one process
	struck  int
}

func newLife(t *testing.T) *life {
	t.Helper()
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	cloud := &deadly{aws: fakeaws.New(fakeaws.Config{Start: start, Seed: 1, Hurried: true, LastUsedLag: time.Hour})}
	cloud.aws.AddAccount(fakeaws.AccountSpec{ID: "123456789012", Admin: "admin", Users: []fakeaws.UserSpec{
		{Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, 0, -1)}}},
		{Name: victim, Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, 0, -100)}}},
	}})
	l := &life{t: t, cloud: cloud, home: t.TempDir()}
	file := filepath.Join(l.home, "credentials")
	cloud.consumer = &consumer{name: "billing", file: file}
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)
	id, secret := cloud.aws.AdminKey("123456789012")
	l.env = append(os.Environ(), "HOME="+l.home, "XDG_STATE_HOME="+filepath.Join(l.home, "state"), transcriptVariable+"="+l.home,
		"AWS_ENDPOINT_URL="+server.URL, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+secret,
		"AWS_EC2_METADATA_DISABLED=true", fmt.Sprintf("KEYTEND_SIM_PID=%d", os.Getpid()), "AWS_MAX_ATTEMPTS=1")
	key := cloud.user().Keys[0]
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key.ID, key.Secret)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return l
}

// start starts keytend, which TestMain has put on the PATH.
func (l *life) start(args ...string) *exec.Cmd {
	l.t.Helper()
	cmd := exec.Command("keytend", args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = l.env, &l.output, &l.output
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	return cmd
}

func (l *life) rotate() []string {
	return append([]string{"rotate", victim, "--yes", "--deliver", "credentialsfile:" + l.cloud.consumer.file}, times...)
}

// status is the latest record, looked at without AWS.
func (l *life) status() (phase string, next time.Time) {
	l.t.Helper()
	l.cloud.lock.Lock()
	l.cloud.at = 0
	l.cloud.lock.Unlock()
	cmd := exec.Command("keytend", "status", victim, "--output", "json")
	cmd.Env = l.env
	out, err := cmd.Output()
	if err != nil {
		return "", time.Time{} // nothing is on record yet
	}
	var answer struct {
		Records []struct {
			Phase     string
			NotBefore time.Time `json:"not_before"`
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil || len(answer.Records) == 0 {
		l.t.Fatalf("%v: %s", err, out)
	}
	return answer.Records[0].Phase, answer.Records[0].NotBefore
}

// pass lets time pass to where the record wants to be looked at.
func (l *life) pass(to time.Time) {
	l.cloud.lock.Lock()
	defer l.cloud.lock.Unlock()
	for left := to.Sub(l.cloud.aws.Now()) + time.Second; left > 0; left -= 12 * time.Hour {
		l.cloud.aws.Advance(min(left, 12*time.Hour))
		l.cloud.consumer.call(l.cloud.aws)
	}
}

// toEnd goes on, in one process after the other, until the record has ended.
// befall says at which request of each process it is struck; 0: not at all.
func (l *life) toEnd(befall func(run int) (at int, after bool)) {
	l.t.Helper()
	for run := range 60 {
		phase, next := l.status()
		if phase == "done" || phase == "rolled back" {
			l.check(phase)
			return
		}
		l.pass(next)
		args := []string{"resume", victim}
		if phase == "" {
			args = l.rotate()
		}
		l.run(args, befall, run)
	}
	l.t.Fatalf("no end\n%s", l.output.String())
}

func (l *life) run(args []string, befall func(int) (int, bool), run int) {
	c := l.cloud
	c.lock.Lock()
	c.seen = 0
	c.at, c.after = befall(run)
	l.live = l.start(args...)
	c.lock.Unlock()
	_ = l.live.Wait() // its exit code is its own affair
	c.lock.Lock()
	defer c.lock.Unlock()
	l.longest, l.struck = max(l.longest, c.seen), l.struck+c.struck
	c.at, c.struck = 0, 0
}

// check holds the invariants that can be seen from outside.
func (l *life) check(phase string) {
	l.t.Helper()
	user := l.cloud.user()
	switch {
	case l.cloud.consumer.failed > 0:
		l.t.Fatalf("the consumer failed %d times of %d: %s\n%s", l.cloud.consumer.failed, l.cloud.consumer.made, l.cloud.consumer.complaint, l.output.String())
	case l.cloud.most > 2:
		l.t.Fatalf("%d keys at once\n%s", l.cloud.most, l.output.String())
	case len(user.Keys) != 1 || user.Keys[0].Status != "Active" || user.Tags["keytend:claim"] != "":
		l.t.Fatalf("%s, and left: %+v %v\n%s", phase, user.Keys, user.Tags, l.output.String())
	}
	verify := exec.Command("keytend", "audit", "verify")
	verify.Env = l.env
	if out, err := verify.CombinedOutput(); err != nil {
		l.t.Fatalf("audit: %v %s", err, out)
	}
	for _, leak := range (&story{past: []*fakeaws.AWS{l.cloud.aws}}).leaks(filepath.Join(l.home, "state")) {
		l.t.Errorf("a secret was written to %s", leak)
	}
}

// TestKilledAtEveryRequest: for each n, every other process dies of SIGKILL at
// its n-th request, right before it is carried out or right after.
func TestKilledAtEveryRequest(t *testing.T) {
	everyRequest(t, func(l *life) func() {
		return func() {
			_ = l.live.Process.Kill()
			for syscall.Kill(l.live.Process.Pid, 0) == nil { // until it was waited for
				time.Sleep(time.Millisecond)
			}
		}
	})
}

// TestStoppedAtEveryRequest: a process is stopped at its n-th request, and
// continued when half an hour has passed.
func TestStoppedAtEveryRequest(t *testing.T) {
	everyRequest(t, func(l *life) func() {
		return func() {
			_ = l.live.Process.Signal(syscall.SIGSTOP)
			l.cloud.aws.Advance(30 * time.Minute)
			l.cloud.consumer.call(l.cloud.aws)
			_ = l.live.Process.Signal(syscall.SIGCONT)
		}
	})
}

var strikes = flag.Int("strikes", 12, "how many of the requests processes are killed and stopped at; 0: every single one")

func everyRequest(t *testing.T, strike func(*life) func()) {
	t.Parallel()
	whole := newLife(t)
	whole.toEnd(func(int) (int, bool) { return 0, false })
	step := 1
	if *strikes > 0 {
		step = max(1, whole.longest / *strikes)
	}
	struck := 0
	for n := 1; n <= whole.longest; n += step {
		l := newLife(t)
		l.cloud.strike = strike(l)
		l.toEnd(func(run int) (int, bool) {
			if run%2 == 1 {
				return 0, false
			}
			return n, (n+run/2)%2 == 0
		})
		struck += l.struck
	}
	if struck < whole.longest/step {
		t.Errorf("struck %d times only", struck)
	}
	t.Logf("%d requests in the longest process; struck %d times", whole.longest, struck)
}
