package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/inventory"
)

// progressLine shows on a terminal what is being read, on one line that is
// rewritten and at the end erased. It is safe for concurrent use.
type progressLine struct {
	w     io.Writer
	width int // columns; 0: unknown
	now   func() time.Time

	mu    sync.Mutex
	last  time.Time // of the latest drawing
	turns int
	drawn bool
	ended bool
}

// spinner has one frame for each drawing.
var spinner = []string{"|", "/", "-", `\`}

// repaint is how often the line changes at most: faster is only flicker.
const repaint = 80 * time.Millisecond

// progress returns where to send progress, and what ends the line. Nothing is
// shown where stderr is no terminal, with --quiet, or beside log lines.
func (a *app) progress() (show func(inventory.Progress), end func()) {
	line, end := a.progressLine()
	if line == nil {
		return nil, end
	}
	return line.show, end
}

// progressLine is a line to draw on, and what ends it; nil where nothing is
// shown.
func (a *app) progressLine() (line *progressLine, end func()) {
	if !a.err.is || a.quiet || a.verbose > 0 || !a.mayMoveCursor() {
		return nil, func() {}
	}
	line = &progressLine{w: a.stderr, width: a.err.width, now: a.now}
	return line, line.end
}

// show draws how far reading is.
func (l *progressLine) show(p inventory.Progress) {
	text := "reading " + string(p.Phase)
	if p.Total > 0 {
		text += fmt.Sprintf(" %d/%d", p.Done, p.Total)
	} else if p.Done > 0 {
		text += fmt.Sprintf(" %d", p.Done)
	}
	l.draw(text)
}

// draw draws the line anew unless it was drawn a moment ago.
func (l *progressLine) draw(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.ended || now.Sub(l.last) < repaint {
		return
	}
	l.last = now
	l.drawn = true
	l.turns++
	text = spinner[l.turns%len(spinner)] + " " + text
	if runes := []rune(text); l.width > 0 && len(runes) >= l.width {
		text = string(runes[:l.width-1]) // a full line would wrap
	}
	_, _ = fmt.Fprintf(l.w, "\r\x1b[K%s", text)
}

// end erases the line; nothing is drawn afterwards.
func (l *progressLine) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.drawn {
		_, _ = fmt.Fprint(l.w, "\r\x1b[K")
	}
}
