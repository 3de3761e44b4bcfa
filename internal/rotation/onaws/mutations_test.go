package onaws_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

// mutating are all the mutating calls.
var mutating = map[string]func(*world, rotation.Permit) error{
	"CreateAccessKey": func(w *world, p rotation.Permit) error {
		c, err := w.a.CreateAccessKey(w.ctx(), ana, p)
		if (err == nil) == (c.ID == "" || c.Secret.Empty()) {
			w.t.Errorf("%+v with %v", c, err)
		}
		return err
	},
	"UpdateAccessKey": func(w *world, p rotation.Permit) error {
		return w.a.SetStatus(w.ctx(), ana, oldKey, accesskey.Inactive, p)
	},
	"DeleteAccessKey": func(w *world, p rotation.Permit) error { return w.a.DeleteAccessKey(w.ctx(), ana, oldKey, p) },
	"TagUser":         func(w *world, p rotation.Permit) error { return w.a.Tag(w.ctx(), ana, p) },
	"PutUserPolicy":   func(w *world, p rotation.Permit) error { return w.a.DenySessions(w.ctx(), ana, start, p) },
}

func TestOutcomes(t *testing.T) {
	deny := "User: arn:aws:iam::123456789012:user/admin is not authorized to perform: iam:X on resource: user ana"
	for action, call := range mutating {
		for name, c := range map[string]struct {
			fault         fakeaws.Fault
			done, notDone bool
			denied, noKey bool
		}{
			"fine":           {fault: fakeaws.Proceed(), done: true},
			"answer lost":    {fault: fakeaws.LoseAnswer()},
			"done later":     {fault: fakeaws.Delay(3 * time.Minute)},
			"5xx":            {fault: fakeaws.Refuse(500, "InternalFailure", "failed")},
			"unavailable":    {fault: fakeaws.Refuse(503, "ServiceUnavailable", "failed")},
			"5xx throttle":   {fault: fakeaws.Refuse(503, "Throttling", "Rate exceeded")},
			"proxy's words":  {fault: fakeaws.Refuse(403, "", "")},
			"request lost":   {fault: fakeaws.Refuse(408, "RequestTimeout", "slow")},
			"throttled":      {fault: fakeaws.Refuse(400, "Throttling", "Rate exceeded"), notDone: true},
			"quota":          {fault: fakeaws.Refuse(409, "LimitExceeded", "Cannot exceed quota"), notDone: true},
			"denied":         {fault: fakeaws.Refuse(403, "AccessDenied", deny), notDone: true, denied: true},
			"denied by SCP":  {fault: fakeaws.Refuse(403, "AccessDenied", deny+" with an explicit deny in a service control policy"), notDone: true, denied: true},
			"gone":           {fault: fakeaws.Refuse(404, "NoSuchEntity", "The Access Key cannot be found."), notDone: true, noKey: true},
			"signature":      {fault: fakeaws.Refuse(403, "SignatureDoesNotMatch", "Signature expired: 2026"), notDone: true},
			"key of ours":    {fault: fakeaws.Refuse(403, "InvalidClientTokenId", "The security token is invalid."), notDone: true},
			"changing":       {fault: fakeaws.Refuse(409, "EntityTemporarilyUnmodifiable", "wait"), notDone: true},
			"concurrent":     {fault: fakeaws.Refuse(409, "ConcurrentModification", "wait"), notDone: true},
			"not understood": {fault: fakeaws.Refuse(400, "ValidationError", "no"), notDone: true},
		} {
			t.Run(action+" "+name, func(t *testing.T) {
				in(t, fakeaws.Config{}, nil, func(w *world) {
					w.fault(action, 1, c.fault)
					err := w.heard(call(w, w.permit()))
					noKey := c.noKey && (action == "UpdateAccessKey" || action == "DeleteAccessKey")
					if (err == nil) != c.done || errors.Is(err, rotation.ErrNotDone) != c.notDone ||
						errors.Is(err, rotation.ErrDenied) != c.denied || errors.Is(err, rotation.ErrNoKey) != noKey || errors.Is(err, rotation.ErrLeaseOver) {
						t.Errorf("%v (not done %v, denied %v, no key %v)", err, errors.Is(err, rotation.ErrNotDone), errors.Is(err, rotation.ErrDenied), errors.Is(err, rotation.ErrNoKey))
					}
					if sent := w.cloud.Calls()["iam:"+action]; sent != 1 {
						t.Errorf("sent %d times", sent)
					}
				})
			})
		}
	}
}

func TestLeaseOver(t *testing.T) {
	for action, call := range mutating {
		t.Run(action, func(t *testing.T) {
			in(t, fakeaws.Config{}, nil, func(w *world) {
				p := w.permit()
				time.Sleep(2 * time.Minute)
				err := w.heard(call(w, p))
				if !errors.Is(err, rotation.ErrLeaseOver) || !errors.Is(err, rotation.ErrNotDone) {
					t.Error(err)
				}
				if sent := w.cloud.Calls()["iam:"+action]; sent != 0 {
					t.Errorf("sent %d times", sent)
				}
			})
		})
	}
}

// TestLeaseIsAWSTime: the lease ends by AWS's clock, however far ours is off.
func TestLeaseIsAWSTime(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		if _, err := w.s.Identity(w.ctx()); err != nil {
			t.Fatal(err)
		}
		p := rotation.Permit{Token: token, Until: w.cloud.Now().Add(time.Minute)}
		if time.Now().After(p.Until) {
			t.Fatal("the host's clock is ahead too")
		}
		w.cloud.Advance(2 * time.Minute)
		if err := w.s.AskTime(w.ctx()); err != nil {
			t.Fatal(err)
		}
		if err := w.a.Tag(w.ctx(), ana, p); !errors.Is(err, rotation.ErrLeaseOver) {
			t.Error(err)
		}
	})
}

// dead is a network on which nobody answers IAM's mutating calls.
type dead struct {
	http.RoundTripper
	err error
}

func (d dead) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.UserAgent(), "keytend+") {
		return nil, d.err
	}
	return d.RoundTripper.RoundTrip(r)
}

func TestNetworkErrors(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		notDone bool
	}{
		"connection refused": {&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}, true},
		"no such host":       {&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "iam.amazonaws.com"}}, true},
		"proxy is dead":      {&net.OpError{Op: "proxyconnect", Net: "tcp", Err: errors.New("connection refused")}, true},
		"reset":              {&net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}, false},
		"broken pipe":        {&net.OpError{Op: "write", Net: "tcp", Err: errors.New("broken pipe")}, false},
		"timeout":            {context.DeadlineExceeded, false},
		"closed":             {errors.New("http: server closed idle connection"), false},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, fakeaws.Config{}, nil, func(w *world) {
				id, secret := w.cloud.AdminKey(account)
				s := awsapi.OpenWithKey(t.Context(), accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
					Region: "eu-west-1", HTTPClient: &http.Client{Transport: dead{w.cloud.RoundTripper(), c.err}},
				})
				if err := s.AskTime(w.ctx()); err != nil {
					t.Fatal(err)
				}
				w.a = onaws.New(s, onaws.Options{})
				for action, call := range mutating {
					if err := w.heard(call(w, w.permit())); err == nil || errors.Is(err, rotation.ErrNotDone) != c.notDone {
						t.Errorf("%s: %v", action, err)
					}
				}
			})
		})
	}
}

// silent is a network on which mutating calls are never answered.
type silent struct{ http.RoundTripper }

func (s silent) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.UserAgent(), "keytend+") {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return s.RoundTripper.RoundTrip(r)
}

func TestSilenceIsNotWaitedForForEver(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		id, secret := w.cloud.AdminKey(account)
		s := awsapi.OpenWithKey(t.Context(), accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
			Region: "eu-west-1", HTTPClient: &http.Client{Transport: silent{w.cloud.RoundTripper()}},
		})
		if err := s.AskTime(w.ctx()); err != nil {
			t.Fatal(err)
		}
		w.a = onaws.New(s, onaws.Options{})
		for action, call := range mutating {
			began := time.Now()
			if err := call(w, w.permit()); err == nil || errors.Is(err, rotation.ErrNotDone) || time.Since(began) > 2*time.Minute {
				t.Errorf("%s: %v after %s", action, err, time.Since(began))
			}
		}
	})
}

func TestCancelledBeforeSendingIsNotDone(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		if _, err := w.s.Identity(w.ctx()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(w.ctx())
		cancel()
		if err := w.a.Tag(ctx, ana, w.permit()); !errors.Is(err, rotation.ErrNotDone) {
			t.Error(err)
		}
		if sent := w.cloud.Calls()["iam:TagUser"]; sent != 0 {
			t.Errorf("sent %d times", sent)
		}
	})
}

func TestAnotherAccountsUser(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		other := accesskey.Subject{Account: "111122223333", User: "ana", UserID: anaID}
		errs := []error{
			w.a.SetStatus(w.ctx(), other, oldKey, accesskey.Inactive, w.permit()),
			w.a.DeleteAccessKey(w.ctx(), other, oldKey, w.permit()),
			w.a.Tag(w.ctx(), other, w.permit()),
			w.a.DenySessions(w.ctx(), other, start, w.permit()),
		}
		_, err := w.a.CreateAccessKey(w.ctx(), other, w.permit())
		for _, err := range append(errs, err) {
			if !errors.Is(err, rotation.ErrNotDone) || !strings.Contains(err.Error(), "these credentials are of 123456789012") {
				t.Error(err)
			}
		}
		if f := w.a.User(w.ctx(), other); f.Known() {
			t.Error("another account's user was read")
		}
	})
}

func TestTokensThatCannotTravel(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		for _, bad := range []string{"", "with space", "a/b", "ü", strings.Repeat("x", 57), "a,b", "a:b"} {
			p := w.permit()
			p.Token = bad
			if err := w.a.Tag(w.ctx(), ana, p); !errors.Is(err, rotation.ErrNotDone) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

func TestSetStatusKnowsTwo(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		if err := w.a.SetStatus(w.ctx(), ana, oldKey, accesskey.Expired, w.permit()); !errors.Is(err, rotation.ErrNotDone) {
			t.Error(err)
		}
		for _, status := range []accesskey.Status{accesskey.Inactive, accesskey.Active} {
			if err := w.a.SetStatus(w.ctx(), ana, oldKey, status, w.permit()); err != nil || w.user("ana").Keys[0].Status != string(status) {
				t.Error(status, err)
			}
		}
	})
}

func TestTag(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		p := w.permit()
		theirs := p
		theirs.Token = "j2.other"
		step := func(what string, err error, want string) {
			t.Helper()
			if got := w.user("ana").Tags[rotation.ClaimTag]; err != nil || got != want {
				t.Errorf("%s: %v, tag %q, want %q", what, err, got, want)
			}
		}
		step("ours", w.a.Tag(w.ctx(), ana, p), token)
		step("untag theirs", w.a.Untag(w.ctx(), ana, theirs), token)
		step("over ours", w.a.Tag(w.ctx(), ana, theirs), "j2.other")
		step("untag ours", w.a.Untag(w.ctx(), ana, p), "j2.other")
		step("untag theirs, which it is", w.a.Untag(w.ctx(), ana, theirs), "")
		step("untag nothing", w.a.Untag(w.ctx(), ana, p), "")
		if w.user("ana").Tags["team"] != "billing" {
			t.Error("a neighbour is gone")
		}
		w.fault("GetUser", 1, fakeaws.Refuse(403, "AccessDenied", "no"))
		if err := w.a.Untag(w.ctx(), ana, p); !errors.Is(err, rotation.ErrNotDone) {
			t.Error(err)
		}
	})
}

func TestMoveDescription(t *testing.T) {
	const next = accesskey.ID("AKIAI44QH8DHBEXAMPL2")
	for name, c := range map[string]struct{ before, after map[string]string }{
		"none":  {nil, map[string]string{}},
		"moves": {map[string]string{string(oldKey): "nightly job @ billing"}, map[string]string{string(next): "nightly job @ billing"}},
		"taken": {map[string]string{string(oldKey): "a", string(next): "b"}, map[string]string{string(next): "b"}},
		"moved": {map[string]string{string(next): "b"}, map[string]string{string(next): "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, fakeaws.Config{}, func(s *fakeaws.AccountSpec) { s.Users[1].Tags = c.before }, func(w *world) {
				for range 2 {
					if err := w.a.MoveDescription(w.ctx(), ana, oldKey, next, w.permit()); err != nil {
						t.Fatal(err)
					}
					if got := w.user("ana").Tags; fmt.Sprint(got) != fmt.Sprint(c.after) {
						t.Errorf("%v, want %v", got, c.after)
					}
				}
			})
		})
	}
}

// TestDenySessions: what was issued before is denied, what came after and the
// key itself are not.
func TestDenySessions(t *testing.T) {
	in(t, fakeaws.Config{}, func(s *fakeaws.AccountSpec) {
		s.Users[1].ManagedPolicies = []string{"arn:aws:iam::aws:policy/AdministratorAccess"}
	}, func(w *world) {
		deny := func(before time.Time) {
			t.Helper()
			if err := w.a.DenySessions(w.ctx(), ana, before, w.permit()); err != nil {
				t.Fatal(err)
			}
		}
		deny(start)
		first := w.user("ana").InlinePolicies[onaws.DenyPolicy]
		const want = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-03-01T12:00:01Z"}}}]}`
		if first != want {
			t.Errorf("%s\nwant\n%s", first, want)
		}
		w.cloud.ResetCalls()
		deny(start.Add(-time.Hour))
		if w.user("ana").InlinePolicies[onaws.DenyPolicy] != first || w.cloud.Calls()["iam:PutUserPolicy"] != 0 {
			t.Error("an earlier time was written")
		}
		edited := `{"Version":"2012-10-17","Id":"x","Statement":{"Sid":"Mine","Effect":"Deny","Action":["s3:*"],"Resource":"*"}}`
		if _, err := w.colleague().PutUserPolicy(w.ctx(), &iam.PutUserPolicyInput{UserName: aws.String("ana"), PolicyName: aws.String(onaws.DenyPolicy), PolicyDocument: &edited}); err != nil {
			t.Fatal(err)
		}
		deny(start)
		deny(start.Add(time.Hour))
		const merged = `{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"Mine","Effect":"Deny","Action":["s3:*"],"Resource":"*"},` +
			`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-03-01T13:00:01Z"}}}]}`
		if got := w.user("ana").InlinePolicies[onaws.DenyPolicy]; got != merged {
			t.Errorf("%s\nwant\n%s", got, merged)
		}
		w.fault("GetUserPolicy", 1, fakeaws.Refuse(403, "AccessDenied", "no"))
		if err := w.a.DenySessions(w.ctx(), ana, start, w.permit()); !errors.Is(err, rotation.ErrNotDone) {
			t.Error(err)
		}
	})
}
