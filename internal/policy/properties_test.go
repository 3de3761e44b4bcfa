package policy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/keytend/keytend/internal/accesskey"
)

// known draws a fact that was read or, now and then, one that was not.
func known[T any](t *rapid.T, name string, v T) accesskey.Fact[T] {
	if rapid.IntRange(0, 9).Draw(t, name+" unread") == 0 {
		return accesskey.Unread[T]("throttled")
	}
	return accesskey.Observed(v, now, "credential report")
}

// moment draws a time that is often at a border of the rules.
func moment(t *rapid.T, name string) time.Time {
	border := rapid.SampledFrom([]time.Duration{0, Day, 45 * Day, 76 * Day, 90 * Day, 400 * Day}).Draw(t, name)
	return ago(border + time.Duration(rapid.IntRange(-2, 2).Draw(t, name+" seconds"))*time.Second)
}

func drawKey(t *rapid.T, id int) accesskey.Key {
	use := accesskey.LastUse{}
	if rapid.Bool().Draw(t, "used") {
		use = accesskey.LastUse{At: moment(t, "last used"), Service: "s3"}
	}
	states := []accesskey.Status{accesskey.Active, accesskey.Active, accesskey.Inactive, accesskey.Expired, "Suspended"}
	return accesskey.Key{
		ID:       known(t, "id", accesskey.ID(fmt.Sprintf("AKIAIOSFODNN%08d", id))),
		Status:   known(t, "status", rapid.SampledFrom(states).Draw(t, "status")),
		Created:  known(t, "created", moment(t, "created")),
		LastUsed: known(t, "last used", use),
	}
}

func drawUser(t *rapid.T, n int) accesskey.User {
	u := holder(fmt.Sprintf("user%d", n))
	u.Created = moment(t, "user created")
	keys := make([]accesskey.Key, rapid.IntRange(0, 3).Draw(t, "keys"))
	for i := range keys {
		keys[i] = drawKey(t, 10*n+i)
	}
	u.Keys = known(t, "keys", keys)
	u.Tags = known(t, "tags", map[string]string{"Owner": "alice@example.com"})
	u.Privilege = known(t, "privilege", accesskey.Privilege{Admin: rapid.Bool().Draw(t, "admin")})
	policies := []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}
	if rapid.Bool().Draw(t, "quarantined") {
		policies = append(policies, "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3")
	}
	u.ManagedPolicies = known(t, "policies", policies)
	u.Groups = known(t, "groups", rapid.SampledFrom([][]string{nil, {"staff"}, {"leaked"}, {"new"}}).Draw(t, "groups"))
	u.Password = known(t, "password", accesskey.Password{
		Enabled: rapid.Bool().Draw(t, "enabled"), LastChanged: moment(t, "password set"),
	})
	u.SigningCertificates = known(t, "certificates", []accesskey.SigningCertificate{
		{Active: rapid.Bool().Draw(t, "certificate active"), Changed: moment(t, "certificate")},
	})
	u.ServiceCredentials = known(t, "credentials", []accesskey.ServiceCredential{
		{ID: fmt.Sprintf("ACCA%d", n), Service: "codecommit.amazonaws.com", Status: rapid.SampledFrom([]accesskey.Status{accesskey.Active, "?"}).Draw(t, "credential")},
	})
	return u
}

func drawInventory(t *rapid.T) accesskey.Inventory {
	users := make([]accesskey.User, rapid.IntRange(0, 6).Draw(t, "users"))
	for i := range users {
		users[i] = drawUser(t, i)
	}
	inv := inventory(users...)
	inv.Groups = known(t, "all groups", []accesskey.Group{
		{Name: "staff"}, {Name: "leaked", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantine"}},
	})
	inv.Root.Keys = known(t, "root keys", []accesskey.Key{drawKey(t, 999)})
	return inv
}

func TestFindingsAreDeterministicAndRanked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := drawInventory(t)
		before := inv
		before.Users = slices.Clone(inv.Users)
		found := Findings(inv, DefaultRules(), now)
		if diff := cmp.Diff(found, Findings(inv, DefaultRules(), now)); diff != "" {
			t.Fatalf("not the same twice: %s", diff)
		}
		if diff := cmp.Diff(before, inv); diff != "" {
			t.Fatalf("changed its input: %s", diff)
		}
		shuffled := inv
		shuffled.Users = rapid.Permutation(inv.Users).Draw(t, "order")
		if diff := cmp.Diff(found, Findings(shuffled, DefaultRules(), now)); diff != "" {
			t.Fatalf("depends on the order of users: %s", diff)
		}
		for i, f := range found {
			if f.Rank != i+1 {
				t.Fatalf("rank %d at %d", f.Rank, i)
			}
		}
		mixed := rapid.Permutation(found).Draw(t, "ranked again")
		Rank(mixed)
		if diff := cmp.Diff(found, mixed); diff != "" {
			t.Fatalf("depends on the order of findings: %s", diff)
		}
	})
}

func TestFindingsNameOnlyWhatIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := drawInventory(t)
		ids := map[string]map[accesskey.ID]bool{RootUser: {"": true}}
		note := func(u accesskey.User) {
			ids[u.Name] = map[accesskey.ID]bool{"": true}
			keys, _ := u.Keys.Get()
			for _, k := range keys {
				id, _ := k.ID.Get()
				ids[u.Name][id] = true
			}
		}
		note(Root(inv))
		for _, u := range inv.Users {
			note(u)
		}
		identities := map[string]bool{}
		for _, f := range Findings(inv, DefaultRules(), now) {
			if !ids[f.User][f.KeyID] {
				t.Fatalf("%s names %s of %s, which is not there", f.Rule, f.KeyID, f.User)
			}
			if f.Severity < Info || f.Reason == "" || len(f.Evidence) == 0 || f.Account != account1 {
				t.Fatalf("incomplete: %+v", f)
			}
			if identities[f.Identity()] {
				t.Fatalf("two findings are %s", f.Identity())
			}
			identities[f.Identity()] = true
		}
	})
}

// forgetting turns each fact of a user unknown, one at a time.
var forgetting = map[string]func(*accesskey.User){
	"keys":      func(u *accesskey.User) { u.Keys = accesskey.Unread[[]accesskey.Key]("denied") },
	"tags":      func(u *accesskey.User) { u.Tags = accesskey.Unread[map[string]string]("denied") },
	"privilege": func(u *accesskey.User) { u.Privilege = accesskey.Unread[accesskey.Privilege]("denied") },
	"policies":  func(u *accesskey.User) { u.ManagedPolicies = accesskey.Unread[[]string]("denied") },
	"password":  func(u *accesskey.User) { u.Password = accesskey.Unread[accesskey.Password]("denied") },
	"certificates": func(u *accesskey.User) {
		u.SigningCertificates = accesskey.Unread[[]accesskey.SigningCertificate]("denied")
	},
	"credentials": func(u *accesskey.User) {
		u.ServiceCredentials = accesskey.Unread[[]accesskey.ServiceCredential]("denied")
	},
	"created":      func(u *accesskey.User) { u.Created = time.Time{} },
	"key statuses": forgetKeys(unreadStatus),
	"key ages":     forgetKeys(unreadCreated),
	"key uses":     forgetKeys(unreadUse),
	"key IDs":      forgetKeys(func(k *accesskey.Key) { k.ID = accesskey.Unread[accesskey.ID]("denied") }),
	"strange":      forgetKeys(status("Suspended")),
}

func forgetKeys(forget func(*accesskey.Key)) func(*accesskey.User) {
	return func(u *accesskey.User) {
		keys, ok := u.Keys.Get()
		if !ok {
			return
		}
		keys = slices.Clone(keys)
		for i := range keys {
			forget(&keys[i])
		}
		u.Keys = fact(keys)
	}
}

// tallied counts findings by rule and user.
func tallied(found []Finding) map[string]int {
	n := map[string]int{}
	for _, f := range found {
		n[string(f.Rule)+" "+f.User]++
	}
	return n
}

// TestForgettingAFactNeverAddsAFinding is the promise that unknown is not an
// answer: what could not be read makes no finding, least of all "unused".
func TestForgettingAFactNeverAddsAFinding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := drawInventory(t)
		whole := tallied(Findings(inv, DefaultRules(), now))
		what := rapid.SampledFrom(sortedKeys(forgetting)).Draw(t, "forget")
		for i := range inv.Users {
			less := inv
			less.Users = slices.Clone(inv.Users)
			forgetting[what](&less.Users[i])
			found := Findings(less, DefaultRules(), now)
			for id, n := range tallied(found) {
				if n > whole[id] {
					t.Fatalf("without %s there are %d of %s, with %d", what, n, id, whole[id])
				}
			}
			for _, f := range found {
				unread := what == "key uses" || what == "keys"
				if unread && f.User == inv.Users[i].Name && (f.Rule == KeyUnused || f.Rule == KeyNeverUsed) {
					t.Fatalf("%s though its use was not read: %s", f.Rule, f.Reason)
				}
			}
		}
	})
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// TestExplainAgreesWithFindings: whoever explains says what whoever scans says,
// and leaves no rule out.
func TestExplainAgreesWithFindings(t *testing.T) {
	byIdentity := func(found []Finding) []Finding {
		found = slices.Clone(found)
		for i := range found {
			found[i].Rank = 0
		}
		return found
	}
	rapid.Check(t, func(t *rapid.T) {
		inv := drawInventory(t)
		found := Findings(inv, DefaultRules(), now)
		for _, u := range append(slices.Clone(inv.Users), Root(inv)) {
			e := Explain(inv, u, DefaultRules(), now)
			want := slices.DeleteFunc(slices.Clone(found), func(f Finding) bool { return f.User != u.Name })
			if diff := cmp.Diff(byIdentity(want), byIdentity(e.Findings())); len(want)+len(e.Findings()) > 0 && diff != "" {
				t.Fatalf("%s: %s", u.Name, diff)
			}
			for i := range e.Keys {
				everyRuleSaid(t, append(slices.Clone(e.Keys[i].Judgements), e.Judgements...))
			}
			if len(e.Keys) == 0 {
				everyRuleSaid(t, e.Judgements)
			}
		}
	})
}

func everyRuleSaid(t *rapid.T, judgements []Judgement) {
	for _, rule := range AllRules() {
		i := slices.IndexFunc(judgements, func(j Judgement) bool { return j.Rule == rule })
		if i < 0 || judgements[i].Why == "" {
			t.Fatalf("nothing said of %s", rule)
		}
	}
	for _, j := range judgements {
		if (j.State == Broken) != (j.Finding != nil) {
			t.Fatalf("%s is %s with finding %v", j.Rule, j.State, j.Finding)
		}
	}
}

func TestWantedAgreesWithFindings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := drawInventory(t)
		found := Findings(inv, DefaultRules(), now)
		var want []string
		for _, u := range inv.Users {
			if slices.ContainsFunc(found, func(f Finding) bool { return f.User == u.Name && !f.Rule.ReportOnly() }) {
				want = append(want, u.Name)
			}
		}
		if diff := cmp.Diff(want, Wanted(inv, DefaultRules(), now)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestScoreCountsEverythingOnce: what is judged and what is unknown add up, a
// practice is ok only where nothing is unknown, bad or too early to tell, and the order of
// accounts and users does not matter.
func TestScoreCountsEverythingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inv := drawInventory(t)
		other := drawInventory(t)
		other.Account.ID = "111122223333"
		monitoring := map[string]Monitoring{account1: {
			Recorder: known(t, "recorder", rapid.Bool().Draw(t, "recorder")),
			Rules:    known(t, "rules", configRules[:rapid.IntRange(0, 3).Draw(t, "rules")]),
		}}
		card := Score([]accesskey.Inventory{inv, other}, monitoring, DefaultRules(), now)
		shuffled := inv
		shuffled.Users = rapid.Permutation(inv.Users).Draw(t, "order")
		if diff := cmp.Diff(card, Score([]accesskey.Inventory{other, shuffled}, monitoring, DefaultRules(), now)); diff != "" {
			t.Fatalf("depends on the order: %s", diff)
		}
		for _, p := range card.Practices {
			if p.Good > p.Of || p.Good < 0 || len(p.Offenders) > maxOffenders || len(p.Offenders) > p.Of {
				t.Fatalf("%+v", p)
			}
			roles := card.Practices[1]
			early := p.Name == "automated-rotation" && p.Of == 0 && roles.Good < roles.Of+roles.Unknown // keys, and nobody old enough
			if (p.Status == StatusOK) != (p.Good == p.Of && p.Unknown == 0 && !early) {
				t.Fatalf("%s is %s with %d of %d and %d unknown", p.Name, p.Status, p.Good, p.Of, p.Unknown)
			}
			if p.Good < p.Of && len(p.Offenders) == 0 {
				t.Fatalf("%s names no offender", p.Name)
			}
		}
		if roles := card.Practices[1]; roles.Of+roles.Unknown != len(inv.Users)+len(other.Users) {
			t.Fatalf("%d users counted of %d", roles.Of+roles.Unknown, len(inv.Users)+len(other.Users))
		}
	})
}
