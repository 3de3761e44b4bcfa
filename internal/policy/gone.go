package policy

import (
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Gone reports whether what a user was found to break of a rule, and is not
// found to any more, is known to be mended: nothing that the rule judges of the
// user is unknown now. A user who isn't in the inventory is deleted.
func Gone(inv accesskey.Inventory, user string, rule Rule, r Rules, now time.Time) bool {
	if !slices.Contains(AllRules(), rule) {
		return false
	}
	who := Root(inv)
	if user != RootUser {
		i := slices.IndexFunc(inv.Users, func(u accesskey.User) bool { return u.Name == user })
		if i < 0 {
			return true
		}
		who = inv.Users[i]
	}
	explained := Explain(inv, who, r, now)
	judgements := explained.Judgements
	for _, key := range explained.Keys {
		judgements = append(judgements, key.Judgements...)
	}
	return !slices.ContainsFunc(judgements, func(j Judgement) bool { return j.Rule == rule && j.State == Unknown })
}
