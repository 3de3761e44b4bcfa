package onaws_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

// longestLook is what is left of a lease of two minutes for one key's uses.
const longestLook = 30 * time.Second

func rare(s accesskey.Sighting) bool { return strings.HasSuffix(s.Place.Agent, "app/rare") }

// busy is a key that a rare consumer used, and then another so many times, a
// pause apart: more than one look can read.
func (w *world) busy(times int, pause time.Duration) {
	w.t.Helper()
	w.callSTS(w.asAna("us-east-1", "rare"))
	time.Sleep(time.Hour)
	c := sts.NewFromConfig(w.asAna("us-east-1", "busy"))
	for range times {
		if _, err := c.GetCallerIdentity(w.ctx(), nil); err != nil {
			w.t.Fatal(err)
		}
		time.Sleep(pause)
	}
}

// look is one look at the old key, of bounded length.
func (w *world) look(a *onaws.Account) accesskey.Fact[[]accesskey.Sighting] {
	w.t.Helper()
	began := time.Now()
	f := a.Uses(w.ctx(), oldKey)
	if took := time.Since(began); took > longestLook {
		w.t.Errorf("one look takes %s", took)
	}
	return f
}

// untilKnown looks until the history is whole, each time as open says.
func (w *world) untilKnown(open func() *onaws.Account) (f accesskey.Fact[[]accesskey.Sighting], looks int) {
	w.t.Helper()
	for looks = 1; looks < 20; looks++ {
		if f = w.look(open()); f.Known() {
			return f, looks
		}
		if !f.Partly() {
			w.t.Fatalf("not to be had: %s", f.Why())
		}
	}
	w.t.Fatalf("still not known: %s", f.Why())
	return f, looks
}

// TestBusyKey: a history that takes several looks is not known before it was
// read whole; the newest part comes first, and nothing is lost or read again.
func TestBusyKey(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		w.busy(5000, 20*time.Second)
		first := w.look(w.a)
		some, known := first.Get()
		if known || !first.Partly() || slices.ContainsFunc(some, rare) || len(some) == 0 || !strings.Contains(first.Why(), "CloudTrail in us-east-1 has been read back to 2026-03-0") {
			t.Errorf("one look: known %v, %d sightings, %s", known, len(some), first.Why())
		}
		w.callSTS(w.asAna("us-east-1", "late"))
		f, looks := w.untilKnown(func() *onaws.Account { return w.a })
		got, _ := f.Get()
		if !slices.ContainsFunc(got, rare) || f.Source() != "cloudtrail:LookupEvents in us-east-1" || looks > 4 {
			t.Errorf("after %d looks: %s", looks, f.Source())
		}
		if len(got) > 80 {
			t.Errorf("%d sightings of 5,000 events in 28 hours", len(got))
		}
		for i := 1; i < len(got); i++ {
			if gap := got[i].At.Sub(got[i-1].At); gap > time.Hour {
				t.Errorf("a gap of %s", gap)
			}
		}
		if asked := w.cloud.Calls()["cloudtrail:LookupEvents"]; asked > 5000/50+10 {
			t.Errorf("%d requests for 5,000 events", asked)
		}
	})
}

// TestBusyKeyOfManyProcesses: what one process has read, the next need not.
func TestBusyKeyOfManyProcesses(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		known(t, w.a.User(w.ctx(), ana)) // last used in eu-west-1
		w.busy(5000, 20*time.Second)
		folder := t.TempDir() + "/trail"
		w.look(onaws.New(w.s, onaws.Options{Notes: onaws.NewNotes(folder)}))
		f, looks := w.untilKnown(func() *onaws.Account { return onaws.New(w.s, onaws.Options{Notes: onaws.NewNotes(folder)}) })
		want, _ := w.untilKnown(func() *onaws.Account { return w.a })
		if looks > 4 {
			t.Errorf("%d looks", looks)
		}
		got, _ := f.Get()
		all, _ := want.Get()
		if !slices.EqualFunc(got, all, func(a, b accesskey.Sighting) bool { return a.At.Equal(b.At) && a.Place == b.Place }) {
			t.Errorf("%d sightings, want %d", len(got), len(all))
		}
		w.cloud.ResetCalls()
		again := w.look(onaws.New(w.s, onaws.Options{Notes: onaws.NewNotes(folder)}))
		if n := w.cloud.Calls()["cloudtrail:LookupEvents"]; !again.Known() || n > 1 {
			t.Errorf("known %v after %d requests more", again.Known(), n)
		}
	})
}

// TestRegionsAreRemembered: a region that was once the last one used in is read
// by every later process.
func TestRegionsAreRemembered(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		folder := t.TempDir()
		first := onaws.New(w.s, onaws.Options{Notes: onaws.NewNotes(folder)})
		known(t, first.User(w.ctx(), ana)) // last used in eu-west-1
		known(t, first.Uses(w.ctx(), oldKey))
		f := onaws.New(w.s, onaws.Options{Notes: onaws.NewNotes(folder)}).Uses(w.ctx(), oldKey)
		if f.Source() != "cloudtrail:LookupEvents in eu-west-1 us-east-1" {
			t.Error(f.Source())
		}
	})
}

// TestThousandsInOneSecond: more events of one second than one look can read.
func TestThousandsInOneSecond(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		w.busy(4000, 0)
		f, _ := w.untilKnown(func() *onaws.Account { return w.a })
		if got, _ := f.Get(); !slices.ContainsFunc(got, rare) {
			t.Errorf("%d sightings, and what came before is not among them", len(got))
		}
	})
}

// TestTokenRefused: where AWS forgets how far we were, reading goes on from the
// last event.
func TestTokenRefused(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		w.busy(3000, time.Second)
		w.look(w.a)
		w.fault("LookupEvents", 2, fakeaws.Refuse(400, "InvalidNextTokenException", "The token is not valid."))
		w.look(w.a)
		f, looks := w.untilKnown(func() *onaws.Account { return w.a })
		if got, _ := f.Get(); !slices.ContainsFunc(got, rare) || looks > 3 {
			t.Errorf("%d looks more; what came before was lost", looks)
		}
	})
}

// TestManyKeysAtOnce: eighty keys share two requests a second. Each look is over
// in time, and in the end everything is known.
func TestManyKeysAtOnce(t *testing.T) {
	in(t, fakeaws.Config{}, nil, func(w *world) {
		keys := make([]accesskey.ID, 80)
		for i := range keys {
			keys[i] = accesskey.ID(fmt.Sprintf("AKIAIOSFODNN7EXA%04d", i))
		}
		left := len(keys)
		for range 5 {
			began := time.Now()
			facts := make([]accesskey.Fact[[]accesskey.Sighting], len(keys))
			var all sync.WaitGroup
			for i, k := range keys {
				all.Go(func() { facts[i] = w.a.Uses(w.ctx(), k) })
			}
			all.Wait()
			if took := time.Since(began); took > longestLook {
				t.Fatalf("a look takes %s", took)
			}
			left = len(keys)
			for _, f := range facts {
				if f.Known() {
					left--
				} else if !f.Partly() {
					t.Fatal(f.Why())
				}
			}
		}
		if left > 0 {
			t.Errorf("%d keys are still not known", left)
		}
	})
}
