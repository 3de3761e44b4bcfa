package main

import "testing"

// TestMemoryFor: a usual survey stays below 256 MiB with the program's own 40;
// one that keeps more has room for it, and for as much garbage.
func TestMemoryFor(t *testing.T) {
	const item, program, transient = 1 << 10, 40 << 20, 100 << 20
	for _, kept := range []int{0, 1, 49_999, 60_000, 260_000, 1_000_000} {
		got := memoryFor(kept)
		if kept < 50_000 && got+program >= 256<<20 {
			t.Errorf("%d items: %d MiB", kept, got>>20)
		}
		if need := int64(kept*item + transient); got < need {
			t.Errorf("%d items: %d MiB, and what is kept and under way alone takes %d", kept, got>>20, need>>20)
		}
	}
}
