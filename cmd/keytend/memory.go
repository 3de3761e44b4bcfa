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

// bounded has the garbage collector keep a survey within memoryFor what it keeps,
// as again is told of that, until end is called. What the user has set stays.
func (a *app) bounded() (again func(kept int), end func()) {
	_, percent := a.lookupEnv("GOGC")
	_, limit := a.lookupEnv("GOMEMLIMIT")
	if percent || limit {
		return func(int) {}, func() {}
	}
	before := debug.SetMemoryLimit(memoryFor(0))
	return func(kept int) { debug.SetMemoryLimit(memoryFor(kept)) }, func() { debug.SetMemoryLimit(before) }
}

// memoryFor is what a survey that keeps so many items is to do with, in bytes:
// less than 256 MiB together with the program's own 40, as long as that leaves the
// collector room. More items have more than they take, lest it do nothing else.
func memoryFor(kept int) int64 {
	const (
		usual = 192 << 20
		room  = 50_000 // items, of 1 KiB or less
		each  = 5 << 8
	)
	return usual + int64(max(0, kept-room))*each
}
