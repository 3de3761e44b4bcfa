package population_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// sum condenses what was drawn. It names its fields one by one, so that a new
// field of fakeaws changes nothing here.
func sum(spec fakeaws.AccountSpec) string {
	digest := sha256.New()
	line := func(facts ...any) { _, _ = fmt.Fprintf(digest, "%q\n", fmt.Sprint(facts...)) }
	keys := func(list []fakeaws.KeySpec) {
		for _, k := range list {
			line(k.ID, k.Secret, k.Status, k.Created)
			if k.LastUsed != nil {
				line(k.LastUsed.At, k.LastUsed.Service, k.LastUsed.Region)
			}
		}
	}
	line(spec.ID, spec.Alias, spec.OU, spec.State, spec.ReportDateOffset, spec.Root.MFA, spec.Root.PasswordLastUsed)
	keys(spec.Root.Keys)
	for _, u := range spec.Users { // fmt sorts maps
		line(u.Name, u.Path, u.ID, u.Created, u.Tags, u.Groups, u.ManagedPolicies, u.InlinePolicies)
		if p := u.Password; p != nil {
			line(p.Created, p.LastUsed, p.LastChanged, p.MFA)
		}
		keys(u.Keys)
		for _, c := range u.Certificates {
			line(c.ID, c.Status, c.Uploaded)
		}
		for _, c := range u.ServiceCredentials {
			line(c.ID, c.Service, c.UserName, c.Status, c.Created, c.Expires)
		}
	}
	return hex.EncodeToString(digest.Sum(nil)[:8])
}

// TestSameBytesEverywhere pins what a seed gives. A change of the generator
// changes these on purpose; a platform never may.
func TestSameBytesEverywhere(t *testing.T) {
	for _, c := range []struct {
		seed         uint64
		index, users int
		want         string
	}{
		{7, 0, 1000, "1240749da5c0bd03"},
		{7, 3, 50, "79f9f5863760be8c"},
		{1 << 63, 1, 10, "653dae85467661c8"},
	} {
		if got := sum(population.Account(c.seed, c.index, c.users, now)); got != c.want {
			t.Errorf("Account(%d, %d, %d) = %s, want %s", c.seed, c.index, c.users, got, c.want)
		}
	}
	if got, want := sum(population.Demo(now)), "0e162bf98c408a0d"; got != want {
		t.Errorf("Demo = %s, want %s", got, want)
	}
}

func TestHostZoneAndFractionsDoNotMatter(t *testing.T) {
	elsewhere := now.In(time.FixedZone("UTC+9", 9*3600)).Add(987 * time.Millisecond)
	if diff := cmp.Diff(population.Account(1, 0, 100, now), population.Account(1, 0, 100, elsewhere)); diff != "" {
		t.Error(diff)
	}
}

func TestSeedsAndAccountsDiffer(t *testing.T) {
	base := population.Account(1, 1, 20, now)
	for name, other := range map[string]fakeaws.AccountSpec{
		"seed":    population.Account(2, 1, 20, now),
		"account": population.Account(1, 2, 20, now),
	} {
		same := 0
		for i := range base.Users {
			if base.Users[i].Name == other.Users[i].Name {
				same++
			}
		}
		if same > 15 {
			t.Errorf("another %s gives %d of 20 users the same name", name, same)
		}
	}
}

func TestUsersDoNotDependOnHowManyThereAre(t *testing.T) {
	few, many := population.Account(7, 2, 30, now), population.Account(7, 2, 300, now)
	if diff := cmp.Diff(few.Users, many.Users[:30]); diff != "" {
		t.Error(diff)
	}
}

func TestCounts(t *testing.T) {
	for _, users := range []int{0, 1, 2, 9, 10, 11, 43, 44, 100, 5000} {
		for index := range 2 {
			if got := len(population.Account(7, index, users, now).Users); got != users {
				t.Errorf("account %d of %d users has %d", index, users, got)
			}
		}
	}
}

// TestLegal draws accounts and holds each to IAM's own rules.
func TestLegal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		index := rapid.SampledFrom([]int{0, 1, 24, 6, 9999}).Draw(t, "index")
		users := rapid.IntRange(0, 200).Draw(t, "users")
		at := time.Unix(rapid.Int64Range(1.5e9, 2e9).Draw(t, "now"), 0)
		checkAccount(t, population.Account(seed, index, users, at), at)
	})
}

func TestLegalAtFullSize(t *testing.T) {
	checkAccount(t, population.Account(7, 0, 5000, now), now)
	checkAccount(t, population.Demo(now), now)
}

func TestKeysUniqueAcrossAccounts(t *testing.T) {
	seen := map[string]string{}
	for index := range 300 {
		spec := population.Account(7, index, 60, now)
		for _, id := range identifiers(spec) {
			if in, twice := seen[id]; twice {
				t.Fatalf("%s is in account %s and %s", id, in, spec.ID)
			}
			seen[id] = spec.ID
		}
	}
}

type failer interface {
	Errorf(format string, args ...any)
	Helper()
}

var (
	namePattern   = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	pathPattern   = regexp.MustCompile(`^/$|^/[\x21-\x7f]+/$`)
	tagKey        = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$`)
	tagValue      = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$`)
	keyPattern    = regexp.MustCompile(`^AKIA[A-Z2-7]{16}$`)
	userIDPattern = regexp.MustCompile(`^AIDA[A-Z2-7]{17}$`)
	secretPattern = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)
	aliasPattern  = regexp.MustCompile(`^[a-z0-9]([a-z0-9]|-[a-z0-9])*$`)
)

func checkAccount(t failer, spec fakeaws.AccountSpec, now time.Time) {
	t.Helper()
	match(t, "account ID", regexp.MustCompile(`^\d{12}$`), spec.ID)
	match(t, "alias", aliasPattern, spec.Alias)
	groups := map[string]bool{}
	for _, g := range spec.Groups {
		groups[g.Name] = true
		checkDocuments(t, g.InlinePolicies)
	}
	for _, p := range spec.Policies {
		checkDocuments(t, map[string]string{p.Name: p.Document})
	}
	checkKeys(t, "root", spec.Root.Keys, spec.Created, now)
	names := map[string]bool{}
	admin := false
	for _, u := range spec.Users {
		if lower := strings.ToLower(u.Name); names[lower] {
			t.Errorf("two users are called %s", lower)
		} else {
			names[lower] = true
		}
		for _, g := range u.Groups {
			if !groups[g] {
				t.Errorf("%s is in group %s, which isn't there", u.Name, g)
			}
		}
		admin = admin || u.Name == spec.Admin && len(u.Keys) > 0 && u.Keys[0].Status == "Active"
		checkUser(t, u, spec.Created, now)
	}
	if !admin && len(spec.Users) > 0 {
		t.Errorf("account %s has no administrator %q with an Active key", spec.ID, spec.Admin)
	}
	checkUnique(t, identifiers(spec))
}

func checkUser(t failer, u fakeaws.UserSpec, born, now time.Time) {
	t.Helper()
	match(t, "user name", namePattern, u.Name)
	match(t, "path", pathPattern, u.Path)
	match(t, "user ID", userIDPattern, u.ID)
	within(t, u.Name+" created", u.Created, born, now)
	if len(u.Path) > 512 || len(u.Groups) > 10 || len(u.Tags) > 50 || len(u.ManagedPolicies) > 10 {
		t.Errorf("%s is beyond a quota of IAM's", u.Name)
	}
	for k, v := range u.Tags {
		match(t, "tag key", tagKey, k)
		match(t, "tag value", tagValue, v)
	}
	checkDocuments(t, u.InlinePolicies)
	checkKeys(t, u.Name, u.Keys, u.Created, now)
	if p := u.Password; p != nil {
		within(t, u.Name+" password created", p.Created, u.Created, now)
		within(t, u.Name+" password changed", p.LastChanged, p.Created, now)
		if !p.LastUsed.IsZero() {
			within(t, u.Name+" password used", p.LastUsed, p.Created, now)
		}
	}
	for _, c := range u.Certificates {
		within(t, u.Name+" certificate", c.Uploaded, u.Created, now)
	}
	for _, c := range u.ServiceCredentials {
		within(t, u.Name+" service credential", c.Created, u.Created, now)
	}
}

func checkKeys(t failer, owner string, keys []fakeaws.KeySpec, born, now time.Time) {
	t.Helper()
	for _, k := range keys {
		match(t, "key ID", keyPattern, k.ID)
		match(t, "secret", secretPattern, k.Secret)
		within(t, owner+" key created", k.Created, born, now)
		if k.LastUsed == nil {
			continue
		}
		within(t, owner+" key used", k.LastUsed.At, k.Created, now)
		if k.LastUsed.Service == "" || k.LastUsed.Region == "" {
			t.Errorf("%s: used, but where?", owner)
		}
	}
}

func checkDocuments(t failer, documents map[string]string) {
	t.Helper()
	for name, document := range documents {
		if !json.Valid([]byte(document)) || len(document) > 2048 {
			t.Errorf("policy %s: %s", name, document)
		}
	}
}

// within holds a moment to whole seconds of UTC between two others.
func within(t failer, what string, at, low, high time.Time) {
	t.Helper()
	if at.Before(low) || at.After(high) || at.Nanosecond() != 0 || at.Location() != time.UTC {
		t.Errorf("%s %s: not a whole second of UTC from %s to %s", what, at, low, high)
	}
}

func match(t failer, what string, pattern *regexp.Regexp, value string) {
	t.Helper()
	if !pattern.MatchString(value) {
		t.Errorf("%s %q: want %s", what, value, pattern)
	}
}

func identifiers(spec fakeaws.AccountSpec) (ids []string) {
	add := func(keys []fakeaws.KeySpec) {
		for _, k := range keys {
			ids = append(ids, k.ID, k.Secret)
		}
	}
	add(spec.Root.Keys)
	for _, u := range spec.Users {
		ids = append(ids, u.ID)
		add(u.Keys)
		for _, c := range u.ServiceCredentials {
			ids = append(ids, c.ID)
		}
		for _, c := range u.Certificates {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func checkUnique(t failer, ids []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			t.Errorf("%s is there twice", id)
		}
		seen[id] = true
	}
}

// TestLifelike: shares that would make a scan's picture absurd if they were far
// off.
func TestLifelike(t *testing.T) {
	spec := population.Account(7, 1, 5000, now)
	count := map[string]int{}
	for _, u := range spec.Users {
		count[fmt.Sprintf("keys-%d", len(u.Keys))]++
		count["untagged"] += one(len(u.Tags) == 0)
		count["password"] += one(u.Password != nil)
		for _, k := range u.Keys {
			age := now.Sub(k.Created)
			count["key"]++
			count["active"] += one(k.Status == "Active")
			count["old"] += one(age > 90*day)
			count["ancient"] += one(age > 3*365*day)
			count["new"] += one(age < day)
			count["never used"] += one(k.LastUsed == nil)
			count["at setup"] += one(k.Created.Equal(u.Created))
		}
	}
	for _, c := range []struct {
		what, of  string
		low, high int // percent
	}{
		{"keys-0", "", 20, 45}, {"keys-1", "", 40, 70}, {"keys-2", "", 7, 25}, {"untagged", "", 5, 20}, {"password", "", 30, 65},
		{"active", "key", 70, 90}, {"old", "key", 35, 65}, {"ancient", "key", 3, 15},
		{"never used", "key", 7, 25}, {"at setup", "key", 1, 12}, {"new", "key", 1, 10},
	} {
		of := len(spec.Users)
		if c.of != "" {
			of = count[c.of]
		}
		if share := 100 * count[c.what] / of; share < c.low || share > c.high {
			t.Errorf("%s: %d %%, want %d to %d", c.what, share, c.low, c.high)
		}
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
