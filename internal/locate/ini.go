package locate

import (
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// readINI reads a shared credentials or config file:
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
func readINI(text string) ([]sighting, []Problem) {
	var r iniReader
	number := 0
	for line := range strings.Lines(text) {
		number++
		r.line(number, strings.TrimRight(line, " \t\r\n"))
	}
	r.endSection()
	return r.found, r.problems
}

type iniReader struct {
	found    []sighting
	problems []Problem

	section string // empty: before the first
	pending sighting
}

func (r *iniReader) line(number int, line string) {
	switch {
	case line == "" || line[0] == '#' || line[0] == ';':
	case line[0] == ' ' || line[0] == '\t':
		// The continuation of a nested setting (s3 = ...); no keys live there.
	case line[0] == '[':
		r.endSection()
		r.beginSection(number, line)
	default:
		r.setting(number, line)
	}
}

func (r *iniReader) beginSection(number int, line string) {
	name, rest, closed := strings.Cut(line[1:], "]")
	rest = strings.TrimSpace(rest)
	if !closed || (rest != "" && rest[0] != '#' && rest[0] != ';') {
		r.problem(number, "section header that doesn't end with ]")
	}
	name = strings.TrimSpace(name)
	if profile, ok := strings.CutPrefix(name, "profile "); ok {
		name = strings.Trim(strings.TrimSpace(profile), `"'`)
	}
	r.section = name
}

func (r *iniReader) setting(number int, line string) {
	name, value, ok := strings.Cut(line, "=")
	if !ok {
		r.problem(number, "neither a section nor a setting (name = value)")
		return
	}
	value = withoutComment(strings.TrimSpace(value))
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "aws_access_key_id":
		id, err := accesskey.ParseID(value)
		if err != nil {
			r.problem(number, "aws_access_key_id is not an access key ID")
			return
		}
		r.pending.id = id
		r.pending.place, r.pending.format = Place{Line: number, Name: r.section}, AsProfile
	case "aws_secret_access_key":
		r.pending.secret = value
	case "aws_session_token":
		r.pending.token = value
	}
}

// endSection is called when all settings of a profile have been seen.
func (r *iniReader) endSection() {
	if r.pending.id != "" {
		r.found = append(r.found, r.pending)
	}
	r.pending = sighting{}
}

func (r *iniReader) problem(line int, reason string) {
	r.problems = append(r.problems, Problem{Line: line, Reason: reason, Unread: true})
}

// withoutComment cuts " # …" and " ; …" off an INI value and takes quotes off
// it. The SDKs differ on both; neither can be part of a key.
func withoutComment(value string) string {
	for _, mark := range []string{" #", " ;", "\t#", "\t;"} {
		value, _, _ = strings.Cut(value, mark)
	}
	value = strings.TrimSpace(value)
	if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		value = value[1 : len(value)-1]
	}
	return value
}
