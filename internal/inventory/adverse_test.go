package inventory

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

// deny refuses actions as AWS does for want of permission.
func deny(actions ...string) func(fakeaws.Call) fakeaws.Fault {
	return func(c fakeaws.Call) fakeaws.Fault {
		if slices.Contains(actions, c.Service+":"+c.Action) {
			return fakeaws.Refuse(403, "AccessDenied", "User: arn:aws:iam::123456789012:user/x is not authorized to perform: "+c.Service+":"+c.Action)
		}
		return fakeaws.Proceed()
	}
}

func calls(failures []accesskey.Failure) []string {
	var names []string
	for _, f := range failures {
		names = append(names, f.Call)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestDeniedReportMeansLiveListing(t *testing.T) {
	for _, action := range []string{"iam:GenerateCredentialReport", "iam:GetCredentialReport"} {
		inWorld(t, fakeaws.Config{}, populationOf(60), func(w *world) {
			w.aws.SetFault(deny(action))
			inv := w.collect(Options{IDs: IDsForNone})
			agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), never)
			if !strings.Contains(inv.CredentialReport.Why(), action) || !slices.Equal(calls(inv.Failures), []string{action}) {
				t.Errorf("%s %+v", inv.CredentialReport.Why(), inv.Failures)
			}
			if hint := inv.Failures[0].Hint; !strings.Contains(hint, action) {
				t.Errorf("hint %q", hint)
			}
		})
	}
}

func TestDeniedGeneratingWithAStoredReport(t *testing.T) {
	inWorld(t, fakeaws.Config{}, withReportAge(60, time.Hour), func(w *world) {
		w.aws.SetFault(deny("iam:GenerateCredentialReport"))
		inv := w.collect(Options{IDs: IDsForNone})
		if !inv.CredentialReport.Known() || len(inv.Failures) > 0 {
			t.Errorf("the stored report was not used: %s %+v", inv.CredentialReport.Why(), inv.Failures)
		}
	})
}

func TestLiveAsksForNoReport(t *testing.T) {
	inWorld(t, fakeaws.Config{}, populationOf(60), func(w *world) {
		inv := w.collect(Options{Live: true})
		agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), never)
		if n := w.aws.Calls()["iam:GetCredentialReport"]; n > 0 || inv.CredentialReport.Known() || len(inv.Failures) > 0 {
			t.Errorf("%d questions for the report, failures %v", n, inv.Failures)
		}
	})
}

// TestPasswordsLive holds what is read of passwords user by user against what
// the report says of the same users.
func TestPasswordsLive(t *testing.T) {
	inWorld(t, fakeaws.Config{}, populationOf(120), func(w *world) {
		reported := make(map[string]accesskey.Password)
		for _, u := range w.collect(Options{IDs: IDsForNone}).Users {
			if u.Password.Source() == fromReport {
				reported[u.Name], _ = u.Password.Get()
			}
		}
		compared := 0
		for _, u := range w.collect(Options{Live: true}).Users {
			want, ok := reported[u.Name]
			got, known := u.Password.Get()
			if !ok {
				continue
			}
			want.LastChanged = time.Time{}
			if !want.Enabled {
				want.MFA = false // without a password it guards nothing
			} else {
				compared++
			}
			if !known || got != want {
				t.Errorf("%s: %+v, the report says %+v (%s)", u.Name, got, want, u.Password.Why())
			}
		}
		if compared == 0 {
			t.Error("nobody has a password")
		}
	})
}

func TestCanceled(t *testing.T) {
	inWorld(t, fakeaws.Config{Latency: 50 * time.Millisecond}, populationOf(100), func(w *world) {
		for _, after := range []time.Duration{0, 75 * time.Millisecond, 300 * time.Millisecond} {
			ctx, cancel := context.WithTimeout(w.t.Context(), after)
			start := time.Now()
			_, err := Collect(ctx, w.session(), Options{IDs: IDsForAll})
			cancel()
			if awsapi.ClassOf(err) != awsapi.Canceled || time.Since(start) > after+time.Second {
				t.Errorf("after %s: %v, in %s", after, err, time.Since(start))
			}
		}
	})
}

func TestDeniedDetails(t *testing.T) {
	const details, list = "iam:GetAccountAuthorizationDetails", "iam:ListUsers"
	for _, denied := range [][]string{{details}, {details, list}} {
		inWorld(t, fakeaws.Config{}, populationOf(120), func(w *world) {
			w.aws.SetFault(deny(denied...))
			inv := w.collect(Options{IDs: IDsForAll})
			agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), never)
			if !slices.Equal(calls(inv.Failures), denied) {
				t.Errorf("failures %v", calls(inv.Failures))
			}
			for _, u := range inv.Users {
				if u.Tags.Known() || u.Privilege.Known() || u.Groups.Known() || !strings.Contains(u.Tags.Why(), details) {
					t.Fatalf("%s: %+v", u.Name, u.Tags)
				}
			}
		})
	}
}

func TestNothingReadable(t *testing.T) {
	inWorld(t, fakeaws.Config{}, populationOf(20), func(w *world) {
		w.aws.SetFault(deny("iam:GetAccountAuthorizationDetails", "iam:ListUsers", "iam:GetCredentialReport"))
		_, err := Collect(w.t.Context(), w.session(), Options{})
		if awsapi.ClassOf(err) != awsapi.Denied || !strings.Contains(err.Error(), "iam:ListUsers") {
			t.Fatal(err)
		}
	})
}

func TestDeniedLookUpsLeaveWhatTheReportTells(t *testing.T) {
	inWorld(t, fakeaws.Config{}, populationOf(100), func(w *world) {
		w.aws.SetFault(deny("iam:ListAccessKeys"))
		inv := w.collect(Options{IDs: IDsForAll})
		agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), always)
		for _, u := range inv.Users {
			keys, _ := u.Keys.Get()
			for _, k := range keys {
				if k.ID.Known() || !strings.Contains(k.ID.Why(), "iam:ListAccessKeys") || !k.LastUsed.Known() && k.Created.Known() {
					t.Fatalf("%s: %+v", u.Name, k)
				}
			}
		}
		if len(inv.Failures) > alikeShown+1 {
			t.Errorf("%d failures are listed", len(inv.Failures))
		}
	})
}

func withReportAge(users int, age time.Duration) func(time.Time) fakeaws.AccountSpec {
	return func(now time.Time) fakeaws.AccountSpec {
		spec := populationOf(users)(now)
		spec.ReportAge = age
		return spec
	}
}

func TestStaleReportIsCorrected(t *testing.T) {
	inWorld(t, fakeaws.Config{}, withReportAge(300, 3*time.Hour), func(w *world) {
		wanted := make(map[string]bool)
		inv := w.collect(Options{Wanted: func(inv accesskey.Inventory) []string {
			names := olderThan90Days(inv)
			for _, name := range names {
				wanted[name] = true
			}
			return names
		}})
		at, known := inv.CredentialReport.Get()
		if age := inv.ObservedAt.Sub(at); !known || age < 3*time.Hour-2*time.Second {
			t.Errorf("report of %s", at)
		}
		want := truth(w.aws.Snapshot(w.account))
		for _, u := range inv.Users {
			if !wanted[u.Name] {
				delete(want, u.Name)
				continue
			}
			keys, _ := u.Keys.Get()
			for _, k := range keys {
				if k.LastUsed.Source() != fromLastUsed || inv.ObservedAt.Sub(k.LastUsed.At()) > time.Minute {
					t.Errorf("%s: last use of %s from %s", u.Name, k.LastUsed.At(), k.LastUsed.Source())
				}
			}
		}
		got := observed(inv)
		for name := range got {
			if !wanted[name] {
				delete(got, name)
			}
		}
		agree(t, want, got, never)
	})
}

// edited makes a stored report of an hour ago untrue of the present.
func edited(now time.Time) fakeaws.AccountSpec {
	old := now.Add(-100 * 24 * time.Hour)
	user := func(name string, created time.Time, keys ...fakeaws.KeySpec) fakeaws.UserSpec {
		return fakeaws.UserSpec{Name: name, Created: created, Keys: keys}
	}
	return fakeaws.AccountSpec{
		ID: "123456789012", Admin: population.Admin, ReportAge: time.Hour,
		Users: []fakeaws.UserSpec{
			{Name: population.Admin, Created: old, ManagedPolicies: []string{adminARN}, Keys: []fakeaws.KeySpec{{Created: old}}},
			user("used-since", old, fakeaws.KeySpec{Created: old, LastUsed: &fakeaws.KeyUse{At: now.Add(-time.Minute), Service: "s3", Region: "eu-west-1"}}),
			user("rotated-since", old, fakeaws.KeySpec{Created: old}, fakeaws.KeySpec{Created: now.Add(-time.Minute)}),
			user("new-since", now.Add(-time.Minute), fakeaws.KeySpec{Created: now.Add(-time.Minute)}),
			user("twins", old, fakeaws.KeySpec{Created: old, LastUsed: &fakeaws.KeyUse{At: old.Add(time.Hour), Service: "s3", Region: "eu-west-1"}}, fakeaws.KeySpec{Created: old}),
		},
	}
}

func TestChangesSinceTheReport(t *testing.T) {
	inWorld(t, fakeaws.Config{}, edited, func(w *world) {
		inv := w.collect(Options{Wanted: olderThan90Days})
		agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), never)
	})
}

func TestThrottledToNearlyNothing(t *testing.T) {
	for name, config := range map[string]fakeaws.Config{
		"20 a second":  {Throttle: 20, Latency: 50 * time.Millisecond},
		"two a second": {Throttle: 2, Latency: 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, config, populationOf(200), func(w *world) {
				start := time.Now()
				inv := w.collect(Options{IDs: IDsForAll})
				agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), always)
				t.Logf("%s, %d failures, calls %v", time.Since(start), len(inv.Failures), w.aws.Calls())
				if len(inv.Failures) > 0 {
					t.Errorf("throttling was not waited out: %+v", inv.Failures[0])
				}
			})
		})
	}
}

func TestThrottledForEver(t *testing.T) {
	for _, action := range []string{"ListAccessKeys", "GetAccessKeyLastUsed", "GetAccountAuthorizationDetails", "GetCredentialReport", "ListServiceSpecificCredentials", "GetAccountSummary"} {
		t.Run(action, func(t *testing.T) {
			inWorld(t, fakeaws.Config{}, withReportAge(60, time.Hour), func(w *world) {
				w.aws.SetFault(func(c fakeaws.Call) fakeaws.Fault {
					if c.Action == action {
						return fakeaws.Refuse(400, "Throttling", "Rate exceeded")
					}
					return fakeaws.Proceed()
				})
				inv := w.collect(Options{IDs: IDsForAll})
				if len(inv.Failures) == 0 || inv.Failures[0].Class != string(awsapi.Throttled) {
					t.Fatalf("failures %+v", inv.Failures)
				}
				if stale := forgetStaleUses(t, inv); stale > 0 != (action == "ListAccessKeys" || action == "GetAccessKeyLastUsed") {
					t.Errorf("%d last uses are the old report's", stale)
				}
				agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), always)
			})
		})
	}
}

// forgetStaleUses makes last uses unknown that an old report told: they may
// have been true then. It counts them, and fails where one bears another time.
func forgetStaleUses(t *testing.T, inv accesskey.Inventory) int {
	t.Helper()
	stale := 0
	for _, u := range inv.Users {
		keys, _ := u.Keys.Get()
		for i := range keys {
			if keys[i].LastUsed.Source() != fromReport {
				continue
			}
			if !keys[i].LastUsed.At().Equal(inv.CredentialReport.At()) {
				t.Errorf("%s: last use of %s by the report of %s", u.Name, keys[i].LastUsed.At(), inv.CredentialReport.At())
			}
			keys[i].LastUsed = accesskey.Unread[accesskey.LastUse]("stale")
			stale++
		}
	}
	return stale
}

// TestNewUserNotFound: of a user made minutes ago, IAM may say both that there
// is one and that there is none.
func TestNewUserNotFound(t *testing.T) {
	spec := func(now time.Time) fakeaws.AccountSpec {
		s := edited(now)
		s.ReportAge = 0
		s.Users = append(s.Users, fakeaws.UserSpec{Name: "settled", Created: now.Add(-6 * time.Minute)})
		return s
	}
	for name, kept := range map[string]bool{"new-since": true, "settled": false} {
		for _, live := range []bool{true, false} {
			inWorld(t, fakeaws.Config{}, spec, func(w *world) {
				w.aws.SetFault(func(c fakeaws.Call) fakeaws.Fault {
					if c.Params.Get("UserName") == name {
						return fakeaws.Refuse(404, "NoSuchEntity", "The user with name "+name+" cannot be found.")
					}
					return fakeaws.Proceed()
				})
				inv := w.collect(Options{Live: live, Wanted: func(accesskey.Inventory) []string { return []string{name} }})
				i := slices.IndexFunc(inv.Users, func(u accesskey.User) bool { return u.Name == name })
				if i >= 0 != kept || len(inv.Failures) > 0 != kept {
					t.Fatalf("%s: at %d, failures %+v", name, i, inv.Failures)
				}
				if kept && (inv.Users[i].Keys.Known() == live || !strings.Contains(inv.Failures[0].Err, "is new")) {
					t.Errorf("%+v %+v", inv.Users[i].Keys, inv.Failures)
				}
			})
		}
	}
}

// TestNameGivenAnew: keys of an earlier user of the same name, and keys whose
// user has another name by now, are not taken for the user's.
func TestNameGivenAnew(t *testing.T) {
	const lie = "<AccessKeyMetadata><member><UserName>new-since</UserName><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId>" +
		"<Status>Active</Status><CreateDate>%s</CreateDate></member></AccessKeyMetadata><IsTruncated>false</IsTruncated>"
	for name, c := range map[string]struct {
		age   time.Duration
		owner string
		want  string
	}{
		"keys of an earlier user": {time.Hour, "new-since", "an earlier user of this name"},
		"renamed by now":          {0, "bob", `belongs to user "bob" by now`},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, fakeaws.Config{}, edited, func(w *world) {
				created := w.aws.Now().Add(-c.age).Format(time.RFC3339)
				inv, err := Collect(w.t.Context(), w.lyingSession(map[string]string{
					"Action=ListAccessKeys&UserName=new-since": "<R><ListAccessKeysResult>" + fmt.Sprintf(lie, created) + "</ListAccessKeysResult></R>",
					"AccessKeyId=AKIAIOSFODNN7EXAMPLE": "<R><GetAccessKeyLastUsedResult><UserName>" + c.owner + "</UserName>" +
						"<AccessKeyLastUsed><Region>N/A</Region><ServiceName>N/A</ServiceName></AccessKeyLastUsed></GetAccessKeyLastUsedResult></R>",
				}), Options{Live: true})
				if err != nil || len(inv.Failures) != 1 || !strings.Contains(inv.Failures[0].Err, c.want) || inv.Failures[0].Call == "" {
					t.Fatalf("%v %+v", err, inv.Failures)
				}
				for _, u := range inv.Users {
					keys, _ := u.Keys.Get()
					if u.Name == "new-since" && slices.ContainsFunc(keys, func(k accesskey.Key) bool { return k.LastUsed.Known() }) {
						t.Errorf("%+v", keys)
					}
				}
			})
		})
	}
}

// TestStatusUnheardOf: a key whose status means nothing to this version is not
// passed over in silence.
func TestStatusUnheardOf(t *testing.T) {
	for name, status := range map[string]string{"new": "<Status>Suspended</Status>", "left out": ""} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, fakeaws.Config{}, edited, func(w *world) {
				created := w.aws.Now().Format(time.RFC3339)
				inv, err := Collect(w.t.Context(), w.lyingSession(map[string]string{
					"Action=ListAccessKeys&UserName=new-since": "<R><ListAccessKeysResult><AccessKeyMetadata><member><AccessKeyId>AKIAIOSFODNN7EXAMPLE</AccessKeyId>" +
						status + "<CreateDate>" + created + "</CreateDate></member></AccessKeyMetadata></ListAccessKeysResult></R>",
					"AccessKeyId=AKIAIOSFODNN7EXAMPLE": "<R><GetAccessKeyLastUsedResult><UserName>new-since</UserName>" +
						"<AccessKeyLastUsed><Region>N/A</Region><ServiceName>N/A</ServiceName></AccessKeyLastUsed></GetAccessKeyLastUsedResult></R>",
				}), Options{Live: true})
				if err != nil || len(inv.Failures) != 1 {
					t.Fatalf("%v %+v", err, inv.Failures)
				}
				said := strings.TrimSuffix(strings.TrimPrefix(status, "<Status>"), "</Status>")
				want := accesskey.Failure{
					Account: w.account, User: "new-since", Call: "iam:ListAccessKeys", Class: "UnknownStatus",
					Err:  `key AKIAIOSFODNN7EXAMPLE has status "` + said + `", which this version of keytend doesn't know`,
					Hint: "Update keytend: AWS may have given keys a new status since this version.",
				}
				if diff := cmp.Diff(want, inv.Failures[0]); diff != "" {
					t.Error(diff)
				}
				for _, u := range inv.Users {
					if keys, _ := u.Keys.Get(); u.Name == "new-since" && len(keys) != 1 {
						t.Errorf("%+v", keys)
					}
				}
			})
		})
	}
}

// lyingSession answers requests that hold a text in its own way.
func (w *world) lyingSession(lies map[string]string) *awsapi.Session {
	id, secret := w.aws.AdminKey(w.account)
	return awsapi.OpenWithKey(w.t.Context(), accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
		Region: w.region, HTTPClient: &http.Client{Transport: liar{w.aws.RoundTripper(), lies}},
	})
}

type liar struct {
	truth http.RoundTripper
	lies  map[string]string // what a request's body holds, to the answer
}

func (l liar) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer, err := l.truth.RoundTrip(r)
	for text, lie := range l.lies {
		if err == nil && strings.Contains(string(body), text) {
			answer.StatusCode, answer.Body, answer.ContentLength = http.StatusOK, io.NopCloser(strings.NewReader(lie)), int64(len(lie))
		}
	}
	return answer, err
}

func TestUserDeletedWhileScanning(t *testing.T) {
	inWorld(t, fakeaws.Config{}, populationOf(60), func(w *world) {
		var gone atomic.Value
		w.aws.SetFault(func(c fakeaws.Call) fakeaws.Fault {
			if c.Action == "ListAccessKeys" && (gone.CompareAndSwap(nil, c.Params.Get("UserName")) || gone.Load() == c.Params.Get("UserName")) {
				return fakeaws.Refuse(404, "NoSuchEntity", "The user with name x cannot be found.")
			}
			return fakeaws.Proceed()
		})
		inv := w.collect(Options{IDs: IDsForAll})
		want := truth(w.aws.Snapshot(w.account))
		delete(want, gone.Load().(string))
		agree(t, want, observed(inv), never)
		if len(inv.Failures) > 0 {
			t.Errorf("%+v", inv.Failures)
		}
	})
}

func TestLostAnswers(t *testing.T) {
	inWorld(t, fakeaws.Config{}, populationOf(100), func(w *world) {
		var n atomic.Int64
		w.aws.SetFault(func(fakeaws.Call) fakeaws.Fault {
			if n.Add(1)%5 == 0 {
				return fakeaws.LoseAnswer()
			}
			return fakeaws.Proceed()
		})
		inv := w.collect(Options{IDs: IDsForAll})
		agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), never)
	})
}

func TestPartitions(t *testing.T) {
	for partition, region := range map[string]string{"aws": "ap-southeast-2", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"} {
		spec := func(now time.Time) fakeaws.AccountSpec {
			s := edited(now)
			s.Partition = partition
			s.Users[0].ManagedPolicies = []string{"arn:" + partition + ":iam::aws:policy/AdministratorAccess"}
			return s
		}
		inWorld(t, fakeaws.Config{}, spec, func(w *world) {
			w.region = region
			inv := w.collect(Options{IDs: IDsForAll})
			if inv.Account.Partition != partition || len(inv.Failures) > 0 || len(inv.Users) != 5 {
				t.Fatalf("%+v %+v", inv.Account, inv.Failures)
			}
			if !strings.HasPrefix(inv.Users[0].ARN, "arn:"+partition+":") {
				t.Error(inv.Users[0].ARN)
			}
			if p, known := inv.Users[0].Privilege.Get(); !known || !p.Admin {
				t.Errorf("%s is no administrator: %s", inv.Users[0].Name, inv.Users[0].Privilege.Why())
			}
		})
	}
}

func TestVirtualClockFarAway(t *testing.T) {
	config := fakeaws.Config{Start: utc("2031-05-06T07:08:09Z")}
	inWorld(t, config, populationOf(30), func(w *world) {
		inv := w.collect(Options{IDs: IDsForAll})
		agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), never)
		if off := inv.ObservedAt.Sub(w.aws.Now()).Abs(); off > time.Second {
			t.Errorf("ObservedAt is off by %s", off)
		}
		if calls := w.aws.Calls(); calls["iam:GetAccessKeyLastUsed"] > 5 {
			t.Errorf("the new report is taken for a stale one: %v", calls)
		}
	})
}

func TestProgress(t *testing.T) {
	inWorld(t, fakeaws.Config{Latency: time.Millisecond}, populationOf(50), func(w *world) {
		last := make(map[Phase]Progress)
		w.collect(Options{IDs: IDsForAll, Progress: func(p Progress) {
			if p.Done < last[p.Phase].Done {
				t.Errorf("%+v after %+v", p, last[p.Phase])
			}
			last[p.Phase] = p
		}})
		for _, phase := range []Phase{PhaseReport, PhaseUsers, PhaseKeys} {
			if p := last[phase]; p.Done == 0 || p.Total > 0 && p.Done != p.Total {
				t.Errorf("%+v", p)
			}
		}
	})
}

// TestMoreKeysThanSlots: the report shows two keys of each user, whether or not
// it has the column that tells of more.
func TestMoreKeysThanSlots(t *testing.T) {
	for _, column := range []bool{false, true} {
		spec := func(now time.Time) fakeaws.AccountSpec {
			s := edited(now)
			s.KeyQuota, s.ReportExtraColumn, s.ReportAge = 4, column, 0
			old := now.Add(-100 * 24 * time.Hour)
			s.Users = append(s.Users, fakeaws.UserSpec{Name: "many", Created: old, Keys: []fakeaws.KeySpec{
				{Created: old}, {Created: old.Add(time.Hour)}, {Created: old.Add(2 * time.Hour)},
			}})
			return s
		}
		inWorld(t, fakeaws.Config{}, spec, func(w *world) {
			inv := w.collect(Options{IDs: IDsForNone})
			agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), func(name string) bool { return name != "many" })
		})
	}
}
