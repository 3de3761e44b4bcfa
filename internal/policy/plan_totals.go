package policy

import "github.com/keytend/keytend/internal/accesskey"

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
	t := s.totals
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
