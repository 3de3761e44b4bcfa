package config

import (
	"regexp"
	"strings"
)

// placeholders are what a destination's name may hold.
var placeholders = []string{"{user}", "{account}", "{path}"}

var braced = regexp.MustCompile(`\{[^{}]*\}?|\}`)

// deliver names the destinations of one user: those of its tag, if it has the
// tag, else the policy's.
func (c *combined) deliver(s *subject) []string {
	templates := c.Destinations
	if tags, _ := s.user.Tags.Get(); c.DestinationsTag != "" {
		if named := tags[c.DestinationsTag]; named != "" {
			templates = strings.FieldsFunc(named, func(r rune) bool { return r == ' ' || r == '+' })
		}
	}
	if len(templates) == 0 {
		return nil
	}
	out := make([]string, len(templates))
	for i, template := range templates {
		out[i] = filled(template, s.user.Name, s.account.ID, s.user.Path)
	}
	return out
}

func filled(template, user, account, path string) string {
	if strings.IndexByte(template, '{') < 0 {
		return template
	}
	return strings.NewReplacer("{user}", user, "{account}", account, "{path}", path).Replace(template)
}
