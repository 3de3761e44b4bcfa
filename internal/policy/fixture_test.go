package policy

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

const (
	account1  = "123456789012"
	exampleID = accesskey.ID("AKIAIOSFODNN7EXAMPLE")
	secondID  = accesskey.ID("AKIAI44QH8DHBEXAMPLE")
)

var now = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func fact[T any](v T) accesskey.Fact[T] {
	return accesskey.Observed(v, now, accesskey.FromReport)
}

func ago(d time.Duration) time.Time { return now.Add(-d) }

// aged is an Active key of that age, last used an hour ago.
func aged(age time.Duration) accesskey.Key {
	return accesskey.Key{
		ID:       fact(exampleID),
		Status:   fact(accesskey.Active),
		Created:  fact(ago(age)),
		LastUsed: fact(accesskey.LastUse{At: ago(time.Hour), Service: "s3", Region: "us-east-1"}),
	}
}

// with changes a key.
func with(k accesskey.Key, change func(*accesskey.Key)) accesskey.Key {
	change(&k)
	return k
}

func status(s accesskey.Status) func(*accesskey.Key) {
	return func(k *accesskey.Key) { k.Status = fact(s) }
}

func rested(d time.Duration) func(*accesskey.Key) {
	return func(k *accesskey.Key) { k.LastUsed = fact(accesskey.LastUse{At: ago(d), Service: "s3"}) }
}

func neverUsed(k *accesskey.Key) { k.LastUsed = fact(accesskey.LastUse{}) }

// seenAgo is a last use that long ago, read some time ago.
func seenAgo(read, used time.Duration) func(*accesskey.Key) {
	return func(k *accesskey.Key) {
		k.LastUsed = accesskey.Observed(accesskey.LastUse{At: ago(used), Service: "s3"}, ago(read), accesskey.FromReport)
	}
}

func neverSeenAgo(read time.Duration) func(*accesskey.Key) {
	return func(k *accesskey.Key) {
		k.LastUsed = accesskey.Observed(accesskey.LastUse{}, ago(read), accesskey.FromReport)
	}
}

func unreadStatus(k *accesskey.Key) { k.Status = accesskey.Unread[accesskey.Status]("throttled") }

func unreadCreated(k *accesskey.Key) { k.Created = accesskey.Unread[time.Time]("denied") }

func unreadUse(k *accesskey.Key) { k.LastUsed = accesskey.Unread[accesskey.LastUse]("throttled") }

// holder is a user two years old, of whom all is known and nothing is wrong.
func holder(name string, keys ...accesskey.Key) accesskey.User {
	return accesskey.User{
		Name: name, ID: "AIDACKCEVSQ6C2EXAMPLE", Path: "/",
		ARN:                 "arn:aws:iam::" + account1 + ":user/" + name,
		Created:             ago(730 * Day),
		Tags:                fact(map[string]string{}),
		Groups:              fact([]string(nil)),
		ManagedPolicies:     fact([]string(nil)),
		Privilege:           fact(accesskey.Privilege{}),
		Keys:                fact(keys),
		Password:            fact(accesskey.Password{}),
		SigningCertificates: fact([]accesskey.SigningCertificate(nil)),
		ServiceCredentials:  fact([]accesskey.ServiceCredential(nil)),
	}
}

func altered(u accesskey.User, change func(*accesskey.User)) accesskey.User {
	change(&u)
	return u
}

func admin(u *accesskey.User) {
	u.Privilege = fact(accesskey.Privilege{Admin: true, Why: "AdministratorAccess is attached"})
}

func attached(arn string) func(*accesskey.User) {
	return func(u *accesskey.User) { u.ManagedPolicies = fact([]string{arn}) }
}

func inventory(users ...accesskey.User) accesskey.Inventory {
	return accesskey.Inventory{
		Account:          accesskey.Account{ID: account1, Partition: "aws", Alias: "example"},
		ObservedAt:       now,
		CredentialReport: fact(now),
		Root: accesskey.Root{
			Keys:                fact([]accesskey.Key(nil)),
			Password:            fact(accesskey.Password{Enabled: true, MFA: true}),
			SigningCertificates: fact([]accesskey.SigningCertificate(nil)),
		},
		Users: users,
	}
}

func rulesOf(found []Finding) []Rule {
	var rules []Rule
	for _, f := range found {
		rules = append(rules, f.Rule)
	}
	return rules
}

// judged returns the judgement of a rule on the first key of a user, or on the
// user where the rule is not about keys or there is none.
func judged(u accesskey.User, rule Rule) Judgement {
	e := Explain(inventory(u), u, DefaultRules(), now)
	lists := [][]Judgement{e.Judgements}
	if len(e.Keys) > 0 {
		lists = append(lists, e.Keys[0].Judgements)
	}
	for _, list := range lists {
		for _, j := range list {
			if j.Rule == rule {
				return j
			}
		}
	}
	return Judgement{}
}

func sharedBy(why string) func(*accesskey.Key) {
	return func(k *accesskey.Key) { k.Shared = fact(why) }
}
