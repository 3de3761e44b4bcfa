package credentialsfile

import (
	"errors"
	"fmt"
	"strings"
)

// The keys of a profile that matter here. Their names are lower case in AWS's
// documentation; every SDK reads them in any case.
const (
	keyID        = "aws_access_key_id"
	keySecret    = "aws_secret_access_key"
	keySession   = "aws_session_token"
	keySecurity  = "aws_security_token" // old name of the session token
	keyProcess   = "credential_process"
	defaultSpace = " = "
)

// line is one line of the file with its ending, and what it says.
type line struct {
	text    string // with its line ending
	section string // of a [header]; else empty
	key     string // of a key = value line, lower case; else empty
	value   string
}

// parse splits the text. Joined again, the lines are the text.
func parse(text string) []line {
	var lines []line
	for raw := range strings.Lines(text) {
		lines = append(lines, parseLine(raw))
	}
	return lines
}

// parseLine reads one line as botocore's and the SDKs' parsers do: comments
// begin with # or ; in the first column, indented lines belong to the value
// above.
func parseLine(raw string) line {
	l := line{text: raw}
	body := strings.TrimRight(raw, "\r\n")
	trimmed := strings.TrimSpace(body)
	switch {
	case trimmed == "", body[0] == '#', body[0] == ';', body[0] == ' ', body[0] == '\t':
	case trimmed[0] == '[':
		if end := strings.IndexByte(trimmed, ']'); end > 0 {
			l.section = strings.TrimSpace(trimmed[1:end])
		}
	default:
		if key, value, ok := strings.Cut(body, "="); ok {
			l.key, l.value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		}
	}
	return l
}

// profile is where a section lies in the lines.
type profile struct {
	header, end int // lines[header] is [name]; its body ends before lines[end]
}

// find returns the one section of that name; ok is false where there is none.
// Two of one name are refused: parsers differ in which of them counts.
func find(lines []line, name string) (p profile, ok bool, err error) {
	for i, l := range lines {
		switch {
		case l.section == name && ok:
			return p, true, fmt.Errorf("line %d: profile [%s] stands there twice; programs differ in which one they read", i+1, name)
		case l.section == name:
			p, ok = profile{header: i, end: len(lines)}, true
		case l.section != "" && ok && p.end == len(lines):
			p.end = i
		}
	}
	return p, ok, nil
}

// get returns the line of a key in the profile, or -1; two are refused.
func (p profile) get(lines []line, key string) (int, error) {
	at := -1
	for i := p.header + 1; i < p.end; i++ {
		if lines[i].key != key {
			continue
		}
		if at >= 0 {
			return 0, fmt.Errorf("line %d: %s stands in the profile twice", i+1, key)
		}
		at = i
	}
	return at, nil
}

// pair is what a profile holds. The zero pair is a profile without a key.
type pair struct{ ID, Secret string }

// read returns the profile's pair, or why it isn't ours to change.
func read(text, name string) (pair, error) {
	lines := parse(text)
	p, ok, err := find(lines, name)
	if err != nil || !ok {
		return pair{}, err
	}
	for _, foreign := range []string{keySession, keySecurity, keyProcess} {
		if at, err := p.get(lines, foreign); err != nil || at >= 0 {
			return pair{}, errors.Join(err, fmt.Errorf("line %d: profile [%s] has %s: its credentials are temporary or come from elsewhere", at+1, name, foreign))
		}
	}
	var got pair
	for key, into := range map[string]*string{keyID: &got.ID, keySecret: &got.Secret} {
		at, err := p.get(lines, key)
		if err != nil {
			return pair{}, err
		}
		if at >= 0 {
			*into = lines[at].value
		}
	}
	return got, nil
}

// write returns the text with the profile's pair in place of what was there,
// every other byte as it was. A zero pair takes the two lines away.
func write(text, name string, want pair) (string, error) {
	lines := parse(text)
	p, ok, err := find(lines, name)
	if err != nil {
		return "", err
	}
	if !ok {
		return text + added(text, name, want), nil
	}
	for _, kv := range []struct{ key, value string }{{keyID, want.ID}, {keySecret, want.Secret}} {
		at, err := p.get(lines, kv.key)
		if err != nil {
			return "", err
		}
		set(lines, p.header, at, kv.key, kv.value)
	}
	var out strings.Builder
	for _, l := range lines {
		out.WriteString(l.text)
	}
	return out.String(), nil
}

// set changes, adds (below the header) or empties one line.
func set(lines []line, header, at int, key, value string) {
	switch {
	case at >= 0 && value == "":
		lines[at].text = ""
	case at >= 0:
		before, after, _ := strings.Cut(lines[at].text, "=")
		space := after[:len(after)-len(strings.TrimLeft(after, " \t"))]
		lines[at].text = before + "=" + space + value + ending(lines[at].text)
	case value != "":
		l := &lines[header]
		if ending(l.text) == "" {
			l.text += "\n"
		}
		l.text += key + defaultSpace + value + ending(l.text)
	}
}

// added is a new profile at the end of the text.
func added(text, name string, want pair) string {
	if want == (pair{}) {
		return ""
	}
	nl := "\n"
	if strings.Contains(text, "\r\n") {
		nl = "\r\n"
	}
	gap := ""
	switch {
	case text == "":
	case strings.HasSuffix(text, "\n"):
		gap = nl
	default:
		gap = nl + nl
	}
	return gap + "[" + name + "]" + nl + keyID + defaultSpace + want.ID + nl + keySecret + defaultSpace + want.Secret + nl
}

func ending(text string) string {
	switch {
	case strings.HasSuffix(text, "\r\n"):
		return "\r\n"
	case strings.HasSuffix(text, "\n"):
		return "\n"
	}
	return ""
}
