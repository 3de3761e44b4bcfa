package awsapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
)

const testAccount = "123456789012"

// cloudWith is one account with what is given, and a session of its
// administrator in eu-west-1. All time is virtual.
func cloudWith(t *testing.T, change func(*fakeaws.AccountSpec)) (*fakeaws.AWS, *Session) {
	t.Helper()
	spec := fakeaws.AccountSpec{ID: testAccount, Admin: "admin", Users: []fakeaws.UserSpec{{
		Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{}},
	}}}
	if change != nil {
		change(&spec)
	}
	cloud := fakeaws.New(fakeaws.Config{})
	cloud.AddAccount(spec)
	id, secret := cloud.AdminKey(testAccount)
	return cloud, OpenWithKey(t.Context(), accesskey.ID(id), accesskey.NewSecret(secret), Options{
		Region: "eu-west-1", HTTPClient: &http.Client{Transport: cloud.RoundTripper()},
	})
}

func virtually(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func withSecret(change func(*fakeaws.SecretSpec)) func(*fakeaws.AccountSpec) {
	return func(s *fakeaws.AccountSpec) {
		secret := fakeaws.SecretSpec{Region: "eu-west-1", Name: "prod/billing", Value: "one"}
		if change != nil {
			change(&secret)
		}
		s.Secrets = append(s.Secrets, secret)
	}
}

const (
	second = "00000002-0000-4000-8000-000000000000"
	third  = "00000003-0000-4000-8000-000000000000"
)

func TestSecretsCompareAndSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, session := cloudWith(t, withSecret(nil))
		s := session.Secrets("")
		text, first, err := s.Value(t.Context(), "prod/billing")
		if err != nil || text.Reveal() != "one" {
			t.Fatalf("%v %v", text, err)
		}
		for version, value := range map[string]string{second: "two", third: "three"} {
			if err := s.Put(t.Context(), "prod/billing", version, "KEYTEND", accesskey.NewSecret(value), time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.MoveLabel(t.Context(), "prod/billing", "AWSCURRENT", first, second, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if err := s.MoveLabel(t.Context(), "prod/billing", "AWSCURRENT", first, third, time.Time{}); !NotDone(err) {
			t.Errorf("from a version that isn't current: %v", err)
		}
		text, version, err := s.Value(t.Context(), "prod/billing")
		if err != nil || text.Reveal() != "two" || version != second {
			t.Errorf("%v %s %v", text, version, err)
		}
		_, _, err = s.Value(t.Context(), "none")
		var e *Error
		if !errors.As(err, &e) || !e.NotFound() || e.Error() != "secretsmanager:GetSecretValue: ResourceNotFoundException: Secrets Manager can't find the specified secret." {
			t.Errorf("%v", err)
		}
	})
}

func TestSecretInAnotherRegion(t *testing.T) {
	_, session := cloudWith(t, withSecret(func(s *fakeaws.SecretSpec) { s.Region = "us-west-2" }))
	if _, _, err := session.Secrets("").Value(t.Context(), "prod/billing"); ClassOf(err) != NotFound {
		t.Error(err)
	}
	if _, _, err := session.Secrets("us-west-2").Value(t.Context(), "prod/billing"); err != nil {
		t.Error(err)
	}
}

func TestKeeper(t *testing.T) {
	for want, change := range map[string]func(*fakeaws.SecretSpec){
		"":                            nil,
		"service rds":                 func(s *fakeaws.SecretSpec) { s.OwningService = "rds" },
		"rotation by Secrets Manager": func(s *fakeaws.SecretSpec) { s.RotationEnabled = true },
		"rotation by arn:aws:lambda:eu-west-1:123456789012:function:rotate": func(s *fakeaws.SecretSpec) {
			s.RotationEnabled, s.RotationLambda = true, "arn:aws:lambda:eu-west-1:123456789012:function:rotate"
		},
	} {
		_, session := cloudWith(t, withSecret(change))
		if got, err := session.Secrets("").Keeper(t.Context(), "prod/billing"); err != nil || got != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
}

// faults lets the first n calls of an action fail.
func faults(cloud *fakeaws.AWS, action string, n int, fault fakeaws.Fault) {
	cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		if c.Action != action || n == 0 {
			return fakeaws.Proceed()
		}
		n--
		return fault
	})
}

// TestWhatIsRepeated holds each mutating call to how often it is sent, and what
// its failure says about the outcome.
func TestWhatIsRepeated(t *testing.T) {
	for _, tt := range []struct {
		api, name string
		fault     fakeaws.Fault
		times     int // the fault happens
		sent      int
		ok        bool
		notDone   bool
	}{
		{"secretsmanager:PutSecretValue", "lost answer", fakeaws.LoseAnswer(), 1, 2, true, false},
		{"secretsmanager:UpdateSecretVersionStage", "lost answer", fakeaws.LoseAnswer(), 1, 1, false, false},
		{"secretsmanager:UpdateSecretVersionStage", "later", fakeaws.Delay(time.Minute), 1, 1, false, false},
		{"secretsmanager:UpdateSecretVersionStage", "5xx", fakeaws.Refuse(500, "InternalServiceError", "failed"), 1, 1, false, false},
		{"secretsmanager:UpdateSecretVersionStage", "throttle", fakeaws.Refuse(400, "ThrottlingException", "Rate exceeded"), 2, 3, true, false},
		{"secretsmanager:UpdateSecretVersionStage", "throttle for ever", fakeaws.Refuse(400, "ThrottlingException", "Rate exceeded"), 99, 8, false, true},
		{"secretsmanager:UpdateSecretVersionStage", "denied", fakeaws.Refuse(400, "AccessDeniedException", "no"), 1, 1, false, true},
		{"ssm:PutParameter", "lost answer", fakeaws.LoseAnswer(), 1, 1, false, false},
		{"ssm:PutParameter", "5xx", fakeaws.Refuse(500, "InternalServerError", "failed"), 1, 1, false, false},
		{"ssm:PutParameter", "throttle", fakeaws.Refuse(400, "ThrottlingException", "Rate exceeded"), 1, 2, true, false},
		{"ssm:PutParameter", "denied", fakeaws.Refuse(400, "AccessDeniedException", "no"), 1, 1, false, true},
	} {
		virtually(t, tt.api+" "+tt.name, func(t *testing.T) {
			cloud, session := cloudWith(t, withSecret(nil))
			s, p := session.Secrets(""), session.Parameters("")
			_, first, err := s.Value(t.Context(), "prod/billing")
			if err != nil {
				t.Fatal(err)
			}
			if tt.api == "secretsmanager:UpdateSecretVersionStage" {
				if err := s.Put(t.Context(), "prod/billing", second, "KEYTEND", accesskey.NewSecret("two"), time.Time{}); err != nil {
					t.Fatal(err)
				}
			}
			cloud.ResetCalls()
			_, action, _ := strings.Cut(tt.api, ":")
			faults(cloud, action, tt.times, tt.fault)
			switch action {
			case "PutSecretValue":
				err = s.Put(t.Context(), "prod/billing", second, "KEYTEND", accesskey.NewSecret("two"), time.Time{})
			case "UpdateSecretVersionStage":
				err = s.MoveLabel(t.Context(), "prod/billing", "AWSCURRENT", first, second, time.Time{})
			case "PutParameter":
				_, err = p.Create(t.Context(), "/prod/key", accesskey.NewSecret("x"), time.Time{})
			}
			if (err == nil) != tt.ok || NotDone(err) != tt.notDone {
				t.Errorf("%v, not done %v", err, NotDone(err))
			}
			if sent := cloud.Calls()[tt.api]; sent != tt.sent {
				t.Errorf("sent %d times, want %d", sent, tt.sent)
			}
		})
	}
}

// refusing is a network that nobody answers on.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
}

func TestNeverConnectedIsNotDone(t *testing.T) {
	s := OpenWithKey(t.Context(), testID, accesskey.NewSecret(testSecret), Options{Region: "eu-west-1", HTTPClient: &http.Client{Transport: refusing{}}})
	if err := s.Secrets("").MoveLabel(t.Context(), "prod/billing", "AWSCURRENT", second, third, time.Time{}); !NotDone(err) || ClassOf(err) != Network {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Secrets("").MoveLabel(ctx, "prod/billing", "AWSCURRENT", second, third, time.Time{}); NotDone(err) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestReplaceKeepsWhatTheParameterIs(t *testing.T) {
	_, session := cloudWith(t, nil)
	p, keys := session.Parameters(""), kms.NewFromConfig(session.config)
	key, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	raw := ssm.NewFromConfig(session.config)
	if _, err := raw.PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String("/prod/key"), Value: aws.String("one"), Type: types.ParameterTypeSecureString, KeyId: key.KeyMetadata.KeyId,
		Tier: types.ParameterTierAdvanced, Description: aws.String("of billing"), AllowedPattern: aws.String("[a-z]+"),
	}); err != nil {
		t.Fatal(err)
	}
	before, err := p.describe(t.Context(), "/prod/key")
	if err != nil || before.KeyID == "" || before.Tier != "Advanced" || before.Description != "of billing" || before.AllowedPattern != "[a-z]+" {
		t.Fatalf("%+v %v", before, err)
	}
	if err := p.TryReplace(t.Context(), "/prod/key"); err != nil {
		t.Error(err)
	}
	version, err := p.Replace(t.Context(), "/prod/key", accesskey.NewSecret("two"), time.Time{})
	if err != nil || version != 2 {
		t.Fatalf("%d %v", version, err)
	}
	after, err := p.describe(t.Context(), "/prod/key")
	if diff := cmp.Diff(before, after, cmp.AllowUnexported(described{})); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if text, kind, number, err := p.Value(t.Context(), "/prod/key"); err != nil || text.Reveal() != "two" || kind != "SecureString" || number != 2 {
		t.Errorf("%s %d %v", kind, number, err)
	}
	if _, err := p.Create(t.Context(), "/prod/key", accesskey.NewSecret("x"), time.Time{}); !NotDone(err) {
		t.Errorf("%v", err)
	}
	if err := p.TryReplace(t.Context(), "/none"); err != nil {
		t.Errorf("where there is no parameter yet: %v", err)
	}
	if _, _, _, err := p.Value(t.Context(), "/none"); ClassOf(err) != NotFound {
		t.Errorf("trying made a parameter: %v", err)
	}
	if _, err := p.Replace(t.Context(), "/none", accesskey.NewSecret("x"), time.Time{}); ClassOf(err) != NotFound {
		t.Errorf("%v", err)
	}
}

func TestTryReplaceFindsMissingRights(t *testing.T) {
	cloud, session := cloudWith(t, func(s *fakeaws.AccountSpec) {
		s.Parameters = []fakeaws.ParameterSpec{{Region: "eu-west-1", Name: "/prod/key", Type: "SecureString", Value: "one"}}
		s.Users[0].InlinePolicies = map[string]string{"no": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ssm:PutParameter","Resource":"*"}]}`}
	})
	if err := session.Parameters("").TryReplace(t.Context(), "/prod/key"); ClassOf(err) != Denied {
		t.Errorf("%v", err)
	}
	if p := cloud.Snapshot(testAccount).Parameters[0]; p.Version != 1 || p.Value != "one" {
		t.Errorf("%+v", p)
	}
}

func TestKMS(t *testing.T) {
	_, session := cloudWith(t, nil)
	key, err := kms.NewFromConfig(session.regional("us-west-2")).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	arn, about := *key.KeyMetadata.Arn, map[string]string{"purpose": "test"}
	k := session.KMS(arn) // the ARN's region, not the session's
	sealed, err := k.Encrypt(t.Context(), arn, []byte("plain"), about)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := k.Decrypt(t.Context(), arn, sealed, about); err != nil || string(plain) != "plain" {
		t.Errorf("%s %v", plain, err)
	}
	if _, err := k.Decrypt(t.Context(), arn, sealed, nil); err == nil || ClassOf(err) != Other {
		t.Errorf("%v", err)
	}
	if _, err := session.KMS("alias/none").Encrypt(t.Context(), "alias/none", []byte("x"), nil); ClassOf(err) != NotFound {
		t.Errorf("%v", err)
	}
}
