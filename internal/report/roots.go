package report

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// RootsSchema names the shape and version of a root audit's JSON.
const RootsSchema = "keytend.root/v1"

// RootsDocument is what the root users of member accounts hold, as JSON.
type RootsDocument struct {
	// Always keytend.root/v1.
	Schema string `json:"schema" jsonschema:"enum=keytend.root/v1"`
	// When the audit was made, by AWS's clock.
	GeneratedAt time.Time `json:"generated_at"`
	// The accounts that were entered.
	Accounts []RootRecord `json:"accounts"`
	// Accounts of the organization that can't be used.
	LeftOut []LeftOutRecord `json:"left_out"`
	// What could not be read.
	Errors []ErrorRecord `json:"errors"`
}

// RootRecord is one account's root user.
type RootRecord struct {
	// Twelve digits.
	Account string `json:"account"`
	// The name in AWS Organizations.
	Name string `json:"name"`
	// The root user's access keys.
	Keys []RootKeyRecord `json:"keys"`
	// Whether the root user has a password.
	Password bool `json:"password"`
	// When the password was last used; null: never, or not since AWS tells.
	PasswordLastUsed *time.Time `json:"password_last_used" jsonschema:"nullable"`
	// Serial numbers of MFA devices.
	MFA []string `json:"mfa"`
	// IDs of signing certificates.
	Certificates []string `json:"certificates"`
}

// RootKeyRecord is one access key of a root user.
type RootKeyRecord struct {
	// The access key ID.
	ID accesskey.ID `json:"id"`
	// As IAM says.
	Status string `json:"status"`
	// When the key was made.
	Created time.Time `json:"created"`
	// The latest use AWS tells of; null: never; "unknown": could not be read.
	LastUsed LastUsedRecord `json:"last_used"`
}

// RootUser is what one account's root user holds.
type RootUser struct {
	Account      accesskey.Account
	Keys         []accesskey.Key
	Password     accesskey.Password
	Devices      []string // serial numbers of MFA devices
	Certificates []string // IDs
}

// Empty reports whether the root user holds nothing that could be deleted.
func (r RootUser) Empty() bool {
	return len(r.Keys) == 0 && !r.Password.Enabled && len(r.Devices) == 0 && len(r.Certificates) == 0
}

// RootFormats are the formats WriteRoots knows.
var RootFormats = []Format{Table, JSON}

// WriteRoots writes an audit of root users.
func WriteRoots(w io.Writer, f Format, roots []RootUser, leftOut []LeftOut, failed []accesskey.Failure, now time.Time, o Options) error {
	if f == JSON {
		return writeDocument(w, rootsDocument(roots, leftOut, failed, now))
	}
	p := newPage(w, o)
	holding := 0
	for _, r := range roots {
		if !r.Empty() {
			holding++
		}
	}
	p.linef("%s of %s: %s with credentials, as of %s", "Root users", count(len(roots), "member account"), thousands(holding), moment(now))
	if note := (&gist{leftOut: leftOut}).leftOutNote(); note != "" {
		p.aside("", note)
	}
	p.gap()
	if g := rootsGrid(roots, now); len(g.rows) > 0 && !g.write(p) {
		g.stack(p)
	}
	p.failures(gistOfFailures(failed))
	return p.flush()
}

func rootsGrid(roots []RootUser, now time.Time) *grid {
	g := &grid{columns: []column{
		{title: "ACCOUNT"}, {title: "NAME", fit: shorter, least: 12}, {title: "KEYS", fit: wrapped, least: 24},
		{title: "PASSWORD", fit: wrapped, least: 12}, {title: "MFA"}, {title: "CERTS"},
	}}
	for _, r := range roots {
		g.rows = append(g.rows, []cell{
			{clean(r.Account.ID), strong}, {clean(r.Account.Name), plain}, {rootKeysText(r.Keys, now), plain},
			{rootPasswordText(r.Password, now), plain}, {number(len(r.Devices)), plain}, {number(len(r.Certificates)), plain},
		})
	}
	return g
}

func number(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}

func rootKeysText(keys []accesskey.Key, now time.Time) string {
	if len(keys) == 0 {
		return "–"
	}
	text := ""
	for i, k := range keys {
		h := holding{key: k}
		if i > 0 {
			text += "; "
		}
		text += fmt.Sprintf("%s %s, %s old, last used %s", h.id(), h.status(), h.age(now), list(" ", h.lastUsed(now), h.usedFor()))
	}
	return text
}

func rootPasswordText(p accesskey.Password, now time.Time) string {
	switch {
	case !p.Enabled:
		return "–"
	case p.LastUsed.IsZero():
		return "yes, no use known"
	}
	return "yes, used " + Ago(p.LastUsed, now)
}

func rootsDocument(roots []RootUser, leftOut []LeftOut, failed []accesskey.Failure, now time.Time) RootsDocument {
	doc := RootsDocument{Schema: RootsSchema, GeneratedAt: now.UTC(), Accounts: []RootRecord{}, LeftOut: []LeftOutRecord{}, Errors: []ErrorRecord{}}
	for _, r := range roots {
		rec := RootRecord{
			Account: r.Account.ID, Name: r.Account.Name, Keys: []RootKeyRecord{}, Password: r.Password.Enabled,
			PasswordLastUsed: timeOrNull(r.Password.LastUsed), MFA: append([]string{}, r.Devices...), Certificates: append([]string{}, r.Certificates...),
		}
		for _, k := range r.Keys {
			key := recordKey(holding{key: k}, now)
			rec.Keys = append(rec.Keys, RootKeyRecord{ID: *key.ID, Status: key.Status, Created: *key.Created, LastUsed: key.LastUsed})
		}
		doc.Accounts = append(doc.Accounts, rec)
	}
	for _, l := range leftOut {
		doc.LeftOut = append(doc.LeftOut, recordLeftOut(l))
	}
	for _, f := range failed {
		doc.Errors = append(doc.Errors, recordError(f))
	}
	return doc
}
