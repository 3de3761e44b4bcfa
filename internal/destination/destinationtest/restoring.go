package destinationtest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/keytend/keytend/internal/rotation"
)

func restores(t *testing.T, p Place) {
	r, ok := p.Destination.(rotation.Restorer)
	if !ok {
		return
	}
	previous, version, err := r.Previous(t.Context())
	if err != nil || version != held(t, p).Version {
		t.Fatalf("previous: version %q, %v; current is %q", version, err, held(t, p).Version)
	}
	var before string
	if p.Neighbours != nil {
		before = p.Neighbours()
	}
	v := deliver(t, p, version, New)
	if _, err := r.Restore(t.Context(), v, previous); err != nil {
		t.Fatal(err)
	}
	holds(t, p, Old)
	// The answer was lost: the same call comes again.
	if _, err := r.Restore(t.Context(), v, previous); err != nil {
		t.Errorf("restoring what stands there already: %v", err)
	}
	if p.Neighbours != nil && p.Neighbours() != before {
		t.Errorf("neighbours were\n%s\nand are\n%s", before, p.Neighbours())
	}
}

// restoresThePairAlone lets somebody change something beside the pair between a
// delivery and a rollback.
func restoresThePairAlone(t *testing.T, p Place) {
	r, ok := p.Destination.(rotation.Restorer)
	if !ok || p.Neighbours == nil {
		return
	}
	previous, version, err := r.Previous(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, p, version, New)
	before := p.Neighbours()
	p.Change()
	changed := p.Neighbours()
	if changed == before {
		t.Fatal("nothing was changed beside the pair: nothing is tested")
	}
	v := held(t, p).Version
	for range 2 { // the second time as if the answer had been lost
		if _, err := r.Restore(t.Context(), v, previous); err != nil {
			t.Fatal(err)
		}
		holds(t, p, Old)
		if after := p.Neighbours(); after != changed {
			t.Errorf("neighbours were\n%s\nand are\n%s", changed, after)
		}
	}
}

func restoreRace(t *testing.T, p Place) {
	r, ok := p.Destination.(rotation.Restorer)
	if !ok || p.Unreadable {
		return
	}
	previous, version, err := r.Previous(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := deliver(t, p, version, New)
	p.Put(Third)
	if _, err := r.Restore(t.Context(), v, previous); !errors.Is(err, rotation.ErrChanged) {
		t.Errorf("%v, want ErrChanged", err)
	}
	holds(t, p, Third)
	if bytes.Contains([]byte(fmt.Sprint(err)), []byte(Old.Secret.Reveal())) {
		t.Error("the error holds a secret")
	}
}
