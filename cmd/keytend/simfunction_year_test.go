package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/programs"
)

var (
	programDays = flag.Int("program.days", 2, "how many days the compiled function lives through")
	programSeed = flag.Uint64("program.seed", 1, "what its weather comes from")
	programSays = flag.Bool("program.say", false, "tell what happens")
)

const (
	// programRotates is the secret's schedule, in days.
	programRotates = 8
	// programCalm are days at the end, without weather and people: everything comes to
	// rest. Where the whole is short there are fewer.
	programCalm, programCalmAtLeast = 3 * programRotates, programRotates + 2
	// programCaches is how long a consumer keeps what it read.
	programCaches = 12 * time.Hour
	// programStuck is after how long without another key, and without a person's
	// doing, the year is lost; programLingers how long a record may be in one phase.
	programStuck, programLingers = 6 * programRotates * 24 * time.Hour, 15 * 24 * time.Hour
	// programStaysWarm is how old a process gets that nothing kills. Where it got
	// cold as often as on AWS, starting it would be most of the work.
	programStaysWarm = 36 * time.Hour
	// programStep is between two looks of the consumers.
	programStep = 3 * time.Hour
)

// programPolicy has rotations take days: a year has many.
const programPolicy = "mode: enforce\ntimes:\n  overlap: 14h\n  overlap_max: 5d\n  idle: 12h\n  lag_margin: 4h\n  cache: 12h\n  rest: 12h\n"

// programYear is the compiled function over Lambda's Runtime API, under Secrets
// Manager's schedule, in virtual time, while its calls go wrong, its process is
// killed, and people are at the secret.
type programYear struct {
	t      *testing.T
	cloud  *fakeaws.AWS
	url    string
	runner *programs.Runner
	random *rand.Rand
	from   time.Time
	said   said
	storm  storm

	calm    bool
	working bool // the function is: people may come between two of its calls
	late    bool // it has looked, and is about to take a key from somebody
	flight  time.Time
	struck  map[string]map[string]int // call → fault → how often
	acted   map[string]int            // what people did
	people  people

	held    map[string]reading // keys that consumers may have in hand
	keys    []string           // that the secret held, in order
	moved   time.Time          // when it last got another
	secrets map[string]string  // of every key that ever was, by its ID
	runs    int
	crowded int // keys asked for beyond the second
	slowest time.Duration
}

type reading struct {
	pair
	at time.Time
}

// said is everything the function prints.
type said struct {
	lock sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.text.Write(p)
}

// String is what was said so far.
func (s *said) String() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.text.String()
}

// TestProgramYear: no consumer fails, there are never more than two keys, the secret
// gets new ones, no record waits for ever, and no secret is said. -program.days=365
// lives through a year.
func TestProgramYear(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped: it takes some seconds")
	}
	y := newProgramYear(t)
	y.live(*programDays)
	y.calm = true
	y.live(max(programCalmAtLeast, min(programCalm, *programDays)))
	y.judge()
}

func newProgramYear(t *testing.T) *programYear {
	t.Helper()
	const name, region, account = "keytend-rotation", "us-east-1", "123456789012"
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	y := &programYear{t: t, random: rand.New(rand.NewPCG(*programSeed, 1)), from: start, moved: start,
		struck: map[string]map[string]int{}, acted: map[string]int{}, held: map[string]reading{}, secrets: map[string]string{}}
	y.cloud = fakeaws.New(fakeaws.Config{Start: start, Seed: *programSeed, Hurried: true, Propagation: 6 * time.Second, LastUsedLag: 2 * time.Hour, TrailDelay: 10 * time.Minute})
	y.cloud.AddAccount(fakeaws.AccountSpec{ID: account, Admin: "admin", Users: []fakeaws.UserSpec{
		{Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, 0, -1)}}},
		{Name: "billing", Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, 0, -60)}}},
	}})
	arn := "arn:aws:lambda:" + region + ":" + account + ":function:" + name
	y.cloud.AddFunction(account, fakeaws.FunctionSpec{Name: name, Region: region, Role: "arn:aws:iam::" + account + ":role/" + name,
		Timeout: 15 * time.Minute, ReservedConcurrency: 1, Policy: invokedBy(arn, account), Environment: map[string]string{"KEYTEND_POLICY": programPolicy}},
		fakeaws.RoleSpec{Name: name, TrustPolicy: lambdaTrust, MaxSession: programStaysWarm + time.Hour, InlinePolicies: map[string]string{"keytend": functionPolicy(name)}})
	server := httptest.NewServer(y.cloud)
	t.Cleanup(server.Close)
	y.url = server.URL
	y.runner = &programs.Runner{Cloud: y.cloud, Endpoint: server.URL, Other: itself(t), Log: &y.said, Idle: 7 * time.Hour, Age: programStaysWarm, Env: []string{
		"KEYTEND_SIM_PID=" + fmt.Sprint(os.Getpid()), "KEYTEND_SIM_HURRIED=1", transcriptVariable + "=" + t.TempDir(),
	}}
	t.Cleanup(y.runner.Close)
	y.cloud.RunFunctions(y.run)
	y.makeSecret()
	y.cloud.SetFault(y.fault)
	return y
}

// makeSecret makes the secret as AWS's documentation does, has it rotated by its
// schedule, and the reaper come by a rule of EventBridge.
func (y *programYear) makeSecret() {
	y.t.Helper()
	s := &simulated{y.t, y.url, y.admin()}
	key := y.user().Keys[0]
	s.makeSecret(pair{key.ID, key.Secret}, programRotates)
	s.scheduleReaper("rate(6 hours)")
}

func (y *programYear) admin() aws.Config {
	id, secret := y.cloud.AdminKey("123456789012")
	return y.as(pair{id, secret})
}

// as is the SDK with some key, in process.
func (y *programYear) as(key pair) aws.Config {
	c := configFor(y.url, key)
	c.HTTPClient, c.Retryer = &http.Client{Transport: y.cloud.RoundTripper()}, func() aws.Retryer { return aws.NopRetryer{} }
	return c
}

func (y *programYear) secretsManager() *secretsmanager.Client {
	return secretsmanager.NewFromConfig(y.admin())
}

func (y *programYear) must(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *programYear) day() string {
	return fmt.Sprintf("day %.3f", y.cloud.Now().Sub(y.from).Hours()/24)
}

func (y *programYear) say(format string, args ...any) {
	if *programSays {
		y.t.Logf("%s: %s", y.day(), fmt.Sprintf(format, args...))
	}
}

func (y *programYear) user() fakeaws.UserSpec {
	for _, u := range y.cloud.Snapshot("123456789012").Users {
		if u.Name == "billing" {
			for _, k := range u.Keys {
				y.secrets[k.ID] = k.Secret
			}
			return u
		}
	}
	return fakeaws.UserSpec{}
}

// live lets days pass: what is due is done in its time, consumers use their keys,
// people look in.
func (y *programYear) live(days int) {
	for end := y.cloud.Now().Add(time.Duration(days) * 24 * time.Hour); y.cloud.Now().Before(end) && !y.t.Failed(); {
		y.consume()
		y.lookIn()
		y.cloud.Elapse(y.t.Context(), programStep)
	}
	y.consume()
}

// consume uses what the secret holds, and what was read within twelve hours.
func (y *programYear) consume() {
	y.t.Helper()
	read := y.read("AWSCURRENT")
	y.held[read.id] = reading{read, y.cloud.Now()}
	if len(y.keys) == 0 || y.keys[len(y.keys)-1] != read.id {
		y.keys, y.moved = append(y.keys, read.id), y.cloud.Now()
		y.say("the secret holds %s", read.id)
	}
	if stuck := y.cloud.Now().Sub(y.moved); stuck > programStuck && y.cloud.Now().Sub(y.people.put) > programStuck {
		y.t.Errorf("%s: nothing has come of the schedule for %s\n%s", y.day(), stuck, y.status())
	}
	y.useAll()
}

// useAll lets consumers use what they have in hand.
func (y *programYear) useAll() {
	for id, key := range y.held {
		if y.cloud.Now().Sub(key.at) >= programCaches {
			delete(y.held, id)
			continue
		}
		if _, err := sts.NewFromConfig(y.as(key.pair)).GetCallerIdentity(context.Background(), nil); err != nil {
			y.t.Errorf("%s: who read %s at %s fails: %v\n%s", y.day(), id, key.at.Format(time.DateTime), err, y.status())
		}
	}
	if n := len(y.user().Keys); n > 2 {
		y.t.Errorf("%s: %d keys", y.day(), n)
	}
}

// read is the pair that a version of the secret holds; the zero pair: none.
func (y *programYear) read(label string) pair {
	text, _ := y.version(label)
	var read struct{ AccessKeyID, SecretAccessKey string }
	if text != "" {
		y.must(json.Unmarshal([]byte(text), &read))
	}
	return pair{read.AccessKeyID, read.SecretAccessKey}
}

func (y *programYear) version(label string) (text, id string) {
	out, err := y.secretsManager().GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("prod/billing"), VersionStage: &label})
	if err != nil {
		return "", ""
	}
	return aws.ToString(out.SecretString), aws.ToString(out.VersionId)
}

// state is the line about the record in the secret's tags.
func (y *programYear) state() string {
	d := y.describe()
	for _, tag := range d.Tags {
		if *tag.Key == "keytend:rotation/state" {
			return *tag.Value
		}
	}
	return "no record"
}

func (y *programYear) describe() *secretsmanager.DescribeSecretOutput {
	d, err := y.secretsManager().DescribeSecret(context.Background(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("prod/billing")})
	y.must(err)
	return d
}

func (y *programYear) status() string {
	var keys []string
	for _, k := range y.user().Keys {
		keys = append(keys, k.ID+" "+k.Status)
	}
	_ = y.keytend("secret", "status", "prod/billing")
	lines := strings.Split(strings.TrimSpace(y.said.String()), "\n")
	alarms := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.Contains(line, `"level":"ERROR"`) })
	return fmt.Sprintf("keys %v, the record is %s; people did %v\n%s\nthe function said last:\n%s\nand of alarms:\n%s",
		keys, y.state(), y.acted, y.people.lastHeard, lastLines(lines, 12), lastLines(alarms, 6))
}

func lastLines(lines []string, n int) string {
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// judge is the end.
func (y *programYear) judge() {
	y.t.Logf("%d keys in %d days; %d invocations, %d cold starts; %d calls were struck; people did %v; keys asked for beyond the second: %d; a record was in one phase for at most %s",
		len(y.keys), *programDays, y.runs, y.runner.ColdStarts(), y.strikes(), y.acted, y.crowded, y.slowest.Round(time.Hour))
	if want := max(2, *programDays/programRotates/2); len(y.keys) < want {
		y.t.Errorf("the secret held %d keys, want at least %d\n%s", len(y.keys), want, y.status())
	}
	if quiet := y.cloud.Now().Sub(y.moved); *programDays >= programCalm && quiet > 2*programRotates*24*time.Hour {
		y.t.Errorf("in calm weather nothing has come of the schedule for %s\n%s", quiet, y.status())
	}
	for id, secret := range y.secrets {
		if strings.Contains(y.said.String(), secret) || strings.Contains(y.people.heard, secret) {
			y.t.Errorf("the secret of %s was said", id)
		}
	}
	if *programDays >= 365 {
		y.everythingStruck()
	}
}
