package population_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

// written is the truth file as its readers know it, apart from the types that
// write it.
type written struct {
	Now      string
	Accounts []struct {
		ID      string
		RootKey *bool `json:"root_key"`
		Users   []struct {
			Name, ARN string
			Tags      map[string]string
			Keys      []struct {
				ID, Status, Created string
				LastUsed            *struct{ Date, Service, Region string } `json:"last_used"`
			}
		}
	}
}

func truthOf(t *testing.T, aws *fakeaws.AWS) written {
	t.Helper()
	var text bytes.Buffer
	if err := population.TruthOf(aws).Write(&text); err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(&text)
	decoder.DisallowUnknownFields()
	var out written
	if err := decoder.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTruthSaysWhatWasSeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		aws := fakeaws.New(fakeaws.Config{Start: now.Add(345 * time.Millisecond), LastUsedLag: 4 * time.Hour})
		population.Fill(aws, population.Options{Seed: 7, Accounts: 3, Users: 60})
		truth := truthOf(t, aws)
		if truth.Now != "2026-03-01T12:00:00Z" || len(truth.Accounts) != 3 {
			t.Fatalf("at %s, %d accounts", truth.Now, len(truth.Accounts))
		}
		for _, account := range truth.Accounts {
			index := slices.Index([]string{population.AccountID(0), population.AccountID(1), population.AccountID(2)}, account.ID)
			spec := population.Account(7, index, 60, now)
			root := slices.ContainsFunc(spec.Root.Keys, func(k fakeaws.KeySpec) bool { return k.Status == "Active" })
			if account.RootKey == nil || *account.RootKey != root {
				t.Errorf("%s: root_key %v, want %v", account.ID, account.RootKey, root)
			}
			keys := map[string]fakeaws.KeySpec{}
			for _, u := range spec.Users {
				for _, k := range u.Keys {
					keys[u.Name+" "+k.ID] = k
				}
			}
			for _, u := range account.Users {
				for _, k := range u.Keys {
					want, there := keys[u.Name+" "+k.ID]
					delete(keys, u.Name+" "+k.ID)
					used := "never"
					if k.LastUsed != nil {
						used = k.LastUsed.Date + k.LastUsed.Service + k.LastUsed.Region
					}
					wantUsed := "never"
					if want.LastUsed != nil {
						wantUsed = want.LastUsed.At.Format(time.RFC3339) + want.LastUsed.Service + want.LastUsed.Region
					}
					if !there || k.Status != want.Status || k.Created != want.Created.Format(time.RFC3339) || used != wantUsed {
						t.Errorf("%s: %+v, want %+v", u.Name, k, want)
					}
				}
			}
			if len(keys) > 0 {
				t.Errorf("%s: the truth lacks %v", account.ID, keys)
			}
		}
	})
}

func TestTruthOfUsers(t *testing.T) {
	aws := fakeaws.New(fakeaws.Config{Start: now})
	population.Fill(aws, population.Options{Seed: 7, Users: 60, LyingTags: true})
	found := map[string]string{}
	tags := map[string]map[string]string{}
	for _, u := range truthOf(t, aws).Accounts[0].Users {
		found[u.Name], tags[u.Name] = u.ARN, u.Tags
	}
	for name, arn := range map[string]string{
		"doe,jane+x=y@z": "arn:aws:iam::123456789012:user/doe,jane+x=y@z",
		"break-glass":    "arn:aws:iam::123456789012:user/emergency/break-glass",
	} {
		if found[name] != arn {
			t.Errorf("%s: %s", name, found[name])
		}
	}
	if diff := cmp.Diff(population.LyingTags("123456789012", now).Tags, tags["lying-tags"]); diff != "" {
		t.Error(diff)
	}
	if tags["without-tags"] == nil || len(tags["without-tags"]) != 0 {
		t.Errorf("no tags are written as %v, want an empty object", tags["without-tags"])
	}
}

// TestTruthOverTheWire: the truth of now, not of the beginning.
func TestTruthOverTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		aws := fakeaws.New(fakeaws.Config{Start: now})
		population.Fill(aws, population.Options{Users: 12})
		aws.Advance(48 * time.Hour)
		client := http.Client{Transport: aws.RoundTripper()}
		answer, err := client.Get("http://sim.example.com/_sim/truth")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		var truth written
		if err := json.NewDecoder(answer.Body).Decode(&truth); err != nil {
			t.Fatal(err)
		}
		if truth.Now != "2026-03-03T12:00:00Z" || len(truth.Accounts) != 1 || len(truth.Accounts[0].Users) != 12 {
			t.Errorf("at %s: %d accounts", truth.Now, len(truth.Accounts))
		}
	})
}

func TestManyLazyAccountsAreCheap(t *testing.T) {
	began := time.Now()
	aws := fakeaws.New(fakeaws.Config{Start: now})
	population.Fill(aws, population.Options{Accounts: 10_000, Users: 5_000})
	if n := len(aws.Accounts()); n != 10_000 {
		t.Errorf("%d accounts", n)
	}
	// Fifty million users would take minutes and gigabytes.
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s: are the accounts not lazy?", took)
	}
	if n := len(aws.Snapshot(population.AccountID(9_999)).Users); n != 5_000 {
		t.Errorf("the last account has %d users", n)
	}
}
