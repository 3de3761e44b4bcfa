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
	width := o.Width
	if width <= 0 {
		width = 100
	}
	return &page{w: bufio.NewWriter(w), width: max(width, 40), ink: ink(o.Color), all: o.All, limit: o.Limit}
}

// linef writes a line that is short enough.
func (p *page) linef(format string, args ...any) {
	fmt.Fprintf(p.w, format+"\n", args...)
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
	indent := lipgloss.Width(lead)
	for i, line := range wrap(text, p.width-indent) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		p.linef("%s%s", lead, p.ink.paint(style, line))
	}
}

func (p *page) flush() error { return p.w.Flush() }

// wrap breaks text at spaces into lines of at most width columns; longer words
// are broken hard. Hyphens are no place to break: a date or a user name is to be
// copied whole.
func wrap(text string, width int) []string {
	width = max(width, 8)
	var lines []string
	line := ""
	for i, word := range strings.Split(text, " ") {
		switch {
		case i == 0:
			line = word
		case lipgloss.Width(line)+1+lipgloss.Width(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
		for lipgloss.Width(line) > width {
			head := prefix(line, width)
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

// prefix returns as much of text as fits into width columns, at least one
// character.
func prefix(text string, width int) string {
	wide := 0
	for i, r := range text {
		if wide += lipgloss.Width(string(r)); wide > width && i > 0 {
			return text[:i]
		}
	}
	return text
}

// shorten cuts the middle out of text that is wider than width: the ends of
// user names differ most.
func shorten(text string, width int) string {
	if lipgloss.Width(text) <= width {
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
		if wide += lipgloss.Width(string(next)); wide > width {
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

// pad fills text up to width columns.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-lipgloss.Width(text)))
}
