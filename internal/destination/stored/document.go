// Package stored is what the destinations in AWS's stores have in common: the
// JSON object in which a key pair stands among other things, the options of a
// destination's name, and what an error says about the outcome of a call.
//
// It reads and writes texts only, and never talks to anything.
package stored

import (
	"encoding/json"
	"fmt"
	"slices"
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
	values := []value{{at.id, string(next.ID)}, {at.secret, next.Secret.Reveal()}}
	slices.SortStableFunc(values, func(a, b value) int { return b.at.start - a.at.start }) // the last first: places before stay right
	for _, v := range values {
		if v.at.start >= 0 {
			text = text[:v.at.start] + quoted(v.text) + text[v.at.end:]
		}
	}
	for _, v := range []value{{at.id, string(next.ID)}, {at.secret, next.Secret.Reveal()}} {
		if v.at.start < 0 {
			if text, err = appended(text, v.at.name, v.text); err != nil {
				return "", err
			}
		}
	}
	return text, nil
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

// member is one field of the object. A start below zero: it isn't there yet.
type member struct {
	name       string
	start, end int    // of the value, in bytes
	text       string // of a string; empty for null
}

type value struct {
	at   member
	text string
}

// object is the text's outermost JSON object.
type object struct {
	text    string
	open    int // after {
	close   int // of }
	members []member
	kinds   []byte // first byte of each value
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
			found = member{name: name, start: -1}
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

// named finds the one member whose name fits. Two are refused: programs differ
// in which of them they read.
func (o object) named(fits func(string) bool) (found member, ok bool, err error) {
	for i, m := range o.members {
		switch {
		case !fits(m.name):
		case ok && m.name == found.name:
			return found, ok, fmt.Errorf("field %q stands there twice", m.name)
		case ok:
			return found, ok, fmt.Errorf("both %q and %q could be meant: say which with ?key-field=…&secret-field=…", found.name, m.name)
		case o.kinds[i] != '"' && o.kinds[i] != 'n':
			return found, ok, fmt.Errorf("field %q is not a text", m.name)
		default:
			found, ok = m, true
		}
	}
	return found, ok, nil
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

// errNotJSON is said instead of the parser's error, which quotes what it read.
var errNotJSON = fmt.Errorf("its text is not a JSON object: store one like {%q: …, %q: …}", defaultID, defaultSecret)

// parse finds the members of the outermost object and where their values lie.
func parse(text string) (object, error) {
	o := object{text: text}
	dec := json.NewDecoder(strings.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return o, errNotJSON
	}
	o.open = int(dec.InputOffset())
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return o, errNotJSON
		}
		var raw json.RawMessage
		if dec.Decode(&raw) != nil {
			return o, errNotJSON
		}
		end := int(dec.InputOffset())
		m := member{start: end - len(raw), end: end}
		m.name, _ = name.(string)
		if text[m.start:m.end] != string(raw) {
			return o, errNotJSON
		}
		if raw[0] == '"' && json.Unmarshal(raw, &m.text) != nil {
			return o, errNotJSON
		}
		o.members, o.kinds = append(o.members, m), append(o.kinds, raw[0])
	}
	if _, err := dec.Token(); err != nil {
		return o, errNotJSON
	}
	o.close = int(dec.InputOffset()) - 1
	if strings.TrimSpace(text[o.close+1:]) != "" {
		return o, errNotJSON
	}
	return o, nil
}

// filled is an object without members that gets some.
func (o object) filled(values []value) string {
	var fields []string
	for _, v := range values {
		fields = append(fields, quoted(v.at.name)+": "+quoted(v.text))
	}
	return o.text[:o.open] + strings.Join(fields, ", ") + o.text[o.close:]
}

// appended is an object with one member more, spaced as the one before it.
func appended(text, name, value string) (string, error) {
	o, err := parse(text)
	if err != nil {
		return "", err
	}
	last := o.members[len(o.members)-1]
	before := o.open
	if len(o.members) > 1 {
		before = o.members[len(o.members)-2].end
		before += strings.IndexByte(text[before:], ',') + 1
	}
	space := text[before : before+len(text[before:])-len(strings.TrimLeft(text[before:], " \t\r\n"))]
	return text[:last.end] + "," + space + quoted(name) + ": " + quoted(value) + text[last.end:], nil
}

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(b)
}
