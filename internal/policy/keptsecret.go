package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// SecretWithoutRotation is broken by a secret that holds a user's key and that
// nobody rotates. No framework has a number for it.
const SecretWithoutRotation Rule = "secret-without-rotation"

// KeptSecret is a secret of AWS Secrets Manager without its value.
type KeptSecret struct {
	ARN, Name, Region string
	Description       string
	User              string // whose key it says to hold, by its tag; empty: it doesn't say
	Rotated           bool
	Read              time.Time // UTC
}

// Unrotated are the findings about secrets that hold a key of the account's and
// are not rotated: those that say whose, and those whose description names one of
// the account's keys.
func Unrotated(inv accesskey.Inventory, secrets []KeptSecret) []Finding {
	var out []Finding
	for _, s := range secrets {
		if s.Rotated {
			continue
		}
		for i := range inv.Users {
			if f, holds := unrotated(inv.Account.ID, &inv.Users[i], s); holds {
				out = append(out, f)
			}
		}
	}
	return out
}

func unrotated(account string, u *accesskey.User, s KeptSecret) (Finding, bool) {
	key, how := accesskey.ID(""), "its tag keytend:user says so"
	if s.User != u.Name {
		if key = keyIn(s.Description, u); key == "" {
			return Finding{}, false
		}
		how = "its description names key " + string(key)
	}
	admin, _ := u.Privilege.Get()
	return Finding{
		Rule: SecretWithoutRotation, Severity: Medium, Account: account, User: u.Name, UserARN: u.ARN, KeyID: key,
		Subject: "secret " + s.Region + " " + s.Name, Privileged: admin.Admin,
		Reason: "secret " + s.Name + " in " + s.Region + " holds the user's key (" + how + ") and is not rotated: `keytend secret adopt " + s.Name + " --user " + u.Name + " --region " + s.Region + "` has AWS rotate it",
		Evidence: []Evidence{
			{Fact: "secret", Value: s.ARN, Source: "secretsmanager:ListSecrets", ObservedAt: s.Read},
			{Fact: "rotation", Value: "off", Source: "secretsmanager:ListSecrets", ObservedAt: s.Read},
		},
	}, true
}

// keyIn returns the key of a user's that a text names; empty: none.
func keyIn(text string, u *accesskey.User) accesskey.ID {
	all, _ := u.Keys.Get()
	i := slices.IndexFunc(all, func(k accesskey.Key) bool {
		id, known := k.ID.Get()
		return known && id != "" && strings.Contains(text, string(id))
	})
	if i < 0 {
		return ""
	}
	id, _ := all[i].ID.Get()
	return id
}
