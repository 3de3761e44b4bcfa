package stored

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// member is one field of the object.
type member struct {
	name       string
	start, end int    // of the value, in bytes; zero: it isn't there
	text       string // of a string; empty for null
}

func (m member) there() bool { return m.end > 0 }

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

// with is a text whose object has a field of that name and value.
func with(text, name, value string) (string, error) {
	o, err := parse(text)
	if err != nil {
		return "", err
	}
	for _, m := range o.members {
		if m.name == name {
			return text[:m.start] + value + text[m.end:], nil
		}
	}
	return o.appended(quoted(name) + ": " + value), nil
}

// appended is the object with one member more, spaced as the one before it.
func (o object) appended(field string) string {
	if len(o.members) == 0 {
		return o.text[:o.open] + field + o.text[o.close:]
	}
	last := o.members[len(o.members)-1]
	before := o.open
	if len(o.members) > 1 {
		before = o.after(len(o.members) - 2)
	}
	rest := o.text[before:]
	space := rest[:len(rest)-len(strings.TrimLeft(rest, " \t\r\n"))]
	return o.text[:last.end] + "," + space + field + o.text[last.end:]
}

// after is the place behind a member and its comma.
func (o object) after(i int) int {
	end := o.members[i].end
	return end + strings.IndexByte(o.text[end:], ',') + 1
}

// without is a text whose object has no field of that name.
func without(text, name string) (string, error) {
	o, err := parse(text)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(o.members, func(m member) bool { return m.name == name })
	switch {
	case i < 0:
		return text, nil
	case i > 0:
		return text[:o.members[i-1].end] + text[o.members[i].end:], nil
	case len(o.members) > 1:
		return text[:o.open] + text[o.after(0):], nil
	}
	return text[:o.open] + text[o.close:], nil
}

func quoted(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(b)
}
