package main

import "runtime/debug"

// sparing has the garbage collector run at half as much garbage as usual, unless
// the user has set it: what is read of an account is garbage a second later, and
// memory would be twice what is in use.
func (a *app) sparing() {
	if _, set := a.lookupEnv("GOGC"); !set {
		debug.SetGCPercent(50)
	}
}

// bounded has the garbage collector keep a survey within surveyMemory, until end
// is called. What the user has set stays.
func (a *app) bounded() (end func()) {
	_, percent := a.lookupEnv("GOGC")
	_, limit := a.lookupEnv("GOMEMLIMIT")
	if percent || limit {
		return func() {}
	}
	before := debug.SetMemoryLimit(surveyMemory)
	return func() { debug.SetMemoryLimit(before) }
}

// surveyMemory is what a survey is to do with, in bytes: less than 256 MiB together
// with the program's own 40. Items that would take too much of it are put into
// a file: see ranking.ItemsHeld.
const surveyMemory = 192 << 20
