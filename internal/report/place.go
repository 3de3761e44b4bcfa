package report

import (
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// place tells keys apart within one scan. The ID may be unknown, so the user
// and the creation time stand with it.
type place struct {
	account, user string
	id            accesskey.ID
	created       time.Time
}

func (h holding) place() place {
	id, _ := h.key.ID.Get()
	created, _ := h.key.Created.Get()
	return place{h.account.ID, h.user, id, created.UTC()}
}

// brokenBy returns the rules that each key breaks by itself.
func brokenBy(findings []policy.Finding) map[place][]string {
	rules := map[place][]string{}
	for _, f := range findings {
		if f.KeyID == "" && f.Created.IsZero() {
			continue
		}
		p := place{f.Account, f.User, f.KeyID, f.Created.UTC()}
		rules[p] = append(rules[p], string(f.Rule))
	}
	return rules
}
