package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/match"
)

// placeholders are what a destination's name may hold.
var placeholders = []string{"{user}", "{account}", "{path}"}

var braced = regexp.MustCompile(`\{[^{}]*\}?|\}`)

// template is a destination's name, cut at its placeholders.
type template []string

func parseTemplate(text string) template {
	if strings.IndexByte(text, '{') < 0 {
		return template{text}
	}
	var parts template
	for from := 0; ; {
		at := braced.FindStringIndex(text[from:])
		if at == nil {
			return append(parts, text[from:])
		}
		parts = append(parts, text[from:from+at[0]], text[from+at[0]:from+at[1]])
		from += at[1]
	}
}

// filled is the name for one user.
func (t template) filled(user, account, path string) string {
	if len(t) == 1 {
		return t[0]
	}
	var room [128]byte // for most
	name := room[:0]
	for _, part := range t {
		switch part {
		case "{user}":
			part = user
		case "{account}":
			part = account
		case "{path}":
			part = path
		}
		name = append(name, part...)
	}
	return string(name)
}

// deliver names the destinations of one user, and says how they are known:
// those of its tag, if it has the tag, else the policy's.
func (c *combined) deliver(s *match.Subject) (names []string, from string) {
	templates, from := c.templates, ""
	if c.DestinationsTag != "" {
		tags, _ := s.User.Tags.Get()
		if named := tags[c.DestinationsTag]; named != "" {
			templates, from = nil, fmt.Sprintf("tag %q", c.DestinationsTag)
			for _, text := range strings.FieldsFunc(named, func(r rune) bool { return r == ' ' || r == '+' }) {
				templates = append(templates, parseTemplate(text))
			}
		}
	}
	names = slices.Grow(names, len(templates))
	for _, t := range templates {
		names = append(names, t.filled(s.User.Name, s.Account.ID, s.User.Path))
	}
	return names, from
}
