package config

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/match"
	"github.com/keytend/keytend/internal/policy"
)

// ownersTable is the file of owners: account and user to owner.
type ownersTable struct {
	file string
	rows map[ownedBy]ownerLine
}

// ownedBy is a user of an account; no account: of any.
type ownedBy struct{ account, user string }

type ownerLine struct {
	user, owner, from string
	line              int
}

// OwnersHeader is the first line of the owners file.
var OwnersHeader = []string{"account", "user", "owner"}

// OwnerRow is one line of the owners file.
type OwnerRow struct{ Account, User, Owner string }

// ReadOwners reads an owners file: the rows that name an owner, and everything
// that is wrong with the others.
func ReadOwners(file string, data []byte) ([]OwnerRow, error) {
	t, problems := readOwners(file, file, data)
	if len(problems) > 0 {
		return nil, sorted(problems)
	}
	var rows []OwnerRow
	for who, line := range t.rows {
		rows = append(rows, OwnerRow{who.account, line.user, line.owner})
	}
	slices.SortFunc(rows, func(a, b OwnerRow) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.User, b.User))
	})
	return rows, nil
}

// readOwners reads the file of owners, of this name in the policy and found at a
// path. Rows without an owner are there to be filled in.
func readOwners(name, path string, data []byte) (ownersTable, []Problem) {
	t := ownersTable{file: name, rows: map[ownedBy]ownerLine{}}
	var problems []Problem
	wrong := func(line, column int, format string, args ...any) {
		problems = append(problems, Problem{Place{path, line, column}, fmt.Sprintf(format, args...)})
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	r.Comment, r.TrimLeadingSpace, r.FieldsPerRecord = '#', true, -1
	for first := true; ; first = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, problems
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			wrong(parse.Line, parse.Column, "%v", parse.Err)
			return t, problems
		}
		line, _ := r.FieldPos(0)
		switch {
		case first && !strings.EqualFold(strings.Join(row, ","), strings.Join(OwnersHeader, ",")):
			wrong(line, 1, "want the columns account,user,owner in the first line, not %q", strings.Join(row, ","))
			return t, problems
		case first:
		case len(row) != len(OwnersHeader):
			wrong(line, 1, "want 3 columns (account,user,owner), not %d", len(row))
		default:
			if err := t.add(row, line); err != nil {
				wrong(line, 1, "%v", err)
			}
		}
	}
}

func (t *ownersTable) add(row []string, line int) error {
	account, user, owner := strings.TrimSpace(row[0]), strings.TrimSpace(row[1]), strings.TrimSpace(row[2])
	who := ownedBy{account, strings.ToLower(user)}
	before, twice := t.rows[who]
	switch {
	case account != "" && !accountForm.MatchString(account):
		return fmt.Errorf("account %q: want twelve digits (a spreadsheet drops the first zeros)", account)
	case user == "":
		return errors.New("no user")
	case twice:
		return fmt.Errorf("user %s is on line %d already", user, before.line)
	case owner != "":
		t.rows[who] = ownerLine{user, owner, fmt.Sprintf("%s line %d", t.file, line), line}
	}
	return nil
}

// owner says who is told about a key, and how that is known.
func (p *Policy) owner(s *match.Subject) (owner, from string) {
	if owner, from = p.ownerInFile(s); owner != "" {
		return owner, from
	}
	if owner, tag := policy.OwnerByTag(s.User, p.Owners.tags()); owner != "" {
		return owner, `tag "` + tag + `"`
	}
	if owner, path := p.Owners.byPath(s.User.Path); owner != "" {
		return owner, "path " + path
	}
	if p.Owners.Expression.compiled != nil {
		text, told, err := p.Owners.Expression.compiled.Of(s)
		if text = strings.TrimSpace(text); told && err == nil && text != "" {
			return text, "expression of " + p.Owners.Expression.place.line()
		}
	}
	if p.Owners.Fallback == "" {
		return "", ""
	}
	if !s.User.Tags.Known() {
		return p.Owners.Fallback, "fallback, for its tags could not be read"
	}
	return p.Owners.Fallback, "fallback"
}

func (p *Policy) ownerInFile(s *match.Subject) (owner, from string) {
	if len(p.owned.rows) == 0 {
		return "", ""
	}
	user := strings.ToLower(s.User.Name)
	for _, account := range []string{s.Account.ID, ""} {
		if row, found := p.owned.rows[ownedBy{account, user}]; found {
			return row.owner, row.from
		}
	}
	return "", ""
}

// tags are the user tags that name an owner.
func (o Owners) tags() []string {
	if len(o.Tags) > 0 {
		return o.Tags
	}
	return defaultOwnerTags
}

var defaultOwnerTags = policy.DefaultRules().OwnerTags

// byPath is the owner of the longest path that a user's path begins with.
func (o Owners) byPath(path string) (owner, longest string) {
	for prefix, named := range o.Paths {
		if strings.HasPrefix(path, prefix) && len(prefix) > len(longest) {
			owner, longest = named, prefix
		}
	}
	return owner, longest
}
