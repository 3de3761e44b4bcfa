package fakeaws

import "time"

// clock is the host's clock and an offset. Inside testing/synctest the host's
// clock is itself virtual, so sleeping moves AWS's time too.
type clock struct {
	offset   time.Duration
	advanced time.Duration // part of offset
}

func newClock(start time.Time) clock {
	if start.IsZero() {
		return clock{}
	}
	return clock{offset: time.Until(start)}
}

func (c clock) now() time.Time { return time.Now().Add(c.offset).Round(0).UTC() }

// unmoved is the time without any Advance.
func (c clock) unmoved() time.Time { return c.now().Add(-c.advanced) }

// Now is AWS's time, UTC.
func (a *AWS) Now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.clock.now()
}

// Advance moves AWS's clock forward by d. What was due in between has happened
// when it returns.
func (a *AWS) Advance(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clock.offset += d
	a.clock.advanced += d
	a.settle(a.clock.now())
}

// second cuts t to the precision in which IAM keeps times.
func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
