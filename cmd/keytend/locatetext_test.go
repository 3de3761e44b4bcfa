package main

import (
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/locate"
	"github.com/keytend/keytend/internal/usage"
)

// strange is what a file may be called on Unix.
const strange = "/srv/a\nLooked for 1 key, and found none where was looked.\t\x1b[31m\u202e.env"

// A file's name makes no line, no column and no colour of its own, and is no
// destination that can be written down.
func TestStrangeNamesStayInTheirLine(t *testing.T) {
	l := &locating{app: &app{}, offline: true, found: locate.Found{
		Finds: []locate.Find{{Key: "AKIAIOSFODNN7EXAMPLE", Whose: locate.Whose{Account: "123456789012", User: "worker"}, Kind: locate.InFile, Where: strange, Part: "AWS_ACCESS_KEY_ID", Format: locate.AsVariable}},
		Gaps:  []locate.Gap{{Where: strange, Why: "no", Hint: strange}}, Looked: []string{strange},
	}}
	var table, yaml strings.Builder
	if err := l.writeTable(&table); err != nil {
		t.Fatal(err)
	}
	if err := l.writeYAML(&yaml); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(yaml.String(), "overrides: []") || !strings.Contains(yaml.String(), "can't be written down") {
		t.Errorf("a destination of that name: %s", yaml.String())
	}
	answer := usageAnswer{Answer: usage.Answer{Head: "Key …", Blind: []string{"Could not look at log file " + strange}}, Evidence: usage.Evidence{Looked: []string{strange}}}
	for _, text := range []string{table.String(), yaml.String(), printable(answer.text())} {
		if strings.Contains(text, "\nLooked for 1 key, and") || strings.ContainsAny(text, "\t\x1b\u202e") {
			t.Errorf("%q", text)
		}
	}
}
