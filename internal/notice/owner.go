package notice

import "strings"

// Known tells whether somebody of that name is still there; told is false where
// that can't be said, as long as nobody keeps a list of people.
type Known func(owner string) (there, told bool)

// Recipient is who hears.
type Recipient struct {
	To  string // an address or name; empty: nobody
	Why string // why it is the fallback, one word or two; empty: it is the owner
}

// Why notices go to the fallback.
const (
	OwnerUnknown = "owner unknown"
	OwnerLeft    = "owner-left"
	ForOperators = "for those who run keytend"
)

// RecipientOf decides who hears in an owner's name: the owner, or the fallback
// where nobody is known or the owner has left. known may be nil.
func RecipientOf(owner, fallback string, known Known) Recipient {
	owner = strings.TrimSpace(owner)
	if owner == "" {
		return Recipient{fallback, OwnerUnknown}
	}
	if known != nil && owner != fallback {
		if there, told := known(owner); told && !there {
			return Recipient{fallback, OwnerLeft}
		}
	}
	return Recipient{To: owner}
}
