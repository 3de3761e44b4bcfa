package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/keytend/keytend/internal/locate"
)

// writeYAML writes the destinations of each user as overrides of a policy file.
// What can't be one is a comment.
func (l *locating) writeYAML(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Where keytend locate found keys. Check it with keytend config check, and put it into keytend.yaml.\n")
	for _, g := range l.found.Gaps {
		word := "Could not look at "
		if g.Chosen {
			word = "Did not look at "
		}
		b.WriteString(yamlComment(word + g.Where + ": " + because(g)))
	}
	var users, strange strings.Builder
	for whose, spots := range byUser(l.spots()) {
		names := destinationsOf(spots)
		switch {
		case whose.User == "":
			strange.WriteString(commentsOn(spots, ""))
		case len(names) == 0:
			b.WriteString(yamlComment("user "+whose.User+" of account "+whose.Account+": no destination was found") + commentsOn(spots, ""))
		default:
			users.WriteString(override(whose, names))
			if rest := commentsOn(spots, "    "); rest != "" {
				users.WriteString("    # As long as the key is in use here too, a rotation waits:\n" + rest)
			}
		}
	}
	if strange.Len() > 0 {
		b.WriteString("# Keys whose user isn't known:\n" + strange.String())
	}
	if users.Len() == 0 {
		b.WriteString("overrides: []\n")
	} else {
		b.WriteString("overrides:\n" + users.String())
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

// byUser yields the spots of each user, which stand together.
func byUser(spots []spot) func(func(locate.Whose, []spot) bool) {
	return func(yield func(locate.Whose, []spot) bool) {
		for len(spots) > 0 {
			n := slices.IndexFunc(spots, func(s spot) bool { return s.Whose != spots[0].Whose })
			if n < 0 {
				n = len(spots)
			}
			if !yield(spots[0].Whose, spots[:n]) {
				return
			}
			spots = spots[n:]
		}
	}
}

// destinationsOf are those of a user that are proved, each once.
func destinationsOf(spots []spot) []string {
	var names []string
	for _, s := range spots {
		if s.Destination != "" && !s.Maybe && !slices.Contains(names, s.Destination) {
			names = append(names, s.Destination)
		}
	}
	return names
}

// override is a user's entry.
func override(whose locate.Whose, names []string) string {
	var b strings.Builder
	when := fmt.Sprintf("user.name == %s && account.id == %s", quotedYAML(whose.User), quotedYAML(whose.Account))
	b.WriteString("  - when: " + quotedYAML(when) + "\n    destinations:\n")
	for _, name := range names {
		b.WriteString("      - " + quotedYAML(name) + "\n")
	}
	return b.String()
}

// commentsOn says of the places that are no proved destination what they are.
func commentsOn(spots []spot, margin string) string {
	var b strings.Builder
	for _, s := range spots {
		text := string(s.Key) + ": " + s.where()
		switch {
		case s.Destination != "" && !s.Maybe:
			continue
		case s.Maybe && s.Destination != "":
			text += ": if the key is there (--read-secrets, --read-parameters): " + s.Destination
		case s.Instead != "":
			text += ": " + s.Instead
		}
		b.WriteString(margin + yamlComment(text))
	}
	return b.String()
}

// yamlComment is one line of it, whatever the text holds.
func yamlComment(text string) string {
	return "# " + strings.Join(strings.Fields(printable(text)), " ") + "\n"
}

// quotedYAML is a text in double quotes, which YAML and CEL read as JSON does.
func quotedYAML(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always encodes
	}
	return strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(string(quoted))
}
