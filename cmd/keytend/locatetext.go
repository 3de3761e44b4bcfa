package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/locate"
)

func (l *locating) writeTable(w io.Writer) error {
	var b strings.Builder
	spots := l.spots()
	b.WriteString(l.headline(spots) + "\n")
	if len(spots) > 0 {
		b.WriteString("\n" + locateTable(spots) + locateAdvice(spots))
	}
	l.writeGaps(&b)
	if len(l.found.Looked) > 0 {
		b.WriteString("\nLooked at: " + inLine(strings.Join(firstOf(byRegion(l.found.Looked), 20), "; ")) + ".\n")
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

// headline is the answer in a sentence.
func (l *locating) headline(spots []spot) string {
	var keys []accesskey.ID
	deliverable := 0
	for _, s := range spots {
		if !slices.Contains(keys, s.Key) {
			keys = append(keys, s.Key)
		}
		if s.Destination != "" {
			deliverable++
		}
	}
	asked := count(len(l.wanted), "key")
	if l.all && l.offline {
		asked = "every key"
	}
	switch {
	case len(spots) == 0 && len(l.wanted) == 0 && !l.offline:
		return "Looked for no key: none is known."
	case len(spots) == 0:
		return "Looked for " + asked + ", and found none where was looked."
	}
	return fmt.Sprintf("Looked for %s: found %s in %s, of which %d can be destinations.", asked, count(len(keys), "key"), count(len(spots), "place"), deliverable)
}

func locateTable(spots []spot) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "ACCESS KEY\tUSER\tPLACE\tDESTINATION")
	for _, s := range spots {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", s.Key, orElse(s.Whose.User, "?"), strings.Join(append([]string{s.where()}, s.remarks()...), "; "), orElse(s.destination(), "-"))
	}
	_ = t.Flush() // into a strings.Builder
	return b.String()
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func (s spot) destination() string {
	if s.Maybe && s.Destination != "" {
		return inLine(s.Destination) + " (if it is there)"
	}
	return inLine(s.Destination)
}

// where names the place, with its account where that isn't the key's.
func (s spot) where() string {
	if s.In != "" && s.In != s.Whose.Account {
		return inLine("account " + s.In + ": " + s.Place())
	}
	return inLine(s.Place())
}

func (s spot) remarks() []string {
	var all []string
	if s.Note != "" {
		all = append(all, inLine(s.Note))
	}
	if len(s.ReadBy) > 0 {
		all = append(all, "read by "+strings.Join(s.ReadBy, " and "))
	}
	return all
}

// locateAdvice says once for each kind of place that is no destination what to do.
func locateAdvice(spots []spot) string {
	var advice []string
	of := map[string][]string{}
	var users []string
	for _, s := range spots {
		if s.Instead == "" {
			continue
		}
		if of[s.Instead] == nil {
			advice = append(advice, s.Instead)
		}
		if !slices.Contains(of[s.Instead], s.where()) {
			of[s.Instead] = append(of[s.Instead], s.where())
		}
		if s.Whose.User != "" && !slices.Contains(users, s.Whose.User) {
			users = append(users, s.Whose.User)
		}
	}
	if len(advice) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nNo destinations:\n")
	for _, text := range advice {
		b.WriteString("  " + strings.Join(firstOf(of[text], 5), "\n  ") + "\n    -> " + text + "\n")
	}
	if len(users) > 0 {
		b.WriteString("  `keytend migrate " + users[0] + "` writes the way to a role.\n")
	}
	return b.String()
}

func (l *locating) writeGaps(b *strings.Builder) {
	for _, part := range []struct {
		title  string
		chosen bool
	}{{"Could not look at:", false}, {"Did not look at:", true}} {
		title := "\n" + part.title + "\n"
		for _, g := range l.found.Gaps {
			if g.Chosen != part.chosen {
				continue
			}
			b.WriteString(title + "  " + inLine(g.Where) + ": " + because(g) + "\n")
			if g.Hint != "" {
				b.WriteString("    -> " + inLine(g.Hint) + "\n")
			}
			title = ""
		}
	}
	if len(l.regions) == 0 && !l.offline {
		b.WriteString("\nOther regions were not looked in: --regions all does.\n")
	}
}

// because is why there is a gap, with the call that failed.
func because(g locate.Gap) string {
	if g.Call == "" {
		return g.Why
	}
	return g.Call + ": " + g.Why
}

// byRegion says what was looked at in many regions once.
func byRegion(looked []string) []string {
	var all []string
	regions := map[string][]string{}
	for _, where := range looked {
		what, region, found := strings.Cut(where, " in ")
		if name, _, _ := strings.Cut(region, " "); !found || !regionForm.MatchString(name) {
			all = append(all, where)
			continue
		}
		if regions[what] == nil {
			all = append(all, what)
		}
		regions[what] = append(regions[what], region)
	}
	for i, what := range all {
		if in := regions[what]; in != nil {
			all[i] = what + " in " + strings.Join(in, ", ")
		}
	}
	return all
}

// firstOf are the first of a list, and how many more there are.
func firstOf(list []string, most int) []string {
	if len(list) <= most {
		return list
	}
	return append(list[:most:most], fmt.Sprintf("and %d more", len(list)-most))
}
