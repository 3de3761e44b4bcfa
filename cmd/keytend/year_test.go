package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/policy"
)

var (
	yearAccounts = flag.Int("year-accounts", 2, "how many accounts live through the year; 50 take some minutes")
	yearUsers    = flag.Int("year-users", 12, "how many users each of them has")
	yearDays     = flag.Int("year-days", 365, "how many days the year has")
)

// TestYear: an organization of ancient keys, a policy of thirty lines, and a
// year of `keytend apply` and `keytend notify` from cron, while programs and
// people use the keys and things go wrong. At its end the promise must hold.
func TestYear(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // what is remembered of CloudTrail is looked through at each collection
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(3 << 30))
	if testing.Short() {
		t.Skip("a simulated year takes its time")
	}
	home := t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "USERPROFILE": home, "XDG_STATE_HOME": filepath.Join(home, "state"), "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_REGION": "us-east-1", "AWS_CA_BUNDLE": "", "AWS_PROFILE": "", "AWS_SESSION_TOKEN": "", "KEYTEND_CONFIG": "", "GOGC": "200",
		"AWS_CONFIG_FILE": filepath.Join(home, "config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "credentials"),
		hookVariable: hookSecret, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", // every call goes through year.RoundTrip
	} {
		t.Setenv(name, value)
	}
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)))
		y := newYear(t, home)
		y.begin()
		stop := make(chan struct{})
		go y.world.live(stop)
		for day := range *yearDays {
			y.day(day)
		}
		close(stop)
		synctest.Wait()
		y.judge()
	})
	t.Logf("%d accounts, %d users each, %d days in %s", *yearAccounts, *yearUsers, *yearDays, time.Since(began).Round(time.Second))
}

// year is the one that an organization lives through.
type year struct {
	t      *testing.T
	world  *world
	cloud  *fakeaws.AWS
	folder string // the policy's and the state file's
	start  time.Time
	post   postbox

	said  bytes.Buffer   // everything that keytend printed
	exits map[string]int // how often a command ended with which code
}

func newYear(t *testing.T, home string) *year {
	cloud := fakeaws.New(fakeaws.Config{Seed: 7, Hurried: true, LastUsedLag: 2 * time.Hour, TrailDelay: 10 * time.Minute, Propagation: 5 * time.Second})
	y := &year{t: t, cloud: cloud, folder: home, start: cloud.Now(), exits: map[string]int{}}
	y.world = newWorld(cloud, *yearAccounts, *yearUsers)
	y.post.now = cloud.Now
	id, secret := cloud.AdminKey(y.world.accounts[0])
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret} {
		if err := os.Setenv(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return y
}

// app is keytend as cron runs it.
func (y *year) app() *app {
	return &app{
		stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, environ: os.Environ(), lookupEnv: os.LookupEnv,
		home: y.folder, now: y.cloud.Now, sleep: sleep, client: &http.Client{Transport: y}, log: slog.New(slog.DiscardHandler),
	}
}

func (y *year) path(name string) string { return filepath.Join(y.folder, name) }

// keytend runs one command line, in this process.
func (y *year) keytend(args ...string) (code int, out string) {
	return y.run(context.Background(), y, args...)
}

// dying runs one whose process ends at its n-th changing call.
func (y *year) dying(n int, args ...string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	way := &cut{RoundTripper: y, at: n, cancel: cancel}
	y.run(ctx, way, args...)
	if way.gone {
		y.exits["(killed)"]++
	}
}

func (y *year) run(ctx context.Context, way http.RoundTripper, args ...string) (code int, out string) {
	var stdout, stderr bytes.Buffer
	a := y.app()
	a.stdout, a.stderr, a.client = &stdout, &stderr, &http.Client{Transport: way}
	code = a.run(ctx, args)
	_, _ = fmt.Fprintf(&y.said, "\n%s $ keytend %s: exit %d\n%s%s", stamp(y.cloud.Now()), strings.Join(args, " "), code, stdout.String(), stderr.String())
	y.exits[fmt.Sprintf("%s %d", args[0], code)]++
	return code, stdout.String()
}

// inForce are the flags of every command of the year.
func (y *year) inForce(args ...string) []string {
	return append(args, "--config", y.path("keytend.yaml"), "--state", y.path("state.db"))
}

// RoundTrip is the way to AWS and to the receiver of notices. New secrets are
// remembered, to be searched for.
func (y *year) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == hookHost {
		return y.post.take(r)
	}
	action := actionOf(r)
	answer, err := y.cloud.RoundTripper().RoundTrip(r)
	if err == nil && slices.Contains(handsOut, action) {
		err = y.world.remember(answer)
	}
	return answer, err
}

// begin writes the policy: keytend init's, and what people make of it.
func (y *year) begin() {
	code, out := y.keytend("init", "--organization", "--fallback", "security@example.com", "--weeks", "12", "--dir", y.folder)
	if code != exitOK && code != exitPartial {
		y.t.Fatalf("init: exit %d\n%s", code, y.said.String())
	}
	y.t.Log(firstLine(out))
	path := y.path("keytend.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		y.t.Fatal(err)
	}
	lines := mended(string(text))
	if len(lines) > 40 {
		y.t.Errorf("the policy has %d lines", len(lines))
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		y.t.Fatal(err)
	}
	if code, _ := y.keytend("config", "check", "--config", path); code != exitOK {
		y.t.Fatalf("config check: exit %d\n%s\n%s", code, strings.Join(lines, "\n"), y.said.String())
	}
	y.t.Logf("%d lines of policy:\n%s", len(lines), strings.Join(lines, "\n"))
}

var comment = regexp.MustCompile(`(?m)\s*# .*$|^#.*$`)

// mended is the first policy without its comments, enforced, and with what only
// people know.
func mended(first string) []string {
	text := strings.Replace(comment.ReplaceAllString(first, ""), "mode: observe", "mode: enforce", 1) + peoplesLines
	var lines []string
	for _, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

const peoplesLines = `
overrides:
  - when: '"schedule" in user.tags && user.tags["schedule"] == "monthly"'
    times: {overlap_max: 70d, margin: 8d, spread: 2d}
exemptions:
  - {when: 'user.name == "age-90d-1min"', until: 2027-12-31, reason: vendor cannot rotate, approver: ciso@example.com}
freezes: [{from: 2026-12-24, until: 2026-12-26, time_zone: Europe/Berlin, reason: holidays}]
windows: [{days: [mon, tue, wed, thu, fri], from: "07:00", until: "18:00", time_zone: Europe/Berlin}]
notices: {channels: [{webhook: "https://` + hookHost + `/keytend", secret: env:` + hookVariable + `}]}
`

// day is one day of the year: cron runs keytend, and people read their notices.
func (y *year) day(n int) {
	at := y.start.Add(time.Duration(n) * policy.Day)
	weather := y.weatherOf(n)
	time.Sleep(time.Until(at.Add(9 * time.Hour)))
	y.cloud.SetFault(weather.fault)
	if apply := y.inForce("apply", "--yes", "--quiet"); weather.ending > 0 {
		y.dying(weather.ending, apply...)
	} else {
		y.keytend(apply...)
	}
	time.Sleep(time.Until(at.Add(11 * time.Hour)))
	y.post.down = weather.down
	y.keytend(y.inForce("notify", "--quiet")...)
	y.cloud.SetFault(nil)
	y.post.read(func(e told) {
		if e.Kind != "blocked" && e.Kind != "switched off" {
			y.world.heard(e.Account, e.User)
		}
	})
}
