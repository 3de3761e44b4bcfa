package report

import (
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
)

// fit is what a column does where there is not room enough.
type fit int

const (
	whole   fit = iota // is never cut: key IDs, numbers
	shorter            // loses its middle
	wrapped            // goes on in the next line
)

// column is one column of a grid.
type column struct {
	title string
	fit   fit
	least int // columns of the terminal below which a wrapped or shorter column is no use
}

// cell is one text of a grid, clean, with its style.
type cell struct {
	text  string
	style lipgloss.Style
}

// grid lays out rows in columns that fit a width.
type grid struct {
	columns []column
	rows    [][]cell
	notes   []string // below each row, from the second column on; may be nil
}

const gutter = 2

// without drops a column.
func (g *grid) without(title string) *grid {
	at := slices.IndexFunc(g.columns, func(c column) bool { return c.title == title })
	g.columns = slices.Delete(g.columns, at, at+1)
	for i := range g.rows {
		g.rows[i] = slices.Delete(g.rows[i], at, at+1)
	}
	return g
}

// widths returns each column's width and whether the grid fits into total.
// Wrapped columns give way first, down to their least, then those that are
// cut; of each kind the widest.
func (g *grid) widths(total int) ([]int, bool) {
	widths := make([]int, len(g.columns))
	sum := gutter * (len(g.columns) - 1)
	for i, c := range g.columns {
		widths[i] = width(c.title)
		for _, row := range g.rows {
			widths[i] = max(widths[i], width(row[i].text))
		}
		sum += widths[i]
	}
	for _, kind := range []fit{wrapped, shorter} {
		for sum > total {
			i := g.widest(kind, widths)
			if i < 0 {
				break
			}
			widths[i]--
			sum--
		}
	}
	return widths, sum <= total
}

// widest returns the widest column of a kind that may be narrower; -1 for none.
func (g *grid) widest(kind fit, widths []int) int {
	found := -1
	for i, c := range g.columns {
		if c.fit == kind && widths[i] > c.least && (found < 0 || widths[i] > widths[found]) {
			found = i
		}
	}
	return found
}

// write writes the grid, or reports that it doesn't fit.
func (g *grid) write(p *page) bool {
	widths, ok := g.widths(p.width)
	if !ok {
		return false
	}
	titles := make([]cell, len(g.columns))
	for i, c := range g.columns {
		titles[i] = cell{c.title, faint}
	}
	g.writeRow(p, titles, widths)
	for i, row := range g.rows {
		g.writeRow(p, row, widths)
		if g.notes != nil {
			p.text(strings.Repeat(" ", widths[0]+gutter), g.notes[i])
		}
	}
	return true
}

func (g *grid) writeRow(p *page, row []cell, widths []int) {
	lines := make([][]string, len(row))
	height := 1
	for i, c := range row {
		switch g.columns[i].fit {
		case wrapped:
			lines[i] = wrap(c.text, widths[i])
		default:
			lines[i] = []string{shorten(c.text, widths[i])}
		}
		height = max(height, len(lines[i]))
	}
	for n := range height {
		var b strings.Builder
		for i, c := range row {
			text := ""
			if n < len(lines[i]) {
				text = lines[i][n]
			}
			if i < len(row)-1 {
				b.WriteString(p.ink.paint(c.style, text) + strings.Repeat(" ", widths[i]-width(text)+gutter))
			} else {
				b.WriteString(p.ink.paint(c.style, text))
			}
		}
		p.linef("%s", strings.TrimRight(b.String(), " "))
	}
}
