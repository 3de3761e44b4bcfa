package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"
)

// page is text for a terminal of some width. The first error to write is kept
// and ends the writing.
type page struct {
	w     *bufio.Writer
	width int
	ink   ink
	all   bool
	limit int
}

func newPage(w io.Writer, o Options) *page {
	columns := o.Width
	if columns <= 0 {
		columns = 100
	}
	return &page{w: bufio.NewWriter(w), width: max(columns, 40), ink: ink(o.Color), all: o.All, limit: o.Limit}
}

// linef writes a line that is short enough. Flush tells of errors.
func (p *page) linef(format string, args ...any) {
	_, _ = fmt.Fprintf(p.w, format+"\n", args...)
}

func (p *page) gap() { p.linef("") }

// head writes a heading.
func (p *page) head(text string) { p.inked("", text, strong) }

// text writes a paragraph, wrapped, with a lead before its first line and the
// others indented alike.
func (p *page) text(lead, text string) { p.inked(lead, text, plain) }

// aside writes a paragraph of lesser weight.
func (p *page) aside(lead, text string) { p.inked(lead, text, faint) }

func (p *page) inked(lead, text string, style lipgloss.Style) {
	indent := width(lead)
	for i, line := range wrap(text, p.width-indent) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		p.linef("%s%s", lead, p.ink.paint(style, line))
	}
}

func (p *page) flush() error { return p.w.Flush() }

// wrap breaks text at spaces into lines of at most room columns; longer words
// are broken hard. Hyphens are no place to break: a date or a user name is to be
// copied whole.
func wrap(text string, room int) []string {
	room = max(room, 8)
	var lines []string
	line := ""
	for i, word := range strings.Split(text, " ") {
		switch {
		case i == 0:
			line = word
		case width(line)+1+width(word) <= room:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
		for width(line) > room {
			head := prefix(line, room)
			lines = append(lines, head)
			line = line[len(head):]
		}
	}
	lines = append(lines, line)
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// prefix returns as much of text as fits into room columns, at least one
// character.
func prefix(text string, room int) string {
	wide := 0
	for i, r := range text {
		if wide += width(string(r)); wide > room && i > 0 {
			return text[:i]
		}
	}
	return text
}

// shorten cuts the middle out of text that is wider than room: the ends of
// user names differ most.
func shorten(text string, room int) string {
	if width(text) <= room {
		return text
	}
	runes := []rune(text)
	head, tail := 0, len(runes)
	for wide := 1; head < tail; {
		next := runes[head]
		fromHead := head <= len(runes)-tail
		if !fromHead {
			next = runes[tail-1]
		}
		if wide += width(string(next)); wide > room {
			return string(runes[:head]) + "…" + string(runes[tail:])
		}
		if fromHead {
			head++
		} else {
			tail--
		}
	}
	return text
}

// pad fills text up to room columns.
func pad(text string, room int) string {
	return text + strings.Repeat(" ", max(0, room-width(text)))
}

// width is how many columns of the terminal text takes. Most is ASCII, for
// which lipgloss's counting of graphemes is slow.
func width(text string) int {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return lipgloss.Width(text)
		}
	}
	return len(text)
}
