package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/programs"
)

var (
	programDays = flag.Int("program.days", 6, "how many days the compiled function lives through")
	programSeed = flag.Uint64("program.seed", 1, "what its weather comes from")
)

// programYear is the compiled function under Secrets Manager's schedule, in virtual
// time, while its calls go wrong; see rotationlambda's TestYear for the long run.
type programYear struct {
	t      *testing.T
	cloud  *fakeaws.AWS
	url    string
	random *rand.Rand
	struck int
	held   map[string]pair // keys that somebody read in the last twelve hours
	keys   []string        // that the secret held, in order
}

// TestProgramYear: no consumer fails, there are never more than two keys, and the
// secret gets new ones. -program.days=365 lives through a year.
func TestProgramYear(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped: it takes some seconds")
	}
	y := newProgramYear(t)
	for day := range *programDays {
		y.consume()
		y.cloud.Elapse(t.Context(), 12*time.Hour)
		y.consume()
		clear(y.held)
		y.cloud.Elapse(t.Context(), 12*time.Hour)
		if n := len(y.user().Keys); n > 2 {
			t.Fatalf("day %d: %d keys", day, n)
		}
	}
	y.consume()
	t.Logf("%d keys in %d days; %d calls were struck", len(y.keys), *programDays, y.struck)
	if want := max(2, 1+(*programDays+19)/30); len(y.keys) < want || y.struck == 0 {
		t.Errorf("the secret held %v, want at least %d keys; %d calls were struck", y.keys, want, y.struck)
	}
}

func newProgramYear(t *testing.T) *programYear {
	t.Helper()
	const name, region, account = "keytend-rotation", "us-east-1", "123456789012"
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	y := &programYear{t: t, random: rand.New(rand.NewPCG(*programSeed, 1)), held: map[string]pair{}}
	y.cloud = fakeaws.New(fakeaws.Config{Start: start, Seed: 1, Hurried: true})
	y.cloud.AddAccount(fakeaws.AccountSpec{ID: account, Admin: "admin", Users: []fakeaws.UserSpec{
		{Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, 0, -1)}}},
		{Name: "billing", Keys: []fakeaws.KeySpec{{Created: start.AddDate(0, 0, -60)}}},
	}})
	arn := "arn:aws:lambda:" + region + ":" + account + ":function:" + name
	y.cloud.AddFunction(account, fakeaws.FunctionSpec{Name: name, Region: region, Role: "arn:aws:iam::" + account + ":role/" + name,
		Timeout: time.Minute, ReservedConcurrency: 1, Policy: invokedBy(arn, account)},
		fakeaws.RoleSpec{Name: name, TrustPolicy: lambdaTrust, InlinePolicies: map[string]string{"keytend": functionPolicy(name)}})
	server := httptest.NewServer(y.cloud)
	t.Cleanup(server.Close)
	y.url = server.URL
	runner := &programs.Runner{Cloud: y.cloud, Endpoint: server.URL, Other: itself(t), Env: []string{
		"KEYTEND_SIM_PID=" + fmt.Sprint(os.Getpid()), "KEYTEND_SETTLE=20ms", transcriptVariable + "=" + t.TempDir(),
	}}
	t.Cleanup(runner.Close)
	y.cloud.RunFunctions(runner.Run)
	y.makeSecret()
	y.cloud.SetFault(y.fault)
	return y
}

// fault strikes the function's calls, which sessions of its role sign.
func (y *programYear) fault(c fakeaws.Call) fakeaws.Fault {
	if !strings.HasPrefix(c.KeyID, "ASIA") || y.random.IntN(100) >= 6 {
		return fakeaws.Proceed()
	}
	y.struck++
	switch y.random.IntN(4) {
	case 0:
		return fakeaws.Refuse(400, "Throttling", "Rate exceeded")
	case 1:
		return fakeaws.Refuse(503, "ServiceUnavailable", "Try again")
	case 2:
		return fakeaws.Delay(time.Duration(1+y.random.IntN(200)) * time.Second)
	}
	return fakeaws.LoseAnswer()
}

func (y *programYear) admin() aws.Config {
	id, secret := y.cloud.AdminKey("123456789012")
	return configFor(y.url, pair{id, secret})
}

// makeSecret makes the secret, has it rotated every thirty days, and the reaper
// come by a rule of EventBridge.
func (y *programYear) makeSecret() {
	y.t.Helper()
	s := &simulated{y.t, y.url, y.admin()}
	key := y.user().Keys[0]
	s.makeSecret(pair{key.ID, key.Secret})
	s.scheduleReaper("rate(4 days)")
}

func (y *programYear) user() fakeaws.UserSpec {
	for _, u := range y.cloud.Snapshot("123456789012").Users {
		if u.Name == "billing" {
			return u
		}
	}
	return fakeaws.UserSpec{}
}

// consume uses what the secret holds, and what was read within twelve hours.
func (y *programYear) consume() {
	y.t.Helper()
	out, err := secretsmanager.NewFromConfig(y.admin()).GetSecretValue(y.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("prod/billing")})
	var read struct{ AccessKeyID, SecretAccessKey string }
	if err == nil {
		err = json.Unmarshal([]byte(*out.SecretString), &read)
	}
	if err != nil {
		y.t.Fatal(err)
	}
	y.held[read.AccessKeyID] = pair{read.AccessKeyID, read.SecretAccessKey}
	if len(y.keys) == 0 || y.keys[len(y.keys)-1] != read.AccessKeyID {
		y.keys = append(y.keys, read.AccessKeyID)
	}
	for id, key := range y.held {
		if _, err := sts.NewFromConfig(configFor(y.url, key)).GetCallerIdentity(context.Background(), nil); err != nil {
			y.t.Errorf("%s: who read %s fails: %v", y.cloud.Now().Format(time.DateTime), id, err)
		}
	}
}
