package bench

import (
	"testing"
	"testing/synctest"
)

// virtually runs f in a synctest bubble, where waiting costs no time: the
// latency of a network is counted, and the machine is not slowed by it.
// synctest wants a *testing.T, which a benchmark doesn't have, so it is lent one.
func virtually(b *testing.B, f func(*testing.T)) {
	b.Helper()
	ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: b.Name(),
		F:    func(t *testing.T) { synctest.Test(t, f) },
	}})
	if !ok {
		b.Fatal("failed in virtual time")
	}
}
