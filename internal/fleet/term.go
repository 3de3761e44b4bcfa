package fleet

import (
	"fmt"
	"regexp"
	"strings"
)

// Term names accounts: one by its ID, all below an OU, or all with a tag.
type Term struct {
	text string // as typed

	account    string
	unit       string   // ID of an OU or root
	path       []string // names of OUs from the root down; without unit
	tag, value string
	anyValue   bool
}

var (
	accountForm = regexp.MustCompile(`^\d{12}$`)
	unitForm    = regexp.MustCompile(`^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$`)
)

// ParseTerm reads 123456789012, ou:Workloads/Production, ou:ou-ab12-34cdefgh,
// tag:env=prod or tag:env.
func ParseTerm(text string) (Term, error) {
	t := Term{text: text}
	kind, rest, found := strings.Cut(text, ":")
	switch {
	case accountForm.MatchString(text):
		t.account = text
	case found && kind == "ou" && unitForm.MatchString(rest):
		t.unit = rest
	case found && kind == "ou" && strings.Trim(rest, "/") != "":
		t.path = strings.Split(strings.Trim(rest, "/"), "/")
	case found && kind == "tag" && rest != "" && rest[0] != '=':
		t.tag, t.value, found = strings.Cut(rest, "=")
		t.anyValue = !found
	default:
		return Term{}, fmt.Errorf("%q: want an account ID of twelve digits, ou:Name/Name, ou:ou-…, or tag:key=value", text)
	}
	return t, nil
}

// String is the term as it was typed.
func (t Term) String() string { return t.text }

func (t Term) tagged() bool { return t.tag != "" }

// ByTag reports whether accounts' tags are read for the term.
func (t Term) ByTag() bool { return t.tagged() }

// ByName reports whether the organization's tree is read for the term: it names
// an OU by its path.
func (t Term) ByName() bool { return t.path != nil }

// placed reports whether the term goes by where an account is.
func (t Term) placed() bool { return t.unit != "" || t.path != nil }

// matches reports whether the term names the account. Its tags are asked for
// only by terms that go by them.
func (t Term) matches(c *candidate) bool {
	switch {
	case t.account != "":
		return c.ID == t.account
	case t.unit != "":
		for _, id := range c.Path {
			if id == t.unit {
				return true
			}
		}
		return false
	}
	value, ok := c.tags[t.tag]
	return ok && (t.anyValue || value == t.value)
}
