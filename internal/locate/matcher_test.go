package locate

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/accesskey"
)

func idsIn(m Matcher, text string) []accesskey.ID {
	var ids []accesskey.ID
	for _, id := range m.IDs([]byte(text)) {
		ids = append(ids, id)
	}
	return ids
}

func wrapped(text string, width int) string {
	var lines []string
	for part := range slices.Chunk([]byte(text), width) {
		lines = append(lines, string(part))
	}
	return strings.Join(lines, "\n")
}

func TestMatcher(t *testing.T) {
	b64 := base64.StdEncoding.EncodeToString
	for name, test := range map[string]struct {
		text  string
		known bool // the ID is one that is looked for
		found bool
	}{
		"alone":                     {exampleID, false, true},
		"in a line":                 {"id=" + exampleID + "\n", false, true},
		"in JSON":                   {`{"id":"` + exampleID + `"}`, false, true},
		"in JSON in JSON":           {`{"value":"{\"id\":\"` + exampleID + `\"}"}`, false, true},
		"behind an escaped newline": {`"export A=1\n` + exampleID + `\n"`, false, true},
		"behind a URL's =":          {"AWSAccessKeyId%3D" + exampleID + "%26", false, true},
		"behind a URL's newline":    {"a%0A" + exampleID, false, true},
		"behind a Unicode escape":   {`\u000A` + exampleID + `\u0022`, false, true},
		"behind a byte's escape":    {`\x0A` + exampleID, false, true},
		"in a path":                 {"/credential/" + exampleID + "/20261123/", false, true},
		"longer":                    {exampleID + "X", false, false},
		"within a word":             {"X" + exampleID, false, false},
		"within a word, known":      {"X" + exampleID + "X", true, true},
		"cut short":                 {exampleID[:19], true, false},
		"small letters":             {strings.ToLower(exampleID), true, false},
		"a session's":               {sessionID, true, false},
		"base64":                    {b64([]byte(exampleID)), false, true},
		"base64, one before":        {b64([]byte("=" + exampleID + "\n")), false, true},
		"base64, two before":        {b64([]byte("= " + exampleID + "\n")), false, true},
		"base64 of JSON":            {`{"data":"` + b64([]byte(`{"key":"`+exampleID+`"}`)) + `"}`, false, true},
		"base64 for URLs":           {base64.RawURLEncoding.EncodeToString([]byte("\xff\xfe" + exampleID + "\xff")), false, true},
		"base64 in lines":           {wrapped(b64([]byte("#!/bin/sh\nexport AWS_ACCESS_KEY_ID="+exampleID+"\nexport X=1\n")), 20), false, true},
		"base64 of a longer word":   {b64([]byte("X" + exampleID + "X")), false, false},
		"base64 cut short":          {b64([]byte(exampleID))[:24], true, false},
		"the mark alone":            {"QUtJQ", true, false},
		"nothing":                   {"", true, false},
	} {
		var m Matcher
		if test.known {
			m.Known = map[accesskey.ID]Whose{exampleID: {User: "alice"}}
		}
		if got := idsIn(m, test.text); slices.Contains(got, exampleID) != test.found || len(got) > 1 {
			t.Errorf("%s: %q has %q", name, test.text, got)
		}
	}
}

func TestMatcherSaysWhere(t *testing.T) {
	text := "a\n" + exampleID + " " + base64.StdEncoding.EncodeToString([]byte("\n"+otherID))
	got := map[accesskey.ID]int{}
	for at, id := range (Matcher{}).IDs([]byte(text)) {
		got[id] = at
	}
	if got[exampleID] != 2 || got[otherID] != 23 || len(got) != 2 {
		t.Errorf("%v", got)
	}
}

// FuzzMatcher plants an ID into any text, in each of the ways in which texts hold
// one, and wants it found; and whatever is found must be an ID.
func FuzzMatcher(f *testing.F) {
	f.Add("export AWS_ACCESS_KEY_ID=", "\nexport AWS_SECRET_ACCESS_KEY=", uint8(60))
	f.Add("%", "%", uint8(1))
	f.Add("QUtJQUlPU0ZPRE5ON0VYQU1QTEU", "AKIA", uint8(3))
	f.Add("\xff\\u00", "=", uint8(76))
	f.Fuzz(func(t *testing.T, before, after string, width uint8) {
		m := Matcher{Known: map[accesskey.ID]Whose{exampleID: {}}}
		text := before + exampleID + after
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		for _, way := range []string{text, string(quoted), url.QueryEscape(text), encoded, "x: " + encoded, base64.RawURLEncoding.EncodeToString([]byte(text))} {
			if !slices.Contains(idsIn(m, way), exampleID) {
				t.Errorf("not found in %q", way)
			}
		}
		var none Matcher
		for at, id := range none.IDs([]byte(wrapped(before+encoded+after, int(width)+1))) {
			if _, err := accesskey.ParseID(string(id)); err != nil || len(id) != idLength || at < 0 {
				t.Errorf("found %q at %d", id, at)
			}
		}
	})
}
