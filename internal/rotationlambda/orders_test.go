package rotationlambda

import (
	"testing"
	"time"
)

// TestOrdersAreCarriedOutOnce: what was carried out is known for as long as its tag
// can be seen, or can still come.
func TestOrdersAreCarriedOutOnce(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	first := newOrder(Order{"r1", "retry"}, "bo", "one", noon)
	second := newOrder(Order{"r1", GoBack}, "bo", "two", noon.Add(2*time.Hour))
	third := newOrder(Order{"r1", GoBack}, "bo", "three", noon.Add(9*time.Hour))
	tags := map[string]string{first.tag: first.value()} // which nobody could take away
	var e entry
	e = e.with(first, tags, noon.Add(time.Hour))
	e = e.with(second, tags, noon.Add(8*time.Hour))
	e = e.with(third, tags, noon.Add(9*time.Hour))
	if waiting := ordersIn(tags, found{entry: e}); len(waiting) != 0 {
		t.Errorf("carried out again: %+v", waiting)
	}
	if !e.has(third.tag) || e.has(second.tag) {
		t.Errorf("known are %q: not the third alone of those whose tags are gone", e.Orders)
	}
}
