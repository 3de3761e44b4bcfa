package config

import (
	"strings"

	"github.com/keytend/keytend/internal/accesskey"
)

// Exceptions are the users that are always left out.
type Exceptions []exception

// exception is a user's name or a tag.
type exception struct {
	text  string
	tag   string
	value string
	any   bool // whatever the tag's value
}

// ParseExcept reads names and tags (TAG or TAG=VALUE).
func ParseExcept(texts []string) Exceptions {
	var out Exceptions
	for _, text := range texts {
		tag, value, valued := strings.Cut(text, "=")
		out = append(out, exception{text, tag, value, !valued})
	}
	return out
}

// Why says why a user is left out, by its name or a tag in any case; empty where
// it isn't. Tags that could not be read may be such a tag.
func (e Exceptions) Why(user *accesskey.User) string {
	for i := range e {
		if strings.EqualFold(user.Name, e[i].text) {
			return "its name is " + e[i].text
		}
	}
	tags, known := user.Tags.Get()
	if !known && len(e) > 0 {
		return "its tags could not be read: " + user.Tags.Why()
	}
	first := len(e)
	for tag, value := range tags {
		for i := range e[:first] {
			if strings.EqualFold(tag, e[i].tag) && (e[i].any || strings.EqualFold(value, e[i].value)) {
				first = i
				break
			}
		}
	}
	if first < len(e) {
		return "tag " + e[first].text
	}
	return ""
}
