package main

import (
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestSimRunsFunctions: `keytend sim --lambda` with the compiled keytend, and a
// secret made as in AWS's documentation, which it rotates over the Runtime API: at
// once, then by its schedule, and whose old keys the reaper ends.
func TestSimRunsFunctions(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("skipped: it takes some seconds")
	}
	program := itself(t)
	environment, stop := startSim(t, "--users", "1", "--now", "2026-11-23T12:00:00Z", "--lambda", "keytend-rotation="+program)
	defer stop()
	s := newSimulated(t, environment)
	key := s.newKey("billing")
	s.makeSecret(key, 30)
	s.scheduleReaper("rate(10 days)")
	s.advance("1s")
	first := s.holds()
	if first == key.id {
		t.Fatal("the secret was not rotated")
	}
	for range 17 { // days on which somebody uses the key
		s.advance("2d")
		s.holds()
	}
	if second := s.holds(); second == first {
		t.Error("the secret was not rotated by its schedule")
	}
	if n := len(s.keys("billing")); n > 2 {
		t.Errorf("%d keys", n)
	}
}

// itself is the path of the keytend that TestMain has put on the PATH.
func itself(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("keytend")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// simulated is a client of a simulated AWS in another process.
type simulated struct {
	t        *testing.T
	endpoint string
	config   aws.Config
}

type pair struct{ id, secret string }

func newSimulated(t *testing.T, environment map[string]string) *simulated {
	return &simulated{t, environment["AWS_ENDPOINT_URL"], configFor(environment["AWS_ENDPOINT_URL"],
		pair{environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]})}
}

func configFor(endpoint string, key pair) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider(key.id, key.secret, "")}
}

func (s *simulated) advance(by string) {
	s.t.Helper()
	answer, err := http.Post(s.endpoint+"/_sim/advance?by="+by, "", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("advance: status %d", answer.StatusCode)
	}
}

func (s *simulated) newKey(user string) pair {
	s.t.Helper()
	c := iam.NewFromConfig(s.config)
	if _, err := c.CreateUser(s.t.Context(), &iam.CreateUserInput{UserName: &user}); err != nil {
		s.t.Fatal(err)
	}
	out, err := c.CreateAccessKey(s.t.Context(), &iam.CreateAccessKeyInput{UserName: &user})
	if err != nil {
		s.t.Fatal(err)
	}
	return pair{*out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey}
}

func (s *simulated) keys(user string) []string {
	s.t.Helper()
	out, err := iam.NewFromConfig(s.config).ListAccessKeys(s.t.Context(), &iam.ListAccessKeysInput{UserName: &user})
	if err != nil {
		s.t.Fatal(err)
	}
	var all []string
	for _, k := range out.AccessKeyMetadata {
		all = append(all, *k.AccessKeyId+" "+string(k.Status))
	}
	return all
}

// makeSecret makes prod/billing and has it rotated every so many days.
func (s *simulated) makeSecret(key pair, days int64) {
	s.t.Helper()
	c := secretsmanager.NewFromConfig(s.config)
	_, err := c.CreateSecret(s.t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("prod/billing"),
		SecretString: aws.String(`{"accessKeyId":"` + key.id + `","secretAccessKey":"` + key.secret + `"}`),
		Tags:         []types.Tag{{Key: aws.String("keytend:user"), Value: aws.String("billing")}}})
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = c.RotateSecret(s.t.Context(), &secretsmanager.RotateSecretInput{SecretId: aws.String("prod/billing"),
		RotationLambdaARN: aws.String("arn:aws:lambda:us-east-1:123456789012:function:keytend-rotation"),
		RotationRules:     &types.RotationRulesType{AutomaticallyAfterDays: &days}})
	if err != nil {
		s.t.Fatal(err)
	}
}

// scheduleReaper has the function invoked by a rule of EventBridge.
func (s *simulated) scheduleReaper(rate string) {
	s.t.Helper()
	c := eventbridge.NewFromConfig(s.config)
	_, err := c.PutRule(s.t.Context(), &eventbridge.PutRuleInput{Name: aws.String("keytend-reap"), ScheduleExpression: &rate})
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = c.PutTargets(s.t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("keytend-reap"), Targets: []eventtypes.Target{{
		Id: aws.String("reap"), Arn: aws.String("arn:aws:lambda:us-east-1:123456789012:function:keytend-rotation"), Input: aws.String(`{"task":"reap"}`),
	}}})
	if err != nil {
		s.t.Fatal(err)
	}
}

// holds is the key in the secret, which works.
func (s *simulated) holds() string {
	s.t.Helper()
	out, err := secretsmanager.NewFromConfig(s.config).GetSecretValue(s.t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("prod/billing")})
	if err != nil {
		s.t.Fatal(err)
	}
	parts := strings.Split(*out.SecretString, `"`)
	key := pair{parts[slices.Index(parts, "accessKeyId")+2], parts[slices.Index(parts, "secretAccessKey")+2]}
	if _, err := sts.NewFromConfig(configFor(s.endpoint, key)).GetCallerIdentity(s.t.Context(), nil); err != nil {
		s.t.Errorf("key %s fails: %v", key.id, err)
	}
	return key.id
}
