package main

// spin shows on a terminal what is waited for; turn draws it anew, and is nil
// where nothing is shown.
func (a *app) spin(text string) (turn, end func()) {
	if !a.err.is || a.quiet || a.verbose > 0 || !a.mayMoveCursor() {
		return nil, func() {}
	}
	line := &progressLine{w: a.stderr, width: a.err.width, now: a.now}
	return func() { line.draw(text) }, line.end
}
