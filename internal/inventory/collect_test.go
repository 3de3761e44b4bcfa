package inventory

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

// world is one simulated AWS with one account, inside a synctest bubble.
type world struct {
	t       *testing.T
	aws     *fakeaws.AWS
	account string
	region  string
}

// inWorld runs f in a bubble in which virtual time passes at once.
func inWorld(t *testing.T, config fakeaws.Config, spec func(now time.Time) fakeaws.AccountSpec, f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, aws: fakeaws.New(config), region: "eu-central-1"}
		account := spec(w.aws.Now().Truncate(time.Second))
		w.account = account.ID
		w.aws.AddAccount(account)
		f(w)
	})
}

func populationOf(users int) func(time.Time) fakeaws.AccountSpec {
	return func(now time.Time) fakeaws.AccountSpec { return population.Account(7, 0, users, now) }
}

func (w *world) session() *awsapi.Session {
	id, secret := w.aws.AdminKey(w.account)
	return awsapi.OpenWithKey(w.t.Context(), accesskey.ID(id), accesskey.NewSecret(secret), awsapi.Options{
		Region: w.region, HTTPClient: &http.Client{Transport: w.aws.RoundTripper()},
	})
}

func (w *world) collect(o Options) accesskey.Inventory {
	w.t.Helper()
	inv, err := Collect(w.t.Context(), w.session(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return inv
}

// olderThan90Days wants every user with a key that a rule would name.
func olderThan90Days(inv accesskey.Inventory) []string {
	var names []string
	for _, u := range inv.Users {
		keys, _ := u.Keys.Get()
		if slices.ContainsFunc(keys, func(k accesskey.Key) bool {
			created, known := k.Created.Get()
			return known && inv.ObservedAt.Sub(created) > 90*24*time.Hour
		}) {
			names = append(names, u.Name)
		}
	}
	return names
}

// plainKey is a key for comparison; "?" stands for what isn't known.
type plainKey struct{ ID, Status, Created, LastUsed string }

func truth(spec fakeaws.AccountSpec) map[string][]plainKey {
	users := make(map[string][]plainKey)
	for _, u := range spec.Users {
		users[u.Name] = []plainKey{}
		for _, k := range u.Keys {
			key := plainKey{k.ID, k.Status, stamp(k.Created), "never"}
			if key.Status == "" {
				key.Status = "Active"
			}
			if k.LastUsed != nil {
				key.LastUsed = useText(accesskey.LastUse{At: k.LastUsed.At, Region: strings.Replace(k.LastUsed.Region, "N/A", "", 1), Service: k.LastUsed.Service})
			}
			users[u.Name] = append(users[u.Name], key)
		}
		sortPlain(users[u.Name])
	}
	hideOwnUse(users)
	return users
}

func useText(use accesskey.LastUse) string {
	if use.Never() {
		return "never"
	}
	return stamp(use.At) + " " + use.Service + " " + use.Region
}

func sortPlain(keys []plainKey) {
	slices.SortFunc(keys, func(a, b plainKey) int {
		return strings.Compare(a.Created+a.ID+a.Status+a.LastUsed, b.Created+b.ID+b.Status+b.LastUsed)
	})
}

func told1[T any](f accesskey.Fact[T], text func(T) string) string {
	if v, known := f.Get(); known {
		return text(v)
	}
	return "?"
}

func observed(inv accesskey.Inventory) map[string][]plainKey {
	users := make(map[string][]plainKey)
	for _, u := range inv.Users {
		keys, known := u.Keys.Get()
		if !known {
			users[u.Name] = nil
			continue
		}
		users[u.Name] = []plainKey{}
		for _, k := range keys {
			users[u.Name] = append(users[u.Name], plainKey{
				told1(k.ID, func(id accesskey.ID) string { return string(id) }),
				told1(k.Status, func(s accesskey.Status) string { return string(s) }),
				told1(k.Created, stamp), told1(k.LastUsed, useText),
			})
		}
		sortPlain(users[u.Name])
	}
	hideOwnUse(users)
	return users
}

// hideOwnUse leaves out when the key was last used that the scan itself uses:
// it depends on which of the calls made at once came first.
func hideOwnUse(users map[string][]plainKey) {
	for i := range users[population.Admin] {
		users[population.Admin][i].LastUsed = "by the scan"
	}
}

// agree fails where something known differs from the truth, or something is
// unknown though it must not be.
func agree(t *testing.T, want, got map[string][]plainKey, mayBeUnknown func(user string) bool) {
	t.Helper()
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("user %s does not exist", name)
		}
	}
	for name, keys := range want {
		seen, ok := got[name]
		switch {
		case !ok:
			t.Errorf("user %s is missing", name)
		case seen == nil && mayBeUnknown(name):
		case mayBeUnknown(name) && len(seen) == len(keys):
			agreeLoosely(t, name, keys, seen)
		default:
			if diff := cmp.Diff(keys, seen); diff != "" {
				t.Errorf("user %s (-truth +observed):\n%s", name, diff)
			}
		}
	}
}

// agreeLoosely matches keys one to one, an unknown fact fitting any.
func agreeLoosely(t *testing.T, name string, keys, seen []plainKey) {
	t.Helper()
	// The report tells only whether a key is Active.
	fits := func(a, b string) bool { return a == b || b == "?" || a == "Expired" && b == "Inactive" }
	rest := slices.Clone(keys)
	for _, s := range seen {
		i := slices.IndexFunc(rest, func(k plainKey) bool {
			return fits(k.ID, s.ID) && fits(k.Status, s.Status) && fits(k.Created, s.Created) && fits(k.LastUsed, s.LastUsed)
		})
		if i < 0 {
			t.Errorf("user %s: %+v is not among %+v", name, s, rest)
			return
		}
		rest = slices.Delete(rest, i, i+1)
	}
}

func always(string) bool { return true }
func never(string) bool  { return false }

func sizes() []int {
	if testing.Short() {
		return []int{10, 100, 1000}
	}
	return []int{10, 100, 1000, 5000}
}

func TestGroundTruth(t *testing.T) {
	for _, users := range sizes() {
		t.Run(fmt.Sprint(users), func(t *testing.T) {
			inWorld(t, fakeaws.Config{Latency: 50 * time.Millisecond}, populationOf(users), func(w *world) {
				inv := w.collect(Options{IDs: IDsForAll})
				if len(inv.Failures) > 0 {
					t.Fatalf("%+v", inv.Failures)
				}
				agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), never)
			})
		})
	}
}

func TestEverythingElseOfAUser(t *testing.T) {
	inWorld(t, fakeaws.Config{}, populationOf(200), func(w *world) {
		inv := w.collect(Options{IDs: IDsForNone})
		spec := w.aws.Snapshot(w.account)
		if inv.Account.ID != spec.ID || inv.Account.Alias != spec.Alias || inv.Account.Partition != "aws" {
			t.Errorf("%+v", inv.Account)
		}
		byName := make(map[string]accesskey.User)
		for _, u := range inv.Users {
			byName[u.Name] = u
		}
		for _, want := range spec.Users {
			u := byName[want.Name]
			tags, _ := u.Tags.Get()
			groups, _ := u.Groups.Get()
			managed, _ := u.ManagedPolicies.Get()
			password, known := u.Password.Get()
			services, _ := u.ServiceCredentials.Get()
			certificates, _ := u.SigningCertificates.Get()
			if len(tags) != len(want.Tags) || len(groups) != len(want.Groups) || !slices.Equal(slices.Sorted(slices.Values(managed)), slices.Sorted(slices.Values(want.ManagedPolicies))) {
				t.Errorf("%s: %v %v %v", u.Name, tags, groups, managed)
			}
			if !known || password.Enabled != (want.Password != nil) || len(services) != len(want.ServiceCredentials) || len(certificates) != len(want.Certificates) {
				t.Errorf("%s: password %+v, %d service credentials, %d certificates", u.Name, password, len(services), len(certificates))
			}
			if !u.Privilege.Known() {
				t.Errorf("%s: privilege: %s", u.Name, u.Privilege.Why())
			}
		}
		keys, known := inv.Root.Keys.Get()
		if !known || len(keys) != len(spec.Root.Keys) {
			t.Errorf("root keys: %v %s", keys, inv.Root.Keys.Why())
		}
	})
}

func TestFewCalls(t *testing.T) {
	inWorld(t, fakeaws.Config{Latency: 50 * time.Millisecond}, populationOf(1000), func(w *world) {
		start := time.Now()
		inv := w.collect(Options{IDs: IDsForNone})
		total := 0
		for _, n := range w.aws.Calls() {
			total += n
		}
		t.Logf("%d calls, %s: %v", total, time.Since(start), w.aws.Calls())
		if total > 20 || len(inv.Users) != 1000 {
			t.Errorf("%d calls for %d users", total, len(inv.Users))
		}
		keys := 0
		for _, u := range inv.Users {
			list, _ := u.Keys.Get()
			keys += len(list)
		}
		if keys == 0 || !inv.CredentialReport.Known() {
			t.Errorf("%d keys, report: %s", keys, inv.CredentialReport.Why())
		}
	})
}

func TestOneCallForEachWantedUser(t *testing.T) {
	inWorld(t, fakeaws.Config{}, populationOf(300), func(w *world) {
		wanted := make(map[string]bool)
		inv := w.collect(Options{Wanted: func(inv accesskey.Inventory) []string {
			names := olderThan90Days(inv)
			for _, name := range names {
				wanted[name] = true
			}
			return names
		}})
		if calls := w.aws.Calls(); calls["iam:ListAccessKeys"] < len(wanted) || calls["iam:ListAccessKeys"] > len(wanted)+10 || calls["iam:GetAccessKeyLastUsed"] > 10 {
			t.Errorf("%d wanted, calls %v", len(wanted), calls)
		}
		agree(t, truth(w.aws.Snapshot(w.account)), observed(inv), func(name string) bool { return !wanted[name] })
	})
}
