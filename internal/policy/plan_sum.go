package policy

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Schedule gathers the plans of any number of accounts, in memory that goes
// neither with how many keys there are nor, where its shelves are elsewhere,
// with what is to be done: what is left alone is counted by its reason, what
// comes after the horizon by its week. Add is safe for concurrent use; what
// else it does comes after.
type Schedule struct {
	Now     time.Time
	Horizon time.Time // what comes before is kept one by one

	lock    sync.Mutex
	ready   Shelf // what may begin, for Allot to decide
	due     Shelf // what is decided, all but what comes
	rulings []*Ruling
	latest  struct { // of rulings that were looked for
		ruling *Ruling
		number int
	}
	budgets map[string]accesskey.Reservation
	ledger  ledger
	coming  []*Item // before the horizon; the first comingKept of them, now and then
	last    *Item   // of coming, when that was full: what comes later need not be kept; nil: it never was
	left    map[apart]*LeftAlone
	weeks   map[time.Time]*Week
	totals  Totals // of what is decided
	acts    map[Action]int
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

// NewSchedule keeps what comes before the horizon one by one, and what is due on
// shelves that it has made; nil: in memory.
func NewSchedule(now, horizon time.Time, shelf func() Shelf) *Schedule {
	if shelf == nil {
		shelf = func() Shelf { return &inMemory{} }
	}
	return &Schedule{
		Now: now, Horizon: horizon, ready: shelf(), due: shelf(), ledger: ledger{now: now, used: map[string]*drawing{}},
		left: map[apart]*LeftAlone{}, weeks: map[time.Time]*Week{}, budgets: map[string]accesskey.Reservation{}, acts: map[Action]int{},
	}
}

// Close lets go of the shelves.
func (s *Schedule) Close() error { return errors.Join(s.ready.Close(), s.due.Close()) }

// Add takes one account's plan: it copies what it must keep of items, and the
// next account's plan is written over the rest. The error is the shelf's; the
// schedule is of no use then.
func (s *Schedule) Add(items []Item) error {
	defer done(items)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.totals.Accounts++
	s.totals.Keys += len(items)
	for i := range items {
		if err := s.add(&items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Schedule) add(it *Item) error {
	s.calendar(it)
	switch {
	case !s.Keeps(it):
		s.leave(it)
	case it.Action == Comes:
		s.comes(it)
	case it.Action == Begin:
		return s.ready.Add(s.kept(it))
	default:
		if it.Record != "" && it.Ruling != nil {
			s.ledger.count(it)
		}
		return s.settle(s.kept(it))
	}
	return nil
}

// Keeps reports whether an item is kept one by one, as long as not too many like
// it come before.
func (s *Schedule) Keeps(i *Item) bool {
	return i.Action != Leave && (i.Action != Comes || i.At.Before(s.Horizon))
}

// settle keeps what is decided.
func (s *Schedule) settle(k *Shelved) error {
	s.totals.add(&k.Item)
	s.acts[k.Action]++
	return s.due.Add(k)
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
