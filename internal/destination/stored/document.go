// Package stored is what the destinations in AWS's stores have in common: the
// JSON object in which a key pair stands among other things, the options of a
// destination's name, and what an error says about the outcome of a call.
//
// It reads and writes texts only, and never talks to anything.
package stored

import (
	"fmt"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

// The fields of a document that Keytend makes. AWS has no convention of its own
// for access keys; these are the names that CreateAccessKey answers with.
const (
	defaultUser   = "username"
	defaultID     = "accessKeyId"
	defaultSecret = "secretAccessKey"
)

// Empty is a document without anything in it.
const Empty = "{}"

// Document knows where in a JSON object the pair stands. The zero Document
// recognises the fields by their names: accessKeyId, AWS_ACCESS_KEY_ID,
// aws_access_key_id, access_key, … and the like for the secret.
type Document struct {
	IDField, SecretField string // empty: recognised
	User                 string // name that a new document says; empty: none
}

// Read returns the pair; zero: there is none in it yet. Errors say what isn't
// understood and hold no value.
func (d Document) Read(text string) (rotation.Credential, error) {
	_, at, err := d.find(text)
	if err != nil {
		return rotation.Credential{}, err
	}
	return rotation.Credential{ID: accesskey.ID(at.id.text), Secret: accesskey.NewSecret(at.secret.text)}, nil
}

// Write returns the text with next in place of what was there, and every other
// byte as it was.
func (d Document) Write(text string, next rotation.Credential) (string, error) {
	o, at, err := d.find(text)
	if err != nil {
		return "", err
	}
	if len(o.members) == 0 {
		return o.filled(d.fresh(next)), nil
	}
	if text, err = with(text, at.id.name, quoted(string(next.ID))); err != nil {
		return "", err
	}
	return with(text, at.secret.name, quoted(next.Secret.Reveal()))
}

// Restore returns the text with the pair as it stands in was, and every other
// byte as it is now. Fields that was had none of go away again.
func (d Document) Restore(text, was string) (string, error) {
	before, old, err := d.find(was)
	if err != nil {
		return "", fmt.Errorf("what was sealed: %w", err)
	}
	o, now, err := d.find(text)
	switch {
	case err != nil:
		return "", err
	case len(before.members) == 0 && d.IDField == "":
		return d.emptied(o, now)
	}
	if text, err = restored(text, now.id, before, old.id); err != nil {
		return "", err
	}
	return restored(text, now.secret, before, old.secret)
}

// restored is a text with one field as another text has it.
func restored(text string, now member, before object, old member) (string, error) {
	switch {
	case old.there() && now.there():
		return with(text, now.name, before.text[old.start:old.end])
	case old.there():
		return with(text, old.name, before.text[old.start:old.end])
	case now.there():
		return without(text, now.name)
	}
	return text, nil
}

// emptied is a text that was an empty object. Where people have put more into
// it, the pair's fields stay, with nothing in them: else nobody could tell where
// the next pair belongs.
func (d Document) emptied(o object, now place) (string, error) {
	for _, m := range o.members {
		if m != now.id && m != now.secret && (m.name != defaultUser || m.text != d.User) {
			return d.Write(o.text, rotation.Credential{})
		}
	}
	return o.text[:o.open] + o.text[o.close:], nil
}

// fresh is what a document without members gets.
func (d Document) fresh(next rotation.Credential) []value {
	var values []value
	if d.User != "" && d.IDField == "" {
		values = append(values, value{member{name: defaultUser}, d.User})
	}
	id, secret := d.names()
	return append(values, value{member{name: id}, string(next.ID)}, value{member{name: secret}, next.Secret.Reveal()})
}

func (d Document) names() (id, secret string) {
	if d.IDField == "" {
		return defaultID, defaultSecret
	}
	return d.IDField, d.SecretField
}

type place struct{ id, secret member }

// find says where the pair stands, or belongs.
func (d Document) find(text string) (object, place, error) {
	o, err := parse(text)
	if err != nil {
		return o, place{}, err
	}
	if token, ok, err := o.named(isToken); err != nil || ok && token.text != "" {
		return o, place{}, orElse(err, fmt.Errorf("it has %q: its credentials are temporary and come from elsewhere", token.name))
	}
	if d.IDField != "" {
		at, err := d.chosen(o)
		return o, at, err
	}
	at, err := o.recognised()
	return o, at, err
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// chosen are the fields that the destination's name says; they may be missing.
func (d Document) chosen(o object) (place, error) {
	var at place
	for name, into := range map[string]*member{d.IDField: &at.id, d.SecretField: &at.secret} {
		found, ok, err := o.named(func(have string) bool { return have == name })
		if err != nil {
			return at, err
		}
		if !ok {
			found = member{name: name}
		}
		*into = found
	}
	return at, nil
}

func (o object) recognised() (place, error) {
	id, hasID, err := o.named(isID)
	if err != nil {
		return place{}, err
	}
	secret, hasSecret, err := o.named(isSecret)
	switch {
	case err != nil:
		return place{}, err
	case hasID && !hasSecret:
		return place{}, fmt.Errorf("it has %q but no field for the secret that could be recognised: say which with ?key-field=%s&secret-field=…", id.name, id.name)
	case !hasID && hasSecret:
		return place{}, fmt.Errorf("it has %q but no field for the key ID that could be recognised: say which with ?key-field=…&secret-field=%s", secret.name, secret.name)
	case !hasID && len(o.members) > 0:
		return place{}, fmt.Errorf("no access key could be recognised among its fields: say which with ?key-field=…&secret-field=…")
	}
	return place{id, secret}, nil
}

func isID(name string) bool { n := plain(name); return n == "accesskeyid" || n == "accesskey" }

func isSecret(name string) bool { n := plain(name); return n == "secretaccesskey" || n == "secretkey" }

func isToken(name string) bool { n := plain(name); return n == "sessiontoken" || n == "securitytoken" }

// plain takes case, separators and the word AWS out of a field's name.
func plain(name string) string {
	letters := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
	return strings.TrimPrefix(letters, "aws")
}
