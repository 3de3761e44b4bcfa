// Package dotenv delivers a key to two variables of a dotenv file, as systemd's
// EnvironmentFile, docker --env-file, and the dotenv libraries read it.
//
// Everything else in the file is kept byte for byte. A variable that is set
// twice, or a session token beside the key, is refused.
package dotenv

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/pairs"
	"github.com/keytend/keytend/internal/destination/textfile"
	"github.com/keytend/keytend/internal/rotation"
)

// Kind is the name before the colon.
const Kind = "dotenv"

// Variables is one key in one dotenv file.
type Variables struct {
	pairs.File
}

var (
	_ rotation.Destination = (*Variables)(nil)
	_ rotation.Restorer    = (*Variables)(nil)

	prefixForm = regexp.MustCompile(`^[A-Za-z_]?[A-Za-z0-9_]*$`)
)

// Open returns the destination PATH or PATH#PREFIX: the variables
// PREFIXAWS_ACCESS_KEY_ID and PREFIXAWS_SECRET_ACCESS_KEY. locks is a folder for
// locks. The file must be there.
func Open(where, locks string) (*Variables, error) {
	path, prefix, _ := strings.Cut(where, "#")
	if path == "" || !prefixForm.MatchString(prefix) {
		return nil, fmt.Errorf("destination %s:%s: want PATH or PATH#PREFIX", Kind, where)
	}
	names := variables{prefix + "AWS_ACCESS_KEY_ID", prefix + "AWS_SECRET_ACCESS_KEY", prefix + "AWS_SESSION_TOKEN"}
	return &Variables{pairs.File{
		Label:  Kind + ":" + where,
		File:   textfile.File{Path: path, Locks: locks},
		Format: pairs.Format{Read: names.read, Write: names.write},
	}}, nil
}

// variables are the names of the three that matter.
type variables struct{ id, secret, session string }

// assignment is NAME=value, perhaps after export, perhaps quoted, perhaps with
// a comment behind.
var assignment = regexp.MustCompile(`^(\s*(?:export\s+)?)([A-Za-z_][A-Za-z0-9_]*)(\s*=\s*)("[^"]*"|'[^']*'|[^\s#"']*)(.*)$`)

// find returns the number of the one line that sets a variable, or -1.
func find(lines []string, name string) (int, error) {
	at := -1
	for i, l := range lines {
		if m := assignment.FindStringSubmatch(strings.TrimRight(l, "\r\n")); m == nil || m[2] != name {
			continue
		}
		if at >= 0 {
			return 0, fmt.Errorf("line %d: %s is set twice; programs differ in which one counts", i+1, name)
		}
		at = i
	}
	return at, nil
}

// value returns what a variable is set to; empty where it is not.
func value(lines []string, name string) (string, error) {
	at, err := find(lines, name)
	if err != nil || at < 0 {
		return "", err
	}
	m := assignment.FindStringSubmatch(strings.TrimRight(lines[at], "\r\n"))
	if rest := strings.TrimSpace(m[5]); rest != "" && rest[0] != '#' {
		return "", fmt.Errorf("line %d: the value of %s is not understood", at+1, name)
	}
	return strings.Trim(m[4], `"'`), nil
}

func (v variables) read(text string) (pairs.Pair, error) {
	lines := strings.SplitAfter(text, "\n")
	id, err := value(lines, v.id)
	if err != nil {
		return pairs.Pair{}, err
	}
	secret, err := value(lines, v.secret)
	if err != nil {
		return pairs.Pair{}, err
	}
	session, err := value(lines, v.session)
	if err == nil && session != "" {
		err = fmt.Errorf("%s is set: the credentials there are temporary", v.session)
	}
	return pairs.Pair{ID: accesskey.ID(id), Secret: accesskey.NewSecret(secret)}, err
}

func (v variables) write(text string, want pairs.Pair) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	for _, kv := range []struct{ name, value string }{{v.id, string(want.ID)}, {v.secret, want.Secret.Reveal()}} {
		at, err := find(lines, kv.name)
		switch {
		case err != nil:
			return "", err
		case at >= 0:
			lines[at] = assign(lines[at], kv.value)
		case kv.value != "":
			lines = appendLine(lines, kv.name+"="+kv.value)
		}
	}
	return strings.Join(lines, ""), nil
}

// assign replaces the value in a line and keeps its quotes, comment and ending;
// an empty value takes the line away.
func assign(line, value string) string {
	if value == "" {
		return ""
	}
	body := strings.TrimRight(line, "\r\n")
	m := assignment.FindStringSubmatch(body)
	quote := ""
	if m[4] != "" && (m[4][0] == '"' || m[4][0] == '\'') {
		quote = m[4][:1]
	}
	return m[1] + m[2] + m[3] + quote + value + quote + m[5] + line[len(body):]
}

// appendLine adds a line at the end, on a line of its own.
func appendLine(lines []string, text string) []string {
	if last := len(lines) - 1; lines[last] != "" && !strings.HasSuffix(lines[last], "\n") {
		lines[last] += "\n"
	}
	return append(lines, text+"\n")
}
