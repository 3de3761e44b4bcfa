package policy

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Schedule gathers the plans of any number of accounts, in memory that goes
// with what is to be done and not with how many keys there are: what is left
// alone is counted by its reason, what comes after the horizon by its week. It
// is safe for concurrent use.
type Schedule struct {
	Now     time.Time
	Horizon time.Time // what comes before is kept one by one

	lock     sync.Mutex
	items    []*Item
	coming   []*Item // before the horizon; the first comingKept of them, now and then
	last     *Item   // of coming, when that was full: what comes later need not be kept; nil: it never was
	left     map[apart]*LeftAlone
	weeks    map[time.Time]*Week
	accounts int
	keys     int
}

// LeftAlone is how many keys are left alone for one reason.
type LeftAlone struct {
	Reason   accesskey.Reason
	Saw      string // which exemption, or why they are left out; empty for other reasons
	Count    int
	Examples []string // the first few, by name
}

// Week is what comes in one.
type Week struct {
	From   time.Time // Monday, UTC
	Rotate int
	Retire int
	Delete int
	GoOn   int // records under way to be looked at again
}

// NewSchedule keeps what comes before the horizon one by one.
func NewSchedule(now, horizon time.Time) *Schedule {
	return &Schedule{Now: now, Horizon: horizon, left: map[apart]*LeftAlone{}, weeks: map[time.Time]*Week{}}
}

// Add takes one account's plan: it copies what it must keep of items, and the
// next account's plan is written over the rest.
func (s *Schedule) Add(items []Item) {
	defer done(items)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.accounts++
	s.keys += len(items)
	for i := range items {
		it := &items[i]
		s.calendar(it)
		switch {
		case it.Action == Leave, it.Action == Comes && !it.At.Before(s.Horizon):
			s.leave(it)
		case it.Action == Comes:
			s.comes(it)
		default:
			kept := *it
			s.items = append(s.items, &kept)
		}
	}
}

// written are plans that were added, to be written over: an account's may weigh
// megabytes, and most of it says that nothing is to be done.
var written sync.Pool

// blank returns room for the items of n users.
func blank(n int) []Item {
	if had, _ := written.Get().(*[]Item); had != nil && cap(*had) >= n {
		return (*had)[:0]
	}
	return make([]Item, 0, n)
}

func done(items []Item) { written.Put(&items) }

// comingKept is how many items that come are kept one by one, the first: the
// others are in the calendar.
const comingKept = 10_000

func (s *Schedule) comes(i *Item) {
	if s.last != nil && compareComing(i, s.last) >= 0 {
		s.leave(i)
		return
	}
	kept := *i
	if s.coming = append(s.coming, &kept); len(s.coming) >= 2*comingKept {
		s.trim()
	}
}

// trim keeps the first that come.
func (s *Schedule) trim() {
	slices.SortFunc(s.coming, compareComing)
	for _, i := range s.coming[min(len(s.coming), comingKept):] {
		s.leave(i)
	}
	s.coming = s.coming[:min(len(s.coming), comingKept)]
	if len(s.coming) == comingKept {
		s.last = s.coming[comingKept-1]
	}
}

func compareComing(a, b *Item) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	return ComparePlanned(a, b)
}

const examplesShown = 5

// apart is what is counted apart: a reason, and of what the policy says which.
type apart struct {
	reason accesskey.Reason
	saw    string
}

func apartOf(i *Item) apart {
	if i.Reason == WhyLeftOut || i.Reason == WhyExempt {
		return apart{i.Reason, i.Saw}
	}
	return apart{reason: i.Reason}
}

func (s *Schedule) leave(i *Item) {
	of := apartOf(i)
	l := s.left[of]
	if l == nil {
		l = &LeftAlone{Reason: of.reason, Saw: of.saw}
		s.left[of] = l
	}
	l.Count++
	var room [128]byte // the most are not kept, and need no memory
	name := append(append(append(append(append(room[:0], i.Account...), ' '), i.User...), ' '), i.Key...)
	l.Examples = fewest(l.Examples, bytes.TrimRight(name, " "))
}

// fewest keeps the first few by name, whatever the order they come in.
func fewest(names []string, name []byte) []string {
	if len(names) == examplesShown && string(name) >= names[len(names)-1] {
		return names
	}
	at, _ := slices.BinarySearch(names, string(name))
	names = slices.Insert(names, at, string(name))
	return names[:min(len(names), examplesShown)]
}

// calendar counts what comes, by week.
func (s *Schedule) calendar(i *Item) {
	if i.At.IsZero() || i.Action != Comes && i.Action != Waits {
		return
	}
	from := monday(i.At)
	w := s.weeks[from]
	if w == nil {
		w = &Week{From: from}
		s.weeks[from] = w
	}
	switch {
	case i.Action == Waits:
		w.GoOn++
	case i.Work == accesskey.Rotation:
		w.Rotate++
	case i.Inactive:
		w.Delete++
	default:
		w.Retire++
	}
}

// monday is the beginning of the week, UTC.
func monday(t time.Time) time.Time {
	day := t.UTC().Truncate(Day)
	return day.Add(-time.Duration((day.Weekday()+6)%7) * Day)
}

// Kept is how many items are kept one by one.
func (s *Schedule) Kept() int {
	s.lock.Lock()
	defer s.lock.Unlock()
	return len(s.items) + len(s.coming)
}

// Items are what is to be done, all but what comes. They may be changed in
// place, by Allot.
func (s *Schedule) Items() []*Item { return s.items }

// Sorted sorts the items for people: what begins and goes on first, what a
// person must do, what waits; each in the order of ComparePlanned; then what
// comes, the first ones.
func (s *Schedule) Sorted() []*Item {
	slices.SortFunc(s.items, func(a, b *Item) int {
		if d := slices.Index(actions, a.Action) - slices.Index(actions, b.Action); d != 0 {
			return d
		}
		return ComparePlanned(a, b)
	})
	s.trim()
	return slices.Concat(s.items, s.coming)
}

var actions = []Action{Begin, GoOn, Approval, Blocked, Cannot, Unjudged, PutOff, Waits, Comes, Leave}

// LeftAlone is what is left alone, the most first.
func (s *Schedule) LeftAlone() []LeftAlone {
	all := make([]LeftAlone, 0, len(s.left))
	for _, l := range s.left {
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b LeftAlone) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Saw, b.Saw))
	})
	return all
}

// Weeks is the calendar, in order.
func (s *Schedule) Weeks() []Week {
	all := make([]Week, 0, len(s.weeks))
	for _, w := range s.weeks {
		all = append(all, *w)
	}
	slices.SortFunc(all, func(a, b Week) int { return a.From.Compare(b.From) })
	return all
}

// Totals are the numbers of a plan.
type Totals struct {
	Accounts  int
	Keys      int
	Rotate    int // begin now
	SwitchOff int // begin now: off after notice
	Delete    int // begin now: Inactive ones
	GoOn      int
	Approval  int
	Blocked   int
	Cannot    int
	Unjudged  int
	PutOff    int
	Waits     int
	Late      int
	Left      int // alone, with those whose time comes
}

// Totals counts, once Allot has decided.
func (s *Schedule) Totals() Totals {
	t := Totals{Accounts: s.accounts, Keys: s.keys}
	for _, i := range s.items {
		t.add(i)
	}
	t.Left += len(s.coming)
	for _, l := range s.left {
		t.Left += l.Count
	}
	return t
}

func (t *Totals) add(i *Item) {
	if i.Late {
		t.Late++
	}
	switch i.Action {
	case Begin:
		t.begin(i)
	case GoOn:
		t.GoOn++
	case Approval:
		t.Approval++
	case Blocked:
		t.Blocked++
	case Cannot:
		t.Cannot++
	case Unjudged:
		t.Unjudged++
	case PutOff:
		t.PutOff++
	case Waits:
		t.Waits++
	default:
		t.Left++
	}
}

func (t *Totals) begin(i *Item) {
	switch {
	case i.Work == accesskey.Rotation:
		t.Rotate++
	case i.Inactive:
		t.Delete++
	default:
		t.SwitchOff++
	}
}

// Pressing reports whether anything is to be done now, by a machine or by a
// person.
func (t Totals) Pressing() bool {
	return t.Rotate+t.SwitchOff+t.Delete+t.GoOn+t.Approval+t.Blocked+t.Cannot > 0
}
