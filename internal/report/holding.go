package report

import (
	"iter"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// holding is one key together with what its holder lends it.
type holding struct {
	key       accesskey.Key
	account   accesskey.Account
	user, arn string
	owner     string
	tags      accesskey.Fact[map[string]string]
	privilege accesskey.Fact[accesskey.Privilege]
}

// held yields every key of an account, the root user's first, one at a time.
func held(inv accesskey.Inventory, rules policy.Rules) iter.Seq[holding] {
	return func(yield func(holding) bool) {
		if !heldBy(inv, policy.Root(inv), rules, yield) {
			return
		}
		for i := range inv.Users {
			if !heldBy(inv, inv.Users[i], rules, yield) {
				return
			}
		}
	}
}

func heldBy(inv accesskey.Inventory, user accesskey.User, rules policy.Rules, yield func(holding) bool) bool {
	keys, _ := user.Keys.Get()
	if len(keys) == 0 {
		return true
	}
	owner := policy.OwnerOf(user, rules)
	for _, key := range keys {
		h := holding{
			key: key, account: inv.Account, user: user.Name, arn: user.ARN,
			owner: owner, tags: user.Tags, privilege: user.Privilege,
		}
		if !yield(h) {
			return false
		}
	}
	return true
}

// counts counts an account's users and keys.
func counts(inv accesskey.Inventory) CountsRecord {
	c := CountsRecord{Users: len(inv.Users)}
	if keys, ok := inv.Root.Keys.Get(); ok {
		n := len(keys)
		c.RootKeys = &n
	}
	for _, user := range inv.Users {
		keys, ok := user.Keys.Get()
		if !ok {
			c.UsersUnknown++
		}
		if privilege, _ := user.Privilege.Get(); privilege.Admin && len(keys) > 0 {
			c.PrivilegedUsers++
		}
	}
	for h := range held(inv, policy.Rules{}) {
		c.add(h.key)
	}
	return c
}

func (c *CountsRecord) add(key accesskey.Key) {
	c.Keys++
	switch status, _ := key.Status.Get(); status {
	case accesskey.Active:
		c.Active++
	case accesskey.Inactive:
		c.Inactive++
	case accesskey.Expired:
		c.Expired++
	default:
		c.StatusUnknown++
	}
}

// plus adds up two accounts' counts. The root user's keys of accounts where
// they are unknown are left out.
func (c CountsRecord) plus(d CountsRecord) CountsRecord {
	sum := CountsRecord{
		Users: c.Users + d.Users, UsersUnknown: c.UsersUnknown + d.UsersUnknown, Keys: c.Keys + d.Keys,
		Active: c.Active + d.Active, Inactive: c.Inactive + d.Inactive, Expired: c.Expired + d.Expired,
		StatusUnknown: c.StatusUnknown + d.StatusUnknown, PrivilegedUsers: c.PrivilegedUsers + d.PrivilegedUsers,
		RootKeys: c.RootKeys,
	}
	switch {
	case c.RootKeys == nil:
		sum.RootKeys = d.RootKeys
	case d.RootKeys != nil:
		n := *c.RootKeys + *d.RootKeys
		sum.RootKeys = &n
	}
	return sum
}

// Words for people. Each is clean.

func (h holding) id() string {
	if id, ok := h.key.ID.Get(); ok {
		return clean(string(id))
	}
	return "–"
}

// idNote explains a missing key ID.
const idNote = "–: the key's ID was not looked up (--ids all does); AWS shows none of the root user's keys"

// agedNote explains the mark of marked.
const agedNote = "*: as of the credential report; what came since would not show (--ids all asks anew)"

// agedFrom is how old the word on a key's last use may be without being marked
// in a list of keys: the report itself counts uses by spans of 15 minutes.
const agedFrom = 15 * time.Minute

// aged reports whether the key may have been used since its last use was read.
func (h holding) aged(now time.Time) bool {
	return h.key.LastUsed.Known() && now.Sub(h.key.LastUsed.At()) >= agedFrom
}

// listNote explains what the list of every key shows in short.
func listNote(s *gist) string {
	for _, inv := range s.whole {
		for h := range held(inv, s.rules) {
			if h.aged(s.at) {
				return idNote + "; " + agedNote
			}
		}
	}
	return idNote
}

func (h holding) status() string {
	if status, ok := h.key.Status.Get(); ok {
		return clean(string(status))
	}
	return unknown
}

func (h holding) age(now time.Time) string {
	if created, ok := h.key.Created.Get(); ok {
		return span(now.Sub(created))
	}
	return unknown
}

func (h holding) lastUsed(now time.Time) string {
	use, ok := h.key.LastUsed.Get()
	switch {
	case !ok:
		return unknown
	case use.Never():
		return "never"
	}
	return Ago(use.At, now)
}

// marked is lastUsed with a mark where it was read long enough ago to matter.
func (h holding) marked(now time.Time) string {
	if h.aged(now) {
		return h.lastUsed(now) + "*"
	}
	return h.lastUsed(now)
}

// usedFor says for what a key was used last, where AWS tells: "s3 us-east-1".
func (h holding) usedFor() string {
	use, _ := h.key.LastUsed.Get()
	service, region := use.Service, use.Region
	if service == "N/A" {
		service = ""
	}
	if region == "N/A" {
		region = ""
	}
	return clean(list(" ", service, region))
}

func (h holding) admin() string {
	privilege, ok := h.privilege.Get()
	switch {
	case !ok:
		return unknown
	case privilege.Admin:
		return "yes"
	default:
		return "no"
	}
}
