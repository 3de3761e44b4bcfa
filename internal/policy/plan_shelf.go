package policy

import (
	"iter"
	"slices"

	"github.com/keytend/keytend/internal/accesskey"
)

// Shelf keeps what is due until it is read. It is used by one goroutine at a
// time.
type Shelf interface {
	// Add keeps one more.
	Add(k *Shelved) error
	// All yields what is kept in the order of CompareShelved, as often as it is asked
	// for, and ends at the first error. Nothing may be added meanwhile.
	All() iter.Seq2[*Shelved, error]
	// Close forgets everything.
	Close() error
}

// Shelved is an item on a shelf. What the policy says of it need not be written
// down: the schedule knows it.
type Shelved struct {
	Item
	Ruled int // by which of the schedule's rulings, from 1; 0: Item.Ruling is nil
}

// CompareShelved is the order for people: what begins and goes on first, what a
// person must do, what waits; each in the order of ComparePlanned.
func CompareShelved(a, b *Shelved) int {
	if a.Action != b.Action {
		return slices.Index(actions, a.Action) - slices.Index(actions, b.Action)
	}
	return ComparePlanned(&a.Item, &b.Item)
}

var actions = []Action{Begin, GoOn, Approval, Blocked, Cannot, Unjudged, PutOff, Waits, Comes, Leave}

// inMemory is the shelf for what isn't much.
type inMemory []*Shelved

// Add implements Shelf.
func (m *inMemory) Add(k *Shelved) error {
	*m = append(*m, k)
	return nil
}

// All implements Shelf.
func (m *inMemory) All() iter.Seq2[*Shelved, error] {
	return func(yield func(*Shelved, error) bool) {
		slices.SortFunc(*m, CompareShelved)
		for _, k := range *m {
			if !yield(k, nil) {
				return
			}
		}
	}
}

// Close implements Shelf.
func (m *inMemory) Close() error {
	*m = nil
	return nil
}

// kept is a copy of an item for a shelf.
func (s *Schedule) kept(i *Item) *Shelved {
	k := &Shelved{Item: *i}
	if i.Ruling != nil {
		k.Ruled = s.number(i.Ruling)
		s.ruled(k)
	}
	return k
}

// ruled gives a kept item its ruling.
func (s *Schedule) ruled(k *Shelved) *Item {
	if k.Ruled > 0 {
		k.Ruling = s.rulings[k.Ruled-1]
	}
	return &k.Item
}

// number is which of the schedule's rulings says what this one does. The same of
// many accounts is kept once, as far as the last few are looked through.
func (s *Schedule) number(r *Ruling) int {
	if r == s.latest.ruling {
		return s.latest.number
	}
	n := len(s.rulings)
	for n > max(0, len(s.rulings)-rulingsKept) && !s.rulings[n-1].same(r) {
		n--
	}
	if n <= max(0, len(s.rulings)-rulingsKept) {
		s.rulings = append(s.rulings, r)
		n = len(s.rulings)
		for _, b := range r.Budgets {
			if _, had := s.budgets[b.Budget]; !had {
				s.budgets[b.Budget] = b
			}
		}
	}
	s.latest.ruling, s.latest.number = r, n
	return n
}

// Budgets are the budgets that Allot will ask about, by name.
func (s *Schedule) Budgets() map[string]accesskey.Reservation { return s.budgets }

// All yields what is to be done, in the order of CompareShelved; then what comes,
// the first ones. It is for after Allot, as often as it is wanted, and ends at
// the shelf's first error.
func (s *Schedule) All() iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		for k, err := range s.due.All() {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(s.ruled(k), nil) {
				return
			}
		}
		s.trim()
		for _, i := range s.coming {
			if !yield(i, nil) {
				return
			}
		}
	}
}

// Of is how many items that do this All yields.
func (s *Schedule) Of(a Action) int {
	if a == Comes {
		s.trim()
		return len(s.coming)
	}
	return s.acts[a]
}
