package population_test

import (
	"slices"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

func edgeUsers(t *testing.T, users int) map[string]fakeaws.UserSpec {
	t.Helper()
	byName := map[string]fakeaws.UserSpec{}
	for _, u := range population.Account(7, 0, users, now).Users {
		byName[u.Name] = u
	}
	return byName
}

func TestBordersAreExact(t *testing.T) {
	users := edgeUsers(t, 100)
	for name, age := range map[string]time.Duration{
		"age-90d-exactly":        90 * day,
		"age-90d-1min":           90*day + time.Minute,
		"age-90d-1s":             90*day + time.Second,
		"age-90d-less-1s":        90*day - time.Second,
		"age-76d-exactly":        76 * day,
		"age-76d-1s":             76*day + time.Second,
		"never-used-45d-exactly": 45 * day,
		"never-used-45d-1s":      45*day + time.Second,
	} {
		if got := now.Sub(users[name].Keys[0].Created); got != age {
			t.Errorf("%s: the key's age is %v", name, got)
		}
	}
	for name, unused := range map[string]time.Duration{
		"unused-45d-exactly": 45 * day,
		"unused-45d-1s":      45*day + time.Second,
	} {
		if got := now.Sub(users[name].Keys[0].LastUsed.At); got != unused {
			t.Errorf("%s: last used %v ago", name, got)
		}
	}
}

func TestSmallAccountsHaveTheFirstEdgeCases(t *testing.T) {
	ten := edgeUsers(t, 10)
	for _, name := range []string{population.Admin, "age-90d-1min", "three-keys", "doe,jane+x=y@z"} {
		if _, there := ten[name]; !there {
			t.Errorf("ten users, and %s is missing", name)
		}
	}
	if _, there := edgeUsers(t, 9)["three-keys"]; there {
		t.Error("edge cases in an account of nine")
	}
}

func TestEdgeCasesAreWhatTheySay(t *testing.T) {
	users := edgeUsers(t, 60)
	is := func(name string, so bool) {
		t.Helper()
		if u, there := users[name]; !there || !so {
			t.Errorf("%s (there: %v) isn't: %+v", name, there, u)
		}
	}
	is("three-keys", len(users["three-keys"].Keys) == 3)
	reversed, natural := users["slot-order-reversed"].Keys, users["slot-order-natural"].Keys
	is("slot-order-reversed", reversed[0].Created.Before(reversed[1].Created) && reversed[0].ID > reversed[1].ID)
	is("slot-order-natural", natural[0].Created.Before(natural[1].Created) && natural[0].ID < natural[1].ID)
	twice := users["same-second-twice"].Keys
	is("same-second-twice", twice[0].Created.Equal(twice[1].Created))
	is("in-ten-groups", len(users["in-ten-groups"].Groups) == 10)
	is("without-tags", len(users["without-tags"].Tags) == 0)
	is("status-expired", users["status-expired"].Keys[0].Status == "Expired")
	setup := users["key-at-setup"]
	is("key-at-setup", setup.Password != nil && setup.Keys[0].Created.Equal(setup.Created))
	is("made-minutes-ago", now.Sub(users["made-minutes-ago"].Created) < 10*time.Minute)
	is("quarantined-v3", len(users["quarantined-v3"].ManagedPolicies) == 2)

	longest := slices.MaxFunc(population.Account(7, 0, 60, now).Users, func(a, b fakeaws.UserSpec) int { return len(a.Name) - len(b.Name) })
	is(longest.Name, len(longest.Name) == 64 && len(longest.Path) > 200)
}

func TestRootKeysOfBothKinds(t *testing.T) {
	spec := population.Account(7, 0, 20, now)
	if keys := spec.Root.Keys; len(keys) != 2 || keys[0].Status != "Active" || keys[1].Status != "Inactive" {
		t.Errorf("root keys %+v", keys)
	}
}

// TestLyingTags: what makes the user worth having is what IAM would refuse.
func TestLyingTags(t *testing.T) {
	u := population.LyingTags("123456789012", now)
	illegal := 0
	for _, v := range u.Tags {
		if !tagValue.MatchString(v) {
			illegal++
		}
	}
	if illegal != len(u.Tags) {
		t.Errorf("%d of %d tags are illegal", illegal, len(u.Tags))
	}
}
