// Package destinationtest is the contract that every destination keeps.
package destinationtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

// Three credentials, of AWS's documentation.
var (
	Old   = rotation.Credential{ID: "AKIAIOSFODNN7EXAMPLE", Secret: accesskey.NewSecret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")}
	New   = rotation.Credential{ID: "AKIAI44QH8DHBEXAMPLE", Secret: accesskey.NewSecret("je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")}
	Third = rotation.Credential{ID: "AKIAI55QH8DHBEXAMPLE", Secret: accesskey.NewSecret("third/MtGbClwBF2Zp9Utkh3yCo8nvbEXAMPLEKE")}
)

// Place is a destination with a view behind it. It holds Old among neighbours
// when it is opened.
type Place struct {
	Destination rotation.Destination

	// Pair reads what a consumer would read now.
	Pair func() (id, secret string, err error)
	// Neighbours reads everything else there, as text; nil: there is nothing else.
	Neighbours func() string
	// Change lets somebody else change something beside the pair, which
	// Neighbours shows; nil where that is.
	Change func()
	// Put lets somebody else write a credential there, behind our back.
	Put func(rotation.Credential)
	// Break makes delivering impossible, in each way that can be found
	// beforehand, by name; it returns how to mend it.
	Break map[string]func() (mend func())
	// Now is AWS's time, of a place that is written by signed calls; nil: this
	// computer's.
	Now func() time.Time
	// Unreadable: Current can't tell what is there, so that there is no lost
	// race either.
	Unreadable bool
}

// Run holds a destination to the contract. open returns a fresh place.
func Run(t *testing.T, open func(*testing.T) Place) {
	for name, test := range map[string]func(*testing.T, Place){
		"delivers and reads back":             delivers,
		"delivering twice is delivering once": idempotent,
		"neighbours stay untouched":           neighbours,
		"a lost race changes nothing":         lostRace,
		"a reader never sees a torn pair":     neverTorn,
		"check finds what would fail":         checkFinds,
		"check changes nothing":               checkChangesNothing,
		"no error and no name holds a secret": noSecret,
		"what stood there comes back":         restores,
		"a restore is compare-and-set":        restoreRace,
		"a restore puts back the pair alone":  restoresThePairAlone,
		"of many writers each wins or loses":  manyWriters,
		"nothing is done after the lease":     doesNothingLate,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func held(t *testing.T, p Place) rotation.Held {
	t.Helper()
	h, err := p.Destination.Current(t.Context())
	if err != nil {
		t.Fatalf("current: %v", err)
	}
	if h.Readable == p.Unreadable {
		t.Fatalf("readable %v", h.Readable)
	}
	return h
}

func holds(t *testing.T, p Place, want rotation.Credential) {
	t.Helper()
	id, secret, err := p.Pair()
	if err != nil || id != string(want.ID) || secret != want.Secret.Reveal() {
		t.Errorf("a consumer reads key %s (%v), want %s with its own secret", id, err, want.ID)
	}
	if h := held(t, p); !p.Unreadable && h.Key != want.ID {
		t.Errorf("current is %s, want %s", h.Key, want.ID)
	}
}

func deliver(t *testing.T, p Place, expect rotation.Version, c rotation.Credential) rotation.Version {
	t.Helper()
	v, err := p.Destination.Deliver(t.Context(), expect, c)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	return v
}

func delivers(t *testing.T, p Place) {
	before := held(t, p)
	if !p.Unreadable && before.Key != Old.ID {
		t.Fatalf("begins with %s", before.Key)
	}
	v := deliver(t, p, before.Version, New)
	holds(t, p, New)
	if after := held(t, p); !p.Unreadable && (after.Version != v || v == before.Version) {
		t.Errorf("version %q after delivering %q over %q", after.Version, v, before.Version)
	}
}

func idempotent(t *testing.T, p Place) {
	before := held(t, p)
	first := deliver(t, p, before.Version, New)
	// The answer was lost: the same call comes again, with the old version.
	again := deliver(t, p, before.Version, New)
	holds(t, p, New)
	if !p.Unreadable && first != again {
		t.Errorf("versions %q and %q", first, again)
	}
}

func neighbours(t *testing.T, p Place) {
	if p.Neighbours == nil {
		return
	}
	before := p.Neighbours()
	if strings.TrimSpace(before) == "" {
		t.Fatal("the place has no neighbours: nothing is tested")
	}
	deliver(t, p, held(t, p).Version, New)
	if after := p.Neighbours(); after != before {
		t.Errorf("neighbours were\n%s\nand are\n%s", before, after)
	}
}

func lostRace(t *testing.T, p Place) {
	if p.Unreadable {
		return
	}
	before := held(t, p)
	p.Put(Third)
	_, err := p.Destination.Deliver(t.Context(), before.Version, New)
	if !errors.Is(err, rotation.ErrChanged) || !errors.Is(err, rotation.ErrNotDone) {
		t.Errorf("%v, want ErrChanged and ErrNotDone", err)
	}
	holds(t, p, Third)
}

// neverTorn reads as fast as it can while keys go to and fro.
func neverTorn(t *testing.T, p Place) {
	if p.Unreadable {
		return
	}
	var group sync.WaitGroup
	stop := make(chan struct{})
	group.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			id, secret, err := p.Pair()
			if err == nil && secret != Old.Secret.Reveal() && id == string(Old.ID) || id == string(New.ID) && secret != New.Secret.Reveal() {
				t.Errorf("torn: key %s beside another's secret", id)
				return
			}
			if err != nil {
				t.Errorf("while it was written, a reader got: %v", err)
				return
			}
		}
	})
	v := held(t, p).Version
	for i := range 20 {
		v = deliver(t, p, v, []rotation.Credential{New, Old}[i%2])
	}
	close(stop)
	group.Wait()
}

func checkFinds(t *testing.T, p Place) {
	if err := p.Destination.Check(t.Context()); err != nil {
		t.Fatalf("check of a good place: %v", err)
	}
	for name, damage := range p.Break {
		mend := damage()
		err := p.Destination.Check(t.Context())
		if err == nil {
			t.Errorf("%s: check finds nothing", name)
		} else {
			clean(t, name, err.Error())
		}
		mend()
		if err := p.Destination.Check(t.Context()); err != nil {
			t.Errorf("%s, mended: %v", name, err)
		}
	}
}

func checkChangesNothing(t *testing.T, p Place) {
	before := held(t, p)
	for range 3 {
		if err := p.Destination.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	holds(t, p, Old)
	if after := held(t, p); after != before {
		t.Errorf("was %+v, is %+v", before, after)
	}
}

func noSecret(t *testing.T, p Place) {
	clean(t, "name", p.Destination.Name())
	clean(t, "current", fmt.Sprintf("%+v", held(t, p)))
	_, err := p.Destination.Deliver(t.Context(), "no such version", New)
	if err == nil && !p.Unreadable {
		t.Error("delivered over a version that never was")
	}
	clean(t, "deliver", fmt.Sprint(err))
	for name, damage := range p.Break {
		mend := damage()
		_, err := p.Destination.Deliver(t.Context(), "", New)
		clean(t, "deliver, "+name, fmt.Sprintf("%v %+v %#v", err, err, err))
		mend()
	}
}

func clean(t *testing.T, where, text string) {
	t.Helper()
	for _, c := range []rotation.Credential{Old, New, Third} {
		if strings.Contains(text, c.Secret.Reveal()) {
			t.Errorf("%s: holds a secret", where)
		}
	}
}

// doesNothingLate delivers and restores when the lease is over, and a moment
// before.
func doesNothingLate(t *testing.T, p Place) {
	if p.Now == nil {
		p.Now = time.Now
	}
	v := held(t, p).Version
	late, inTime := rotation.Within(t.Context(), p.Now(), p.Now), rotation.Within(t.Context(), p.Now().Add(time.Minute), p.Now)
	_, err := p.Destination.Deliver(late, v, New)
	if !errors.Is(err, rotation.ErrLeaseOver) || !errors.Is(err, rotation.ErrNotDone) {
		t.Errorf("deliver: %v, want ErrLeaseOver and ErrNotDone", err)
	}
	holds(t, p, Old)
	r, ok := p.Destination.(rotation.Restorer)
	if !ok {
		return
	}
	previous, _, err := r.Previous(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if v, err = p.Destination.Deliver(inTime, v, New); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Restore(late, v, previous); !errors.Is(err, rotation.ErrLeaseOver) || !errors.Is(err, rotation.ErrNotDone) {
		t.Errorf("restore: %v, want ErrLeaseOver and ErrNotDone", err)
	}
	holds(t, p, New)
}

// manyWriters lets two Keytends write at once over the same version: one wins,
// or both where they write the same, and what stands there is whole.
func manyWriters(t *testing.T, p Place) {
	if p.Unreadable {
		return
	}
	v := held(t, p).Version
	var group sync.WaitGroup
	won := make(chan rotation.Credential, 8)
	for i := range 8 {
		c := []rotation.Credential{New, Third}[i%2]
		group.Go(func() {
			_, err := p.Destination.Deliver(t.Context(), v, c)
			switch {
			case err == nil:
				won <- c
			case !errors.Is(err, rotation.ErrChanged):
				t.Errorf("deliver: %v", err)
			}
		})
	}
	group.Wait()
	close(won)
	first, ok := <-won
	if !ok {
		t.Fatal("nobody won")
	}
	for c := range won {
		if c.ID != first.ID {
			t.Fatalf("both %s and %s were told that they stand there", first.ID, c.ID)
		}
	}
	holds(t, p, first)
}
