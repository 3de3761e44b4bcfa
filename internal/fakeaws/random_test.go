package fakeaws

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKeyIDsCarryTheirAccount(t *testing.T) {
	// An ID and account published with the description of the encoding.
	if got, want := accountOfKey("ASIAQNZGKIQY56JQ7WML"), "029608264753"; got != want {
		t.Errorf("account of a real ID is %s, want %s", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		account := fmt.Sprintf("%012d", rapid.Uint64Range(0, 999_999_999_999).Draw(t, "account"))
		id := KeyID(account, rapid.Uint64().Draw(t, "n"))
		if got := accountOfKey(id); len(id) != 20 || got != account {
			t.Fatalf("account of %s is %s, want %s", id, got, account)
		}
	})
}

func TestLazyAccountsAreFoundByTheirKeys(t *testing.T) {
	cloud, seeded := New(Config{}), 0
	for n := range 1000 {
		id := fmt.Sprintf("%012d", n)
		cloud.AddLazyAccount(id, func() AccountSpec {
			seeded++
			return AccountSpec{ID: id, Users: []UserSpec{{Name: "u", Keys: []KeySpec{{ID: KeyID(id, 7)}}}}}
		})
	}
	if k := cloud.keyByID(KeyID("000000000123", 7)); k == nil || k.account.id != "000000000123" {
		t.Errorf("key of a lazy account: %v", k)
	}
	if cloud.keyByID(KeyID("999999999999", 7)) != nil || cloud.keyByID("AKIA") != nil {
		t.Error("keys of no account were found")
	}
	if seeded != 1 || len(cloud.Accounts()) != 1000 {
		t.Errorf("%d of %d accounts were seeded, want 1 of 1000", seeded, len(cloud.Accounts()))
	}
}

// FuzzServe looks for requests that break the server instead of being refused.
func FuzzServe(f *testing.F) {
	const scope = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260301/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
	f.Add("POST", "/?x=%zz", scope, "20260301T120000Z", "", "Action=ListUsers&Version=2010-05-08")
	f.Add("GET", "/?X-Amz-Credential=a/b&X-Amz-Signature=1", "", "", "", "")
	f.Add("POST", "/", scope, "", "AWSOrganizationsV20161128.ListAccounts", "{}")
	f.Add("POST", "/", "AWS4-HMAC-SHA256 a", "x", ".", "%")
	cloud := New(Config{})
	cloud.AddAccount(AccountSpec{ID: "123456789012"})
	f.Fuzz(func(t *testing.T, method, address, authorization, stamp, target, body string) {
		r, err := http.NewRequest(method, "http://127.0.0.1"+address, strings.NewReader(body))
		if err != nil {
			return // no request at all
		}
		for name, value := range map[string]string{"Authorization": authorization, "X-Amz-Date": stamp, "X-Amz-Target": target} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		cloud.ServeHTTP(w, r)
		if w.Code < 200 || w.Code > 499 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
}
