package onaws_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

func TestUser(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		u := known(t, w.a.User(w.ctx(), ana))
		if u.Name != "ana" || u.ID != anaID || u.ARN != "arn:aws:iam::123456789012:user/team/ana" || u.Path != "/team/" || known(t, u.Tags)["team"] != "billing" {
			t.Errorf("%+v", u)
		}
		keys := known(t, u.Keys)
		if len(keys) != 1 {
			t.Fatalf("%d keys", len(keys))
		}
		k := keys[0]
		use := known(t, k.LastUsed)
		if known(t, k.ID) != oldKey || known(t, k.Status) != accesskey.Active || !known(t, k.Created).Equal(start.AddDate(0, 0, -80)) ||
			!use.At.Equal(start.Add(-time.Hour)) || use.Service != "s3" || use.Region != "eu-west-1" {
			t.Errorf("%+v", k)
		}
		if got := known(t, w.a.Quota(w.ctx())); got != 2 {
			t.Errorf("quota %d", got)
		}
	})
}

func TestUserWhoIsNotThere(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		f := w.a.User(w.ctx(), accesskey.Subject{Account: account, User: "nobody"})
		if u := known(t, f); u.ID != "" || u.Keys.Known() {
			t.Errorf("%+v", u)
		}
	})
}

// TestUnreadFacts: what fails is unknown, with the reason, and nothing else is.
func TestUnreadFacts(t *testing.T) {
	throttle := fakeaws.Refuse(400, "Throttling", "Rate exceeded")
	for name, c := range map[string]struct {
		action          string
		fault           fakeaws.Fault
		user, keys, use bool // known
		why             string
	}{
		"user throttled":     {"GetUser", throttle, false, false, false, "Rate exceeded"},
		"user denied":        {"GetUser", fakeaws.Refuse(403, "AccessDenied", "no"), false, false, false, "Allow iam:GetUser"},
		"keys throttled":     {"ListAccessKeys", throttle, true, false, false, "Rate exceeded"},
		"keys 5xx":           {"ListAccessKeys", fakeaws.Refuse(500, "InternalFailure", "x"), true, false, false, "InternalFailure"},
		"user gone between":  {"ListAccessKeys", fakeaws.Refuse(404, "NoSuchEntity", "The user with name ana cannot be found."), true, false, false, "NoSuchEntity"},
		"last use throttled": {"GetAccessKeyLastUsed", throttle, true, true, false, "Rate exceeded"},
		"last use denied":    {"GetAccessKeyLastUsed", fakeaws.Refuse(403, "AccessDenied", "no"), true, true, false, "Allow iam:GetAccessKeyLastUsed"},
		"last use lost":      {"GetAccessKeyLastUsed", fakeaws.LoseAnswer(), true, true, false, "reset"},
		"key gone between":   {"GetAccessKeyLastUsed", fakeaws.Refuse(404, "NoSuchEntity", "cannot be found"), true, true, false, "NoSuchEntity"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, fakeaws.Config{}, nil, func(w *world) {
				w.fault(c.action, 1000, c.fault)
				f := w.a.User(w.ctx(), ana)
				u, ok := f.Get()
				why := f.Why()
				if ok != c.user {
					t.Fatalf("user known %v: %s", ok, why)
				}
				if !ok {
					if !strings.Contains(why, c.why) {
						t.Error(why)
					}
					return
				}
				keys, ok := u.Keys.Get()
				if ok != c.keys {
					t.Fatalf("keys known %v: %s", ok, u.Keys.Why())
				}
				why = u.Keys.Why()
				if ok {
					if keys[0].LastUsed.Known() != c.use || known(t, keys[0].Status) != accesskey.Active {
						t.Errorf("%+v", keys[0])
					}
					why = keys[0].LastUsed.Why()
				}
				if !strings.Contains(why, c.why) {
					t.Error(why)
				}
			})
		})
	}
}

// TestManyKeys: every page is read.
func TestManyKeys(t *testing.T) {
	in(t, fakeaws.Config{}, func(s *fakeaws.AccountSpec) {
		s.KeyQuota = 250
		for i := range 200 {
			s.Users[1].Keys = append(s.Users[1].Keys, fakeaws.KeySpec{ID: fmt.Sprintf("AKIAIOSFODNN%08d", i), Status: "Inactive", Created: start})
		}
	}, func(w *world) {
		u := known(t, w.a.User(w.ctx(), ana))
		if keys := known(t, u.Keys); len(keys) != 201 {
			t.Errorf("%d keys", len(keys))
		}
		if got := known(t, w.a.Quota(w.ctx())); got != 250 {
			t.Errorf("quota %d", got)
		}
	})
}

// TestThrottledAccount: waiting makes every fact known; none is taken for never.
func TestThrottledAccount(t *testing.T) {
	in(t, fakeaws.Config{Throttle: 2}, nil, func(w *world) {
		facts := make([]accesskey.Fact[accesskey.User], 40)
		var all sync.WaitGroup
		for i := range facts {
			all.Go(func() { facts[i] = w.a.User(w.ctx(), ana) })
		}
		all.Wait()
		for _, f := range facts {
			u, ok := f.Get()
			if !ok {
				continue // for so long the retries don't last: unknown is right too
			}
			keys, ok := u.Keys.Get()
			if ok && keys[0].LastUsed.Known() && known(t, keys[0].LastUsed).Never() {
				t.Error("a throttle was read as never used")
			}
		}
		if f := w.a.User(w.ctx(), ana); !f.Known() {
			t.Error(f.Why())
		}
	})
}

// TestStaleReads: a new key appears and a deleted one disappears within the
// propagation delay, and what is read in between is one of both truths.
func TestStaleReads(t *testing.T) {
	in(t, fakeaws.Config{Propagation: 10 * time.Second, Seed: 4}, nil, func(w *world) {
		count := func() int { return len(known(t, known(t, w.a.User(w.ctx(), ana)).Keys)) }
		made, err := w.a.CreateAccessKey(w.ctx(), ana, w.permit())
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]bool{}
		for range 9 {
			seen[count()] = true
		}
		if !seen[1] || !seen[2] || len(seen) != 2 {
			t.Errorf("right after: %v", seen)
		}
		time.Sleep(10 * time.Second)
		for range 9 {
			if count() != 2 {
				t.Error("after the delay the new key is missing")
			}
		}
		if err := w.a.DeleteAccessKey(w.ctx(), ana, made.ID, w.permit()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if count() != 1 {
			t.Error("after the delay the deleted key is there")
		}
	})
}

func TestProve(t *testing.T) {
	regions := []string{"us-east-1", "eu-west-1", "ap-southeast-2"}
	allowed := withAnas(`{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}`)
	in(t, fakeaws.Config{Propagation: 8 * time.Second}, allowed, func(w *world) {
		c, err := w.a.CreateAccessKey(w.ctx(), ana, w.permit())
		if err != nil {
			t.Fatal(err)
		}
		w.cloud.ResetCalls()
		prove := func() error {
			id, err := w.a.Prove(w.ctx(), c, regions)
			if (err == nil) != (id == anaID) {
				t.Errorf("%q %v", id, err)
			}
			return w.heard(err)
		}
		if prove() == nil {
			t.Error("proved at once")
		}
		time.Sleep(4 * time.Second)
		if err := prove(); err == nil || !strings.Contains(err.Error(), "iam:GetUser: InvalidClientTokenId") {
			t.Errorf("STS knows it, IAM not yet: %v", err)
		}
		time.Sleep(4 * time.Second)
		if err := prove(); err != nil {
			t.Error(err)
		}
		if got := w.cloud.Calls(); got["sts:GetCallerIdentity"] != 6 || got["iam:GetUser"] != 1 {
			t.Errorf("%v", got)
		}
		wrong := rotation.Credential{ID: c.ID, Secret: accesskey.NewSecret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYWRONGKEYXX")}
		if _, err := w.a.Prove(w.ctx(), wrong, regions); err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
			t.Error(err)
		}
		for action, fault := range map[string]fakeaws.Fault{
			"GetUser":           fakeaws.Refuse(400, "Throttling", "Rate exceeded"),
			"GetCallerIdentity": fakeaws.LoseAnswer(),
		} {
			w.cloud.ResetCalls()
			w.fault(action, 1, fault)
			if prove() == nil {
				t.Errorf("%s: repeated inside", action)
			}
		}
		w.fault("GetUser", 1, fakeaws.Refuse(403, "", "")) // not in AWS's words
		if prove() == nil {
			t.Error("a proxy's 403 was taken for AWS's")
		}
	})
}

func withAnas(statement string) func(*fakeaws.AccountSpec) {
	return func(s *fakeaws.AccountSpec) {
		s.Users[1].InlinePolicies = map[string]string{"own": `{"Version":"2012-10-17","Statement":[` + statement + `]}`}
	}
}

// TestDeniedIsAuthenticated: a key without any right is proved all the same.
func TestDeniedIsAuthenticated(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		c, err := w.a.CreateAccessKey(w.ctx(), ana, w.permit())
		if err != nil {
			t.Fatal(err)
		}
		if id, err := w.a.Prove(w.ctx(), c, nil); id != anaID || err != nil {
			t.Error(id, err)
		}
	})
}

func TestProveSaysWhoseKeyItIs(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		id, secret := w.cloud.AdminKey(account)
		got, err := w.a.Prove(w.ctx(), rotation.Credential{ID: accesskey.ID(id), Secret: accesskey.NewSecret(secret)}, nil)
		if err != nil || got == anaID || got == "" {
			t.Error(got, err)
		}
	})
}

// signedWith is the account as somebody else's key sees it.
func (w *world) signedWith(id, secret string) *onaws.Account {
	w.t.Helper()
	s := awsapi.OpenWithKey(w.ctx(), accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{Region: "us-east-1", HTTPClient: w.client()})
	if err := s.AskTime(w.ctx()); err != nil {
		w.t.Fatal(err)
	}
	return onaws.New(s, onaws.Options{})
}

const (
	tina       = "AKIAI44QH8DHBEXAMPL3"
	tinaSecret = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLTINA"
)

func withTina(policies map[string]string, more func(*fakeaws.UserSpec, *fakeaws.AccountSpec)) func(*fakeaws.AccountSpec) {
	return func(s *fakeaws.AccountSpec) {
		u := fakeaws.UserSpec{Name: "tina", InlinePolicies: policies, Keys: []fakeaws.KeySpec{{ID: tina, Secret: tinaSecret}}}
		if more != nil {
			more(&u, s)
		}
		s.Users = append(s.Users, u)
	}
}

func TestMayRotate(t *testing.T) {
	const (
		helpers = `{"Effect":"Allow","Action":["iam:SimulatePrincipalPolicy","iam:GetUser"],"Resource":"*"}`
		rotates = `{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"arn:aws:iam::123456789012:user/team/*"}`
	)
	policy := func(statements ...string) map[string]string {
		return map[string]string{"rotate": `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`}
	}
	for name, c := range map[string]struct {
		policies map[string]string
		more     func(*fakeaws.UserSpec, *fakeaws.AccountSpec)
		want     []string // in the error; none: allowed
		not      string
	}{
		"allowed":   {policies: policy(helpers, rotates)},
		"no delete": {policies: policy(helpers, `{"Effect":"Allow","Action":["iam:CreateAccessKey","iam:UpdateAccessKey"],"Resource":"*"}`), want: []string{"may not iam:DeleteAccessKey", "no policy allows it"}, not: "CreateAccessKey"},
		"denied":    {policies: policy(helpers, rotates, `{"Effect":"Deny","Action":"iam:UpdateAccessKey","Resource":"*"}`), want: []string{"iam:UpdateAccessKey", "denied by policy rotate"}},
		"other path": {policies: policy(helpers, `{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"arn:aws:iam::123456789012:user/ana"}`),
			want: []string{"iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey"}},
		"by the user's tag": {policies: policy(helpers, `{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/team":"billing"}}}`)},
		"by another tag":    {policies: policy(helpers, `{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/team":"ops"}}}`), want: []string{"no policy allows it"}},
		"with MFA":          {policies: policy(helpers, `{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}`), want: []string{"does not know aws:MultiFactorAuthPresent"}},
		"SCP": {policies: policy(helpers, rotates), more: func(_ *fakeaws.UserSpec, s *fakeaws.AccountSpec) {
			s.ServiceControlPolicies = []string{fakeaws.FullAWSAccess, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateAccessKey","Resource":"*"}]}`}
		}, want: []string{"may not iam:CreateAccessKey", "denied by an organization's service control policy"}, not: "DeleteAccessKey"},
		"boundary": {policies: policy(helpers, rotates), more: func(u *fakeaws.UserSpec, s *fakeaws.AccountSpec) {
			s.Policies = append(s.Policies, fakeaws.PolicySpec{Name: "edge", Document: `{"Version":"2012-10-17","Statement":[` + helpers + `]}`})
			u.PermissionsBoundary = "arn:aws:iam::123456789012:policy/edge"
		}, want: []string{"permissions boundary does not allow it"}},
		"no right to simulate": {policies: policy(rotates, `{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}`), want: []string{"nothing can be said beforehand", "Allow iam:SimulatePrincipalPolicy"}},
		"no right to see":      {policies: policy(rotates), want: []string{"check our rights", "Allow iam:GetUser"}},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, fakeaws.Config{}, withTina(c.policies, c.more), func(w *world) {
				err := w.heard(w.signedWith(tina, tinaSecret).MayRotate(w.ctx(), ana))
				if (err == nil) != (len(c.want) == 0) {
					t.Fatal(err)
				}
				for _, want := range c.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%v\nlacks %q", err, want)
					}
				}
				if c.not != "" && strings.Contains(err.Error(), c.not) {
					t.Errorf("%v\nhas %q", err, c.not)
				}
			})
		})
	}
}

func TestRootMayRotate(t *testing.T) {
	in(t, fakeaws.Config{}, func(s *fakeaws.AccountSpec) {
		s.Root.Keys = []fakeaws.KeySpec{{ID: tina, Secret: tinaSecret}}
	}, func(w *world) {
		if err := w.signedWith(tina, tinaSecret).MayRotate(w.ctx(), ana); err != nil {
			t.Error(err)
		}
	})
}

func TestClock(t *testing.T) {
	in(t, fakeaws.Config{Start: time.Date(2000, 1, 1, 0, 3, 0, 0, time.UTC)}, nil, func(w *world) { // three minutes ahead of the host
		if skew := known(t, w.a.Skew(w.ctx())); skew != -3*time.Minute {
			t.Errorf("host is %s ahead", skew)
		}
		if d := w.a.Now().Sub(w.cloud.Now()).Abs(); d > time.Second {
			t.Errorf("AWS's time is %s off", d)
		}
		before := w.cloud.Calls()["sts:GetCallerIdentity"]
		time.Sleep(6 * time.Minute)
		f := w.a.Skew(w.ctx())
		if known(t, f); w.a.Now().Sub(f.At()).Abs() > 2*time.Second || w.cloud.Calls()["sts:GetCallerIdentity"] != before+1 {
			t.Error("an old answer was taken for a new one")
		}
		time.Sleep(6 * time.Minute)
		w.fault("GetCallerIdentity", 1000, fakeaws.LoseAnswer())
		if f := w.a.Skew(w.ctx()); f.Known() {
			t.Error("known without an answer")
		}
		w.fault("GetCallerIdentity", 1000, fakeaws.Refuse(403, "AccessDenied", "no"))
		if f := w.a.Skew(w.ctx()); !f.Known() {
			t.Error("a refusal has a date too")
		}
	})
}

func (w *world) author(id accesskey.ID) accesskey.Fact[rotation.Authorship] {
	return w.a.Author(w.ctx(), ana, id)
}

func TestAuthor(t *testing.T) {
	for _, listed := range []bool{false, true} {
		t.Run(fmt.Sprintf("listed %v", listed), func(t *testing.T) {
			in(t, fakeaws.Config{TrailDelay: 10 * time.Minute}, nil, func(w *world) {
				w.fault("CreateAccessKey", 1, fakeaws.LoseAnswer())
				if _, err := w.a.CreateAccessKey(w.ctx(), ana, w.permit()); err == nil {
					t.Fatal("the answer came")
				}
				ours := accesskey.ID(w.user("ana").Keys[1].ID)
				if listed {
					known(t, w.a.User(w.ctx(), ana))
				}
				if got := known(t, w.author(ours)); got.Found {
					t.Errorf("before the event came: %+v", got)
				}
				time.Sleep(10 * time.Minute)
				got := known(t, w.author(ours))
				if !got.Found || got.Token != token || !strings.Contains(got.By, "user/admin with aws-sdk-go-v2/") {
					t.Errorf("%+v", got)
				}
				w.cloud.ResetCalls()
				w.author(ours)
				if n := w.cloud.Calls()["cloudtrail:LookupEvents"]; n != 0 {
					t.Errorf("what can't change was asked %d times more", n)
				}
				if got := known(t, w.author(oldKey)); got.Found {
					t.Errorf("of a key of which there is no event: %+v", got)
				}
			})
		})
	}
}

// TestAuthorOfALateRequest: the event is of when it was carried out.
func TestAuthorOfALateRequest(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		w.fault("CreateAccessKey", 1, fakeaws.Delay(8*time.Minute))
		if _, err := w.a.CreateAccessKey(w.ctx(), ana, w.permit()); err == nil {
			t.Fatal("the answer came")
		}
		time.Sleep(9 * time.Minute)
		known(t, w.a.User(w.ctx(), ana))
		ours := accesskey.ID(w.user("ana").Keys[1].ID)
		if got := known(t, w.author(ours)); got.Token != token {
			t.Errorf("%+v", got)
		}
	})
}

func TestAuthorIsSomebodyElse(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		out, err := w.colleague().CreateAccessKey(w.ctx(), &iam.CreateAccessKeyInput{UserName: aws.String("ana")})
		if err != nil {
			t.Fatal(err)
		}
		if got := known(t, w.author(accesskey.ID(*out.AccessKey.AccessKeyId))); !got.Found || got.Token != "" || !strings.Contains(got.By, "app/colleague") {
			t.Errorf("%+v", got)
		}
	})
}

func TestTrailDenied(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		w.fault("LookupEvents", 1000, fakeaws.Refuse(400, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/admin is not authorized to perform: cloudtrail:LookupEvents"))
		author, uses, acts := w.author(oldKey), w.a.Uses(w.ctx(), oldKey), w.a.LatestAct(w.ctx(), ana)
		for _, why := range []string{author.Why(), uses.Why(), acts.Source()} {
			if !strings.Contains(why, "Allow cloudtrail:LookupEvents to the caller") {
				t.Errorf("%q", why)
			}
		}
		if at := known(t, acts); !at.IsZero() {
			t.Error(at)
		}
		if by := known(t, w.a.Managed(w.ctx(), ana, oldKey)); by != "" {
			t.Error(by)
		}
	})
}

// TestTrailFails: what failed is unknown, and not "never".
func TestTrailFails(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		w.fault("LookupEvents", 1000, fakeaws.Refuse(500, "InternalFailure", "x"))
		if acts := w.a.LatestAct(w.ctx(), ana); acts.Known() {
			t.Errorf("%v from %s", acts.At(), acts.Source())
		}
	})
}

func TestManaged(t *testing.T) {
	const terraform = "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io) terraform-provider-aws/5.64.0"
	in(t, fakeaws.Config{}, nil, func(w *world) {
		id, secret := w.cloud.AdminKey(account)
		c := w.as(id, secret, "us-east-1", "Terraform")
		out, err := iam.NewFromConfig(c).CreateAccessKey(w.ctx(), &iam.CreateAccessKeyInput{UserName: aws.String("ana")})
		if err != nil {
			t.Fatal(err)
		}
		if by := known(t, w.a.Managed(w.ctx(), ana, accesskey.ID(*out.AccessKey.AccessKeyId))); !strings.HasPrefix(by, "Terraform, by which it was made") {
			t.Errorf("%q", by)
		}
		if by := known(t, w.a.Managed(w.ctx(), ana, oldKey)); by != "" {
			t.Errorf("%q", by)
		}
		w.fault("LookupEvents", 1000, fakeaws.Refuse(500, "InternalFailure", "x"))
		if f := w.a.Managed(w.ctx(), ana, oldKey); f.Known() {
			t.Error("known though AWS failed")
		}
		told := onaws.New(w.s, onaws.Options{Elsewhere: func(context.Context, accesskey.Subject, accesskey.ID) (string, error) {
			return "Terraform state terraform.tfstate", nil
		}})
		if by := known(t, told.Managed(w.ctx(), ana, oldKey)); by != "Terraform state terraform.tfstate" {
			t.Errorf("%q", by)
		}
		if got := onaws.AgentOf(terraform); got != "APN HashiCorp Terraform terraform-provider-aws" {
			t.Errorf("%q", got)
		}
	})
}

// TestUses lives two days of a consumer.
func TestUses(t *testing.T) {
	in(t, fakeaws.Config{TrailDelay: 10 * time.Minute}, nil, func(w *world) {
		known(t, w.a.User(w.ctx(), ana)) // last used in eu-west-1
		for range 8 {
			w.callSTS(w.asAna("eu-west-1", "billing"))
			time.Sleep(6 * time.Hour)
		}
		w.callSTS(w.asAna("us-west-2", "elsewhere")) // neither home, nor of last use, nor given
		if _, err := sts.NewFromConfig(w.asAna("us-east-1", "tokens")).GetSessionToken(w.ctx(), nil); err != nil {
			t.Fatal(err)
		}
		if got := known(t, w.a.Uses(w.ctx(), oldKey)); len(got) != 8 {
			t.Errorf("before the last events came: %d sightings", len(got))
		}
		time.Sleep(10 * time.Minute)
		f := w.a.Uses(w.ctx(), oldKey)
		got := known(t, f)
		if len(got) != 9 || !slices.IsSortedFunc(got, func(a, b accesskey.Sighting) int { return a.At.Compare(b.At) }) {
			t.Fatalf("%d sightings: %v", len(got), got)
		}
		if f.Source() != "cloudtrail:LookupEvents in eu-west-1 us-east-1" {
			t.Error(f.Source())
		}
		first, last := got[0], got[8]
		want := accesskey.Place{Network: "192.0.2.1", Agent: "aws-sdk-go-v2 os/linux lang/go app/billing", Service: "sts.amazonaws.com"}
		if first.Place != want || first.Session || !first.At.Equal(start) {
			t.Errorf("%+v", first)
		}
		if !last.Session || last.Place.Agent != "aws-sdk-go-v2 os/linux lang/go app/tokens" {
			t.Errorf("%+v", last)
		}
		everywhere := onaws.New(w.s, onaws.Options{Regions: []string{"us-west-2"}})
		if got := known(t, everywhere.Uses(w.ctx(), oldKey)); !slices.ContainsFunc(got, func(s accesskey.Sighting) bool { return strings.HasSuffix(s.Place.Agent, "elsewhere") }) {
			t.Error("a region that was given was not read")
		}
	})
}

// TestProofsAreNoUses: nobody uses the new key by our having proved it.
func TestProofsAreNoUses(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		c, err := w.a.CreateAccessKey(w.ctx(), ana, w.permit())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.a.Prove(w.ctx(), c, []string{"us-east-1", "eu-west-1"}); err != nil {
			t.Fatal(err)
		}
		if got := known(t, w.a.Uses(w.ctx(), c.ID)); len(got) != 0 {
			t.Errorf("%v", got)
		}
		w.callSTS(w.as(string(c.ID), c.Secret.Reveal(), "us-east-1", "billing"))
		time.Sleep(5 * time.Minute)
		if got := known(t, w.a.Uses(w.ctx(), c.ID)); len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
}

// TestTwoASecond: CloudTrail is never asked faster than it answers.
func TestTwoASecond(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		began := time.Now()
		refused := 0
		w.cloud.SetFault(func(fakeaws.Call) fakeaws.Fault { return fakeaws.Proceed() })
		for range 20 { // processes: one would remember
			if f := onaws.New(w.s, onaws.Options{}).Uses(w.ctx(), oldKey); !f.Known() {
				refused++
			}
		}
		if took := time.Since(began); refused > 0 || took < 9*time.Second || took > 15*time.Second {
			t.Errorf("%d refused, %s for 20 looks", refused, took)
		}
		if strings.Contains(w.log.String(), `"class":"Throttled"`) || strings.Contains(w.log.String(), `"attempts":2`) {
			t.Error("throttled")
		}
	})
}

func TestUsesFailJustNow(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		known(t, w.a.User(w.ctx(), ana))
		w.callSTS(w.asAna("eu-west-1", "billing"))
		w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
			if c.Action == "LookupEvents" && c.Region == "eu-west-1" {
				return fakeaws.Refuse(500, "InternalFailure", "x")
			}
			return fakeaws.Proceed()
		})
		if f := w.a.Uses(w.ctx(), oldKey); f.Known() || !f.Partly() {
			t.Errorf("known though a region failed, or not to be had: %s", f.Why())
		}
		time.Sleep(5 * time.Minute)
		w.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
			if c.Action == "LookupEvents" && c.Region == "us-east-1" {
				return fakeaws.Refuse(400, "AccessDeniedException", "no")
			}
			return fakeaws.Proceed()
		})
		f := w.a.Uses(w.ctx(), oldKey)
		if got := known(t, f); len(got) != 1 || !strings.Contains(f.Source(), "(not us-east-1: denied)") {
			t.Errorf("%v %s", got, f.Source())
		}
	})
}

// TestActs: who changed the user's keys, ours by their tokens.
func TestActs(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		ours := w.permit().Token
		made, err := w.a.CreateAccessKey(w.ctx(), ana, w.permit())
		if err != nil {
			t.Fatal(err)
		}
		for _, do := range []func() error{
			func() error { return w.a.SetStatus(w.ctx(), ana, oldKey, accesskey.Inactive, w.permit()) },
			func() error { return w.a.DenySessions(w.ctx(), ana, w.cloud.Now(), w.permit()) },
			func() error {
				_, err := w.colleague().UpdateAccessKey(w.ctx(), &iam.UpdateAccessKeyInput{UserName: aws.String("ana"), AccessKeyId: aws.String(string(oldKey)), Status: types.StatusTypeActive})
				return err
			},
			func() error { return w.a.DeleteAccessKey(w.ctx(), ana, made.ID, w.permit()) },
		} {
			time.Sleep(time.Minute)
			if err := do(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.a.DeleteAccessKey(w.ctx(), ana, made.ID, w.permit()); err == nil {
			t.Error("deleted twice")
		}
		time.Sleep(time.Hour)
		want := []rotation.Act{
			{Action: accesskey.CreateKey, Key: made.ID, Token: ours}, {Action: accesskey.Deactivate, Key: oldKey, Token: ours},
			{Action: accesskey.DenySessions, Token: ours}, {Action: accesskey.Reactivate, Key: oldKey},
			{Action: accesskey.DeleteKey, Key: made.ID, Token: ours},
		}
		got := known(t, w.a.Acts(w.ctx(), ana))
		for i := range got {
			got[i].At = time.Time{}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v", got)
		}
	})
}

func TestLatestAct(t *testing.T) {
	in(t, fakeaws.Config{TrailDelay: 5 * time.Minute}, nil, func(w *world) {
		act := func() time.Time { t.Helper(); return known(t, w.a.LatestAct(w.ctx(), ana)) }
		if got := act(); !got.IsZero() {
			t.Errorf("%s", got)
		}
		theirs := w.permit()
		theirs.Token = "j2.xyz"
		if err := w.a.Tag(w.ctx(), ana, theirs); err != nil {
			t.Fatal(err)
		}
		if _, err := w.colleague().UpdateAccessKey(w.ctx(), &iam.UpdateAccessKeyInput{UserName: aws.String("ana"), AccessKeyId: aws.String(string(oldKey)), Status: types.StatusTypeActive}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got := act(); !got.IsZero() {
			t.Errorf("another journal's: %s", got)
		}
		when := w.cloud.Now().Truncate(time.Second)
		if err := w.a.SetStatus(w.ctx(), ana, oldKey, accesskey.Active, w.permit()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		w.cloud.ResetCalls()
		if got := act(); !got.Equal(when) {
			t.Errorf("%s, want %s", got, when)
		}
		for range 100 {
			act()
		}
		if n := w.cloud.Calls()["cloudtrail:LookupEvents"]; n != 4 {
			t.Errorf("%d look-ups", n)
		}
		if got := known(t, w.a.LatestAct(w.ctx(), accesskey.Subject{Account: account, User: "admin"})); !got.IsZero() {
			t.Errorf("of another user: %s", got)
		}
	})
}

// TestDeniedSessions: a session from before is denied, one from after and the
// key are not.
func TestDeniedSessions(t *testing.T) {
	in(t, fakeaws.Config{}, func(s *fakeaws.AccountSpec) {
		s.Users[1].ManagedPolicies = []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
	}, func(w *world) {
		session := func() *cloudtrail.Client {
			out, err := sts.NewFromConfig(w.asAna("us-east-1", "")).GetSessionToken(w.ctx(), nil)
			if err != nil {
				t.Fatal(err)
			}
			c := w.as(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, "us-east-1", "")
			c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}, nil
			})
			return cloudtrail.NewFromConfig(c)
		}
		works := func(c *cloudtrail.Client) bool {
			time.Sleep(time.Second)
			_, err := c.LookupEvents(w.ctx(), &cloudtrail.LookupEventsInput{})
			return err == nil
		}
		before := session()
		if !works(before) {
			t.Fatal("the session never worked")
		}
		if err := w.a.DenySessions(w.ctx(), ana, w.a.Now(), w.permit()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if works(before) || !works(session()) || !works(cloudtrail.NewFromConfig(w.asAna("us-east-1", ""))) {
			t.Errorf("before %v, after %v", works(before), works(session()))
		}
	})
}

func TestSignerOfAKey(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		if got := known(t, w.a.BaseKey(w.ctx())); got != adminID {
			t.Error(got)
		}
		admin := accesskey.Subject{Account: account, User: "admin", UserID: w.user("admin").ID}
		c, err := w.a.CreateAccessKey(w.ctx(), admin, w.permit())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.a.Use(w.ctx(), c); err != nil {
			t.Fatal(err)
		}
		if got := known(t, w.a.BaseKey(w.ctx())); got != c.ID {
			t.Error(got)
		}
		if err := w.a.SetStatus(w.ctx(), admin, adminID, accesskey.Inactive, w.permit()); err != nil {
			t.Fatal(err)
		}
		if f := w.a.User(w.ctx(), admin); !f.Known() {
			t.Errorf("after the switch nothing works: %s", f.Why())
		}
		for _, bad := range []rotation.Credential{{}, {ID: "ASIAIOSFODNN7EXAMPLE", Secret: c.Secret}, {ID: c.ID}} {
			if w.a.Use(w.ctx(), bad) == nil {
				t.Errorf("used %v", bad.ID)
			}
		}
	})
}
