package ssm_test

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
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	aws_ssm "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/destination/destinationtest"
	"github.com/keytend/keytend/internal/destination/ssm"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation"
)

// The tests go over the wire, to the simulated AWS.

const (
	account = "123456789012"
	region  = "eu-west-1"
	admin   = "arn:aws:iam::aws:policy/AdministratorAccess"
	name    = "/prod/key"
	old     = `{"username":"ana", "accessKeyId":"AKIAIOSFODNN7EXAMPLE","region":"eu-west-1", "secretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}`
)

// place is a parameter, the clients that people have, and our destination, which
// signs as user keytend.
type place struct {
	t      *testing.T
	cloud  *fakeaws.AWS
	people *aws_ssm.Client
	iam    *iam.Client
	keys   *kms.Client
	ours   *ssm.Parameter
}

func at(t *testing.T, parameters ...fakeaws.ParameterSpec) *place {
	t.Helper()
	return behind(t, 0, parameters...)
}

// behind is at, of an AWS whose answers take a while.
func behind(t *testing.T, latency time.Duration, parameters ...fakeaws.ParameterSpec) *place {
	t.Helper()
	cloud := fakeaws.New(fakeaws.Config{Latency: latency})
	cloud.AddAccount(fakeaws.AccountSpec{ID: account, Admin: "ana", Parameters: parameters, Users: []fakeaws.UserSpec{
		{Name: "ana", ManagedPolicies: []string{admin}, Keys: []fakeaws.KeySpec{{}}},
		{Name: "keytend", ManagedPolicies: []string{admin}, Keys: []fakeaws.KeySpec{{}}},
	}})
	id, secret := cloud.AdminKey(account)
	cfg := aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""), HTTPClient: &http.Client{Transport: cloud.RoundTripper()}}
	p := &place{t: t, cloud: cloud, people: aws_ssm.NewFromConfig(cfg), iam: iam.NewFromConfig(cfg), keys: kms.NewFromConfig(cfg)}
	key := cloud.Snapshot(account).Users[1].Keys[0]
	session := awsapi.OpenWithKey(t.Context(), accesskey.ID(key.ID), accesskey.NewSecret(key.Secret), awsapi.Options{
		Region: region, HTTPClient: &http.Client{Transport: cloud.RoundTripper()},
	})
	d, err := ssm.Open(name, ssm.Surroundings{User: "ana", Region: region, Store: func(region string) ssm.Store { return session.Parameters(region) }})
	if err != nil {
		t.Fatal(err)
	}
	p.ours = d
	return p
}

func secure(text string) fakeaws.ParameterSpec {
	return fakeaws.ParameterSpec{Region: region, Name: name, Type: "SecureString", Value: text, Version: 7}
}

func (p *place) text() string {
	out, err := p.people.GetParameter(p.t.Context(), &aws_ssm.GetParameterInput{Name: aws.String(name), WithDecryption: aws.Bool(true)})
	if err != nil {
		p.t.Error(err)
		return "{}"
	}
	return *out.Parameter.Value
}

func (p *place) put(text, key string) {
	p.t.Helper()
	in := &aws_ssm.PutParameterInput{Name: aws.String(name), Value: &text, Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(true)}
	if key != "" {
		in.KeyId = &key
	}
	if _, err := p.people.PutParameter(p.t.Context(), in); err != nil {
		p.t.Fatal(err)
	}
}

// deny takes a right from user keytend until mended.
func (p *place) deny(action string) (mend func()) {
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"` + action + `","Resource":"*"}]}`
	if _, err := p.iam.PutUserPolicy(p.t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("keytend"), PolicyName: aws.String("deny"), PolicyDocument: &document}); err != nil {
		p.t.Fatal(err)
	}
	return func() {
		if _, err := p.iam.DeleteUserPolicy(p.t.Context(), &iam.DeleteUserPolicyInput{UserName: aws.String("keytend"), PolicyName: aws.String("deny")}); err != nil {
			p.t.Error(err)
		}
	}
}

func TestContract(t *testing.T) {
	destinationtest.Run(t, func(t *testing.T) destinationtest.Place {
		p := at(t, secure(old))
		out, err := p.keys.CreateKey(t.Context(), &kms.CreateKeyInput{})
		if err != nil {
			t.Fatal(err)
		}
		key := out.KeyMetadata.Arn
		p.put(old, *key)
		return destinationtest.Place{
			Destination: p.ours,
			Now:         p.cloud.Now,
			Pair: func() (id, secret string, err error) {
				var pair struct{ AccessKeyID, SecretAccessKey string }
				err = json.Unmarshal([]byte(p.text()), &pair)
				return pair.AccessKeyID, pair.SecretAccessKey, err
			},
			Neighbours: func() string {
				var others struct{ Username, Region string }
				if err := json.Unmarshal([]byte(p.text()), &others); err != nil {
					t.Error(err)
				}
				facts := p.cloud.Snapshot(account).Parameters[0]
				return strings.Join([]string{others.Username, others.Region, facts.KMSKey, facts.Tier, facts.Type}, " ")
			},
			Change: func() { p.put(strings.Replace(p.text(), "eu-west-1", "us-west-2", 1), *key) },
			Put: func(c rotation.Credential) {
				p.put(`{"username":"ana","region":"eu-west-1","accessKeyId":"`+string(c.ID)+`","secretAccessKey":"`+c.Secret.Reveal()+`"}`, *key)
			},
			Break: map[string]func() func(){
				"reading denied":    func() func() { return p.deny("ssm:GetParameter") },
				"describing denied": func() func() { return p.deny("ssm:DescribeParameters") },
				"writing denied":    func() func() { return p.deny("ssm:PutParameter") },
				"decrypting denied": func() func() { return p.deny("kms:Decrypt") },
				"key disabled": func() func() {
					_, err := p.keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key})
					return func() {
						_, err2 := p.keys.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key})
						if err := errors.Join(err, err2); err != nil {
							t.Error(err)
						}
					}
				},
				"plain text": func() func() {
					was := p.text()
					p.put("AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", *key)
					return func() { p.put(was, *key) }
				},
			},
		}
	})
}

const theirs = `{"accessKeyId":"AKIAI55QH8DHBEXAMPLE","secretAccessKey":"third/MtGbClwBF2Zp9Utkh3yCo8nvbEXAMPLEKE"}`

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

// TestTheWindowIsToldOf lets a person write between our calls. Before the last
// one that changes nothing, and after it the overwriting is told.
func TestTheWindowIsToldOf(t *testing.T) {
	for action, overwritten := range map[string]bool{"GetParameter": false, "DescribeParameters": true, "PutParameter": true} {
		t.Run(action, func(t *testing.T) {
			p := at(t, secure(old))
			held, err := p.ours.Current(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p.before(action, func() { p.put(theirs, "") })
			_, err = p.ours.Deliver(t.Context(), held.Version, destinationtest.New)
			if !errors.Is(err, rotation.ErrChanged) || errors.Is(err, rotation.ErrNotDone) == overwritten {
				t.Errorf("%v", err)
			}
			if overwritten && !strings.Contains(err.Error(), "somebody wrote version 8 at the same moment, and our version 9 came over it") {
				t.Errorf("%v", err)
			}
			if (p.text() == theirs) == overwritten {
				t.Errorf("%s", p.text())
			}
			history, err := p.people.GetParameter(t.Context(), &aws_ssm.GetParameterInput{Name: aws.String(name + ":8"), WithDecryption: aws.Bool(true)})
			if err != nil || *history.Parameter.Value != theirs {
				t.Errorf("what was overwritten is lost: %v", err)
			}
		})
	}
}

// TestLostAnswers loses or delays each call's answer: an error never says "not
// done" of what was done or may still be, and delivering again ends well.
func TestLostAnswers(t *testing.T) {
	for _, action := range []string{"GetParameter", "DescribeParameters", "PutParameter"} {
		for kind, fault := range map[string]fakeaws.Fault{"lost": fakeaws.LoseAnswer(), "later": fakeaws.Delay(time.Minute), "failed": fakeaws.Refuse(500, "InternalServerError", "failed")} {
			t.Run(action+" "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { loseAnswer(t, action, kind, fault) })
			})
		}
	}
}

func loseAnswer(t *testing.T, action, kind string, fault fakeaws.Fault) {
	p := at(t, secure(old))
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
	if err != nil && (errors.Is(err, rotation.ErrNotDone) || action != "PutParameter") {
		t.Errorf("%v", err)
	}
	if kind == "lost" && err != nil {
		t.Errorf("it was done, and could be seen: %v", err)
	}
	if (kind == "later" || kind == "failed") && action == "PutParameter" && err == nil {
		t.Error("delivered, though nothing was written")
	}
	p.cloud.Advance(2 * time.Minute)
	version, err := p.ours.Deliver(t.Context(), held.Version, destinationtest.New)
	if err != nil || version != "8" {
		t.Fatalf("%s %v", version, err)
	}
}

// TestGoroutinesTakeTurns lets two deliver at once while every answer takes a
// second: without turns both would read before either writes.
func TestGoroutinesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := behind(t, time.Second, secure(old))
		results := make(chan error, 2)
		for _, c := range []rotation.Credential{destinationtest.New, destinationtest.Third} {
			go func() {
				_, err := p.ours.Deliver(t.Context(), "7", c)
				results <- err
			}()
		}
		first, second := <-results, <-results
		if err := errors.Join(first, second); first != nil && second != nil || !errors.Is(err, rotation.ErrChanged) || !errors.Is(err, rotation.ErrNotDone) {
			t.Errorf("%v; %v", first, second)
		}
		if version := p.cloud.Snapshot(account).Parameters[0].Version; version != 8 {
			t.Errorf("version %d", version)
		}
	})
}

func TestMissingParameterIsMade(t *testing.T) {
	p := at(t)
	if err := p.ours.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	held, err := p.ours.Current(t.Context())
	if err != nil || held.Key != "" || held.Version != "" || !held.Readable {
		t.Fatalf("%+v %v", held, err)
	}
	previous, version, err := p.ours.Previous(t.Context())
	if err != nil || version != "" {
		t.Fatal(err)
	}
	p.before("PutParameter", func() { p.put(theirs, "") })
	if _, err := p.ours.Deliver(t.Context(), held.Version, destinationtest.New); !errors.Is(err, rotation.ErrChanged) || !errors.Is(err, rotation.ErrNotDone) || p.text() != theirs {
		t.Errorf("somebody was first: %v", err)
	}
	if _, err := p.people.DeleteParameter(t.Context(), &aws_ssm.DeleteParameterInput{Name: aws.String(name)}); err != nil {
		t.Fatal(err)
	}
	version, err = p.ours.Deliver(t.Context(), held.Version, destinationtest.New)
	if err != nil || version != "1" {
		t.Fatalf("%s %v", version, err)
	}
	want := `{"username": "ana", "accessKeyId": "AKIAI44QH8DHBEXAMPLE", "secretAccessKey": "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"}`
	if spec := p.cloud.Snapshot(account).Parameters[0]; spec.Type != "SecureString" || spec.Value != want {
		t.Errorf("%+v", spec)
	}
	if _, err := p.ours.Restore(t.Context(), version, previous); err != nil || p.text() != "{}" {
		t.Errorf("%s %v", p.text(), err)
	}
}

func TestRefused(t *testing.T) {
	for want, spec := range map[string]fakeaws.ParameterSpec{
		"of type String, which is not encrypted":     {Region: region, Name: name, Value: old},
		"of type StringList, which is not encrypted": {Region: region, Name: name, Type: "StringList", Value: "a,b"},
		"not a JSON object":                          secure("AKIAIOSFODNN7EXAMPLE:hush"),
	} {
		p := at(t, spec)
		for what, err := range map[string]error{"check": p.ours.Check(t.Context()), "deliver": delivered(p)} {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: %v, want %s", what, err, want)
			}
		}
	}
	p := at(t, secure(old))
	p.deny("ssm:PutParameter")
	if err := delivered(p); !errors.Is(err, rotation.ErrDenied) || !errors.Is(err, rotation.ErrNotDone) {
		t.Errorf("%v", err)
	}
}

func delivered(p *place) error {
	_, err := p.ours.Deliver(p.t.Context(), "7", destinationtest.New)
	return err
}

func TestNames(t *testing.T) {
	if got := at(t).ours.Name(); got != "ssm:/prod/key?region=eu-west-1" {
		t.Errorf("%s", got)
	}
	for _, where := range []string{"", "/", "a b", "arn:aws:ssm:eu-west-1:123456789012:parameter/x", "/x:3", "/x?y=z"} {
		if spec, err := ssm.Parse(where); err == nil {
			t.Errorf("%q: %+v", where, spec)
		}
	}
}
