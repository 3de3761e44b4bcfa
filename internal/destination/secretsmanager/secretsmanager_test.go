package secretsmanager_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	aws_secrets "github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/destination/destinationtest"
	"github.com/keytend/keytend/internal/destination/secretsmanager"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation"
)

// The tests go over the wire, to the simulated AWS.

const (
	account = "123456789012"
	region  = "eu-west-1"
	admin   = "arn:aws:iam::aws:policy/AdministratorAccess"
	name    = "prod/billing"
)

// place is a secret, the client that a person or consumer has, and our
// destination, which signs as user keytend.
type place struct {
	t      *testing.T
	cloud  *fakeaws.AWS
	people *aws_secrets.Client
	ours   *secretsmanager.Secret
}

func at(t *testing.T, text string, change func(*fakeaws.SecretSpec)) *place {
	t.Helper()
	spec := fakeaws.SecretSpec{Region: region, Name: name, Value: text, KMSKey: ""}
	if change != nil {
		change(&spec)
	}
	cloud := fakeaws.New(fakeaws.Config{})
	cloud.AddAccount(fakeaws.AccountSpec{ID: account, Admin: "ana", Secrets: []fakeaws.SecretSpec{spec}, Users: []fakeaws.UserSpec{
		{Name: "ana", ManagedPolicies: []string{admin}, Keys: []fakeaws.KeySpec{{}}},
		{Name: "keytend", ManagedPolicies: []string{admin}, Keys: []fakeaws.KeySpec{{}}},
	}})
	p := &place{t: t, cloud: cloud, people: aws_secrets.NewFromConfig(peoplesConfig(cloud))}
	p.ours = p.open(name)
	return p
}

func peoplesConfig(cloud *fakeaws.AWS) aws.Config {
	id, secret := cloud.AdminKey(account)
	return aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""), HTTPClient: &http.Client{Transport: cloud.RoundTripper()}}
}

func (p *place) open(where string) *secretsmanager.Secret {
	p.t.Helper()
	key := p.cloud.Snapshot(account).Users[1].Keys[0]
	session := awsapi.OpenWithKey(p.t.Context(), accesskey.ID(key.ID), accesskey.NewSecret(key.Secret), awsapi.Options{
		Region: region, HTTPClient: &http.Client{Transport: p.cloud.RoundTripper()},
	})
	d, err := secretsmanager.Open(where, secretsmanager.Surroundings{User: "ana", Region: region, Store: func(region string) secretsmanager.Store { return session.Secrets(region) }})
	if err != nil {
		p.t.Fatal(err)
	}
	return d
}

func (p *place) text() string {
	out, err := p.people.GetSecretValue(p.t.Context(), &aws_secrets.GetSecretValueInput{SecretId: aws.String(name)})
	if err != nil {
		p.t.Error(err)
		return "{}"
	}
	return *out.SecretString
}

func (p *place) put(text string) {
	p.t.Helper()
	if _, err := p.people.PutSecretValue(p.t.Context(), &aws_secrets.PutSecretValueInput{SecretId: aws.String(name), SecretString: &text}); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) fields() map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(p.text()), &fields); err != nil {
		p.t.Error(err)
	}
	return fields
}

func (p *place) labels() map[string]int {
	out, err := p.people.DescribeSecret(p.t.Context(), &aws_secrets.DescribeSecretInput{SecretId: aws.String(name)})
	if err != nil {
		p.t.Fatal(err)
	}
	labels := map[string]int{}
	for _, list := range out.VersionIdsToStages {
		for _, label := range list {
			labels[label]++
		}
	}
	return labels
}

// deny takes a right from user keytend until mended.
func (p *place) deny(action string) func() {
	return policy(p.t, p.cloud, "deny", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"`+action+`","Resource":"*"}]}`)
}

const old = `{"username":"ana", "accessKeyId":"AKIAIOSFODNN7EXAMPLE","region":"eu-west-1", "secretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}`

func TestContract(t *testing.T) {
	destinationtest.Run(t, func(t *testing.T) destinationtest.Place {
		p := at(t, old, nil)
		keys := kms.NewFromConfig(peoplesConfig(p.cloud))
		key, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.people.UpdateSecret(t.Context(), &aws_secrets.UpdateSecretInput{SecretId: aws.String(name), KmsKeyId: key.KeyMetadata.Arn}); err != nil {
			t.Fatal(err)
		}
		return destinationtest.Place{
			Destination: p.ours,
			Now:         p.cloud.Now,
			Pair: func() (id, secret string, err error) {
				var pair struct{ AccessKeyID, SecretAccessKey string }
				err = json.Unmarshal([]byte(p.text()), &pair)
				return pair.AccessKeyID, pair.SecretAccessKey, err
			},
			Neighbours: func() string {
				fields := p.fields()
				return string(fields["username"]) + string(fields["region"])
			},
			Change: func() { p.put(strings.Replace(p.text(), "eu-west-1", "us-west-2", 1)) },
			Put: func(c rotation.Credential) {
				p.put(`{"username":"ana","region":"eu-west-1","accessKeyId":"` + string(c.ID) + `","secretAccessKey":"` + c.Secret.Reveal() + `"}`)
			},
			Break: map[string]func() func(){
				"reading denied":    func() func() { return p.deny("secretsmanager:GetSecretValue") },
				"describing denied": func() func() { return p.deny("secretsmanager:DescribeSecret") },
				"storing denied":    func() func() { return p.deny("secretsmanager:PutSecretValue") },
				"moving denied":     func() func() { return p.deny("secretsmanager:UpdateSecretVersionStage") },
				"decrypting denied": func() func() { return p.deny("kms:Decrypt") },
				"encrypting denied": func() func() { return p.deny("kms:GenerateDataKey") },
				"key disabled": func() func() {
					_, err := keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyMetadata.KeyId})
					return func() {
						_, err2 := keys.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyMetadata.KeyId})
						if err := errors.Join(err, err2); err != nil {
							t.Error(err)
						}
					}
				},
				"marked for deletion": func() func() {
					_, err := p.people.DeleteSecret(t.Context(), &aws_secrets.DeleteSecretInput{SecretId: aws.String(name)})
					return func() {
						_, err2 := p.people.RestoreSecret(t.Context(), &aws_secrets.RestoreSecretInput{SecretId: aws.String(name)})
						if err := errors.Join(err, err2); err != nil {
							t.Error(err)
						}
					}
				},
				"plain text": func() func() {
					was := p.text()
					p.put("AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
					return func() { p.put(was) }
				},
			},
		}
	})
}

// TestLabels holds what is left behind: AWSCURRENT, AWSPREVIOUS, and no label
// of ours, also after a lost race.
func TestLabels(t *testing.T) {
	p := at(t, old, nil)
	held, err := p.ours.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.ours.Deliver(t.Context(), held.Version, destinationtest.New); err != nil {
		t.Fatal(err)
	}
	if labels := p.labels(); len(labels) != 2 || labels["AWSCURRENT"] != 1 || labels["AWSPREVIOUS"] != 1 {
		t.Errorf("%v", labels)
	}
	previous, err := p.people.GetSecretValue(t.Context(), &aws_secrets.GetSecretValueInput{SecretId: aws.String(name), VersionStage: aws.String("AWSPREVIOUS")})
	if err != nil || *previous.SecretString != old {
		t.Errorf("AWSPREVIOUS is not what was there: %v", err)
	}
}

// before lets somebody else act right before the first call of an action.
func (p *place) before(action string, do func()) {
	done := false
	p.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		if c.Action == action && !done {
			done = true
			do()
		}
		return fakeaws.Proceed()
	})
}

// TestRaces lets a person write between any two of our calls: what the person
// wrote stands, and nothing of ours is left.
func TestRaces(t *testing.T) {
	const theirs = `{"accessKeyId":"AKIAI55QH8DHBEXAMPLE","secretAccessKey":"third/MtGbClwBF2Zp9Utkh3yCo8nvbEXAMPLEKE"}`
	for _, action := range []string{"GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"} {
		t.Run(action, func(t *testing.T) {
			p := at(t, old, nil)
			held, err := p.ours.Current(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.before(action, func() { p.put(theirs) })
			_, err = p.ours.Deliver(t.Context(), held.Version, destinationtest.New)
			if !errors.Is(err, rotation.ErrChanged) || !errors.Is(err, rotation.ErrNotDone) {
				t.Errorf("%v", err)
			}
			if p.text() != theirs || p.labels()["KEYTEND"] != 0 {
				t.Errorf("%s %v", p.text(), p.labels())
			}
		})
	}
}

// virtually runs a test in virtual time: the SDK waits before it repeats.
func virtually(t *testing.T, name string, test func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// TestLostAnswers loses the answer of each call, or delays it: delivering again
// ends as if nothing had happened, and the error never says "not done" of what
// was done or may still be.
func TestLostAnswers(t *testing.T) {
	for _, action := range []string{"GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"} {
		for kind, fault := range map[string]fakeaws.Fault{"lost": fakeaws.LoseAnswer(), "later": fakeaws.Delay(time.Minute), "failed": fakeaws.Refuse(500, "InternalServiceError", "failed")} {
			virtually(t, action+" "+kind, func(t *testing.T) {
				p := at(t, old, nil)
				held, err := p.ours.Current(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				first := true
				p.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
					if c.Action != action || !first {
						return fakeaws.Proceed()
					}
					first = false
					return fault
				})
				_, err = p.ours.Deliver(t.Context(), held.Version, destinationtest.New)
				if err != nil && (errors.Is(err, rotation.ErrNotDone) || action != "UpdateSecretVersionStage") {
					t.Errorf("%v", err)
				}
				if kind == "lost" && err != nil {
					t.Errorf("it was done, and could be seen: %v", err)
				}
				if kind == "later" && action == "UpdateSecretVersionStage" && err == nil {
					t.Error("delivered, though the label hasn't moved yet")
				}
				p.cloud.Advance(2 * time.Minute)
				version, err := p.ours.Deliver(t.Context(), held.Version, destinationtest.New)
				if err != nil {
					t.Fatal(err)
				}
				now, err := p.ours.Current(t.Context())
				if err != nil || now.Version != version || now.Key != destinationtest.New.ID {
					t.Errorf("%+v %v", now, err)
				}
				if labels := p.labels(); labels["AWSPREVIOUS"] != 1 {
					t.Errorf("%v", labels)
				}
			})
		}
	}
}

func TestWhatCheckRefuses(t *testing.T) {
	for want, change := range map[string]func(*fakeaws.SecretSpec){
		"somebody else writes this secret (rotation by arn:aws:lambda:eu-west-1:123456789012:function:rotate)": func(s *fakeaws.SecretSpec) {
			s.RotationEnabled, s.RotationLambda = true, "arn:aws:lambda:eu-west-1:123456789012:function:rotate"
		},
		"somebody else writes this secret (service rds)":    func(s *fakeaws.SecretSpec) { s.OwningService = "rds" },
		"can't find the specified secret.; create it first": func(s *fakeaws.SecretSpec) { s.Name = "other" },
		"staging label: AWSCURRENT; give it a first value":  func(s *fakeaws.SecretSpec) { s.Value = "" },
		"no access key could be recognised":                 func(s *fakeaws.SecretSpec) { s.Value = `{"password":"hush"}` },
		"credentials are temporary":                         func(s *fakeaws.SecretSpec) { s.Value = `{"accessKeyId":"a","secretAccessKey":"b","sessionToken":"c"}` },
	} {
		p := at(t, old, change)
		err := p.ours.Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v, want %s", err, want)
		}
	}
	p := at(t, old, nil)
	if _, err := p.people.PutSecretValue(t.Context(), &aws_secrets.PutSecretValueInput{SecretId: aws.String(name), SecretBinary: []byte{1, 2}}); err != nil {
		t.Fatal(err)
	}
	if err := p.ours.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "the secret is binary, not text") {
		t.Error(err)
	}
}

func TestDeniedIsSaid(t *testing.T) {
	p := at(t, old, nil)
	held, err := p.ours.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"PutSecretValue", "UpdateSecretVersionStage"} {
		mend := p.deny("secretsmanager:" + action)
		_, err := p.ours.Deliver(t.Context(), held.Version, destinationtest.New)
		if !errors.Is(err, rotation.ErrDenied) || !errors.Is(err, rotation.ErrNotDone) {
			t.Errorf("%s: %v", action, err)
		}
		mend()
	}
}

// TestEmptySecretByARN: an empty object gets the default fields, and an ARN is
// followed to its region.
func TestEmptySecretByARN(t *testing.T) {
	p := at(t, "{}", func(s *fakeaws.SecretSpec) { s.Region = "us-west-2" })
	cfg := peoplesConfig(p.cloud)
	cfg.Region = "us-west-2"
	there := aws_secrets.NewFromConfig(cfg)
	out, err := there.DescribeSecret(t.Context(), &aws_secrets.DescribeSecretInput{SecretId: aws.String(name)})
	if err != nil {
		t.Fatal(err)
	}
	d := p.open(*out.ARN)
	if d.Name() != "secretsmanager:"+*out.ARN {
		t.Errorf("name %s", d.Name())
	}
	held, err := d.Current(t.Context())
	if err != nil || held.Key != "" {
		t.Fatalf("%+v %v", held, err)
	}
	if _, err := d.Deliver(t.Context(), held.Version, destinationtest.New); err != nil {
		t.Fatal(err)
	}
	value, err := there.GetSecretValue(t.Context(), &aws_secrets.GetSecretValueInput{SecretId: out.ARN})
	want := `{"username": "ana", "accessKeyId": "AKIAI44QH8DHBEXAMPLE", "secretAccessKey": "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"}`
	if err != nil || *value.SecretString != want {
		t.Errorf("%s %v", *value.SecretString, err)
	}
}

func TestNames(t *testing.T) {
	p := at(t, old, nil)
	for where, want := range map[string]string{
		name:                       "secretsmanager:prod/billing?region=eu-west-1",
		name + "?region=us-east-1": "secretsmanager:prod/billing?region=us-east-1",
	} {
		if got := p.open(where).Name(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for _, where := range []string{"", "a b", "arn:aws:s3:::bucket", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x?region=us-east-1", "x?y=z"} {
		if spec, err := secretsmanager.Parse(where); err == nil {
			t.Errorf("%q: %+v", where, spec)
		}
	}
}
