package main

import (
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// spin shows on a terminal what is waited for; turn draws it anew, and is nil
// where nothing is shown.
func (a *app) spin(text string) (turn, end func()) {
	if !a.err.is || a.quiet || a.verbose > 0 || !a.mayMoveCursor() {
		return nil, func() {}
	}
	line := &progressLine{w: a.stderr, width: a.err.width, now: a.now}
	return func() { line.draw(text) }, line.end
}

// busy turns the spinner by itself until it is ended, for what takes an unknown
// time.
func (a *app) busy(text string) (end func()) {
	turn, erase := a.spin(text)
	if turn == nil {
		return erase
	}
	stop := make(chan struct{})
	var turning sync.WaitGroup
	turning.Go(func() {
		tick := time.NewTicker(repaint)
		defer tick.Stop()
		for {
			turn()
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		close(stop)
		turning.Wait()
		erase()
	}
}

// doing is what a pass is about in each phase, for people who watch.
func doing(p accesskey.Phase) string {
	switch p {
	case accesskey.Requested:
		return "reading the keys, claiming the user"
	case accesskey.Claimed:
		return "checking everything, creating the new key"
	case accesskey.Created:
		return "testing the new key"
	case accesskey.Proven:
		return "delivering the new key"
	case accesskey.Delivered:
		return "reading it back everywhere"
	case accesskey.RollingBack:
		return "putting things back"
	}
	return "looking at keys, their uses and destinations"
}
