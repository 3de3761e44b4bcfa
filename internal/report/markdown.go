package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/keytend/keytend/internal/policy"
)

// sheet is GitHub-flavoured Markdown.
type sheet struct{ w *bufio.Writer }

func newSheet(w io.Writer) *sheet { return &sheet{bufio.NewWriter(w)} }

func (m *sheet) linef(format string, args ...any) { _, _ = fmt.Fprintf(m.w, format+"\n", args...) } // flush tells of errors

// row writes a row of a table. Cells are Markdown already.
func (m *sheet) row(cells ...string) { m.linef("| %s |", strings.Join(cells, " | ")) }

// table begins a table.
func (m *sheet) table(titles ...string) {
	rule := make([]string, len(titles))
	for i := range rule {
		rule[i] = "---"
	}
	m.linef("")
	m.row(titles...)
	m.row(rule...)
}

func (m *sheet) flush() error { return m.w.Flush() }

// md makes text harmless for Markdown, on one line. Backslashes and entities do
// for what Markdown itself looks for. GitHub finds mentions (@), references (#)
// and links in the rendered text, past any escape: those are parted by a
// zero-width space.
func md(text string) string {
	var b strings.Builder
	text = clean(text)
	for i, r := range text {
		switch {
		case strings.ContainsRune("<>&|`", r):
			fmt.Fprintf(&b, "&#%d;", r)
		case strings.ContainsRune(`\*_[]~$`, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '@' || r == '#':
			b.WriteRune(r)
			b.WriteString(apart)
		case r == ':' && strings.HasPrefix(text[i:], "://"):
			b.WriteString(":" + apart)
		case r == '.' && strings.HasSuffix(strings.ToLower(text[:i]), "www"):
			b.WriteString("." + apart)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

const apart = "&#8203;"

// code shows a word as code where that is safe, so that it can be copied; else
// as escaped text.
func code(text string) string {
	if text == "" {
		return ""
	}
	if strings.ContainsAny(text, "`|\\<>") || !printable(text) {
		return md(text)
	}
	return "`" + text + "`"
}

func writeMarkdown(w io.Writer, s *gist, o Options) error {
	m := newSheet(w)
	m.linef("# Access keys: %s", md(s.headline()))
	m.linef("")
	for _, a := range s.accounts {
		m.linef("- Account %s: %s; %s", md(naming(a.account)), holdings(a.counts), md(a.asOf(s.at)))
	}
	if note := s.leftOutNote(); note != "" {
		m.linef("- %s", md(note))
	}
	m.linef("- %s", md(limits(s.rules)+" · "+moment(s.at)))
	if note := s.knownNote(); note != "" {
		m.linef("- %s", note)
	}
	m.findings(s)
	if o.All && s.whole != nil {
		m.keys(s)
	}
	m.failures(s)
	m.next(s)
	return m.flush()
}

func (m *sheet) findings(s *gist) {
	if len(s.findings) == 0 {
		return
	}
	m.linef("\n## Findings")
	m.table("#", "Severity", "Rule", "Account", "User", "Key", "Due", "Why", "Owner", "Controls")
	for _, f := range s.findings {
		m.row(fmt.Sprint(f.Rank), f.Severity.String(), code(string(f.Rule)), md(f.Account), code(f.User), code(string(f.KeyID)),
			due(f.Due, s.at), md(f.Reason), code(f.Owner), md(controlText(f.Controls)))
	}
	if left := s.untold(len(s.findings)); left != "" {
		m.linef("\n%s; --output json or csv has them all.", left)
	}
}

// controlText lists controls in short.
func controlText(controls []policy.Control) string {
	parts := make([]string, len(controls))
	for i, c := range controls {
		parts[i] = c.Framework + " " + c.ID
	}
	return strings.Join(parts, ", ")
}

func (m *sheet) keys(s *gist) {
	m.linef("\n## Every key")
	m.table("Account", "User", "Key", "Status", "Age", "Last used", "Admin", "Owner")
	for _, inv := range s.whole {
		for h := range held(inv, s.rules) {
			m.row(md(inv.Account.ID), code(h.user), md(h.id()), md(h.status()), h.age(s.at),
				md(list(", ", h.marked(s.at), h.usedFor())), h.admin(), code(h.owner))
		}
	}
	m.linef("\n%s.", md(listNote(s)))
}

func (m *sheet) failures(s *gist) {
	if len(s.failing) == 0 {
		return
	}
	m.linef("\n## Could not be read\n\nWhat depends on it is unknown, not assumed.")
	m.table("Account", "Call", "Error", "What to do")
	for i := range s.failing {
		f := &s.failing[i]
		m.row(md(f.about()), code(f.Call), md(f.what()), md(f.Hint))
	}
}

func (m *sheet) next(s *gist) {
	texts := steps(s)
	if len(texts) == 0 {
		return
	}
	m.linef("\n## What to do next\n")
	for i, text := range texts {
		m.linef("%d. %s", i+1, md(text))
	}
}
