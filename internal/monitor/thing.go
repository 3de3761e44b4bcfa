package monitor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// Thing is one piece of the watch: as it is wanted, and as it is.
type Thing struct {
	Kind string // "topic", "subscription", "AWS Config rule", "alarm", "event rule"
	Name string

	About string // what it is for; empty: its settings say it

	Want []Setting // in the order in which they are told
	Have []Setting // of what is there

	There  bool
	Ours   bool   // what is there was made here
	Reused string // what is there beside it and does the same; empty: nothing
	Note   string // what else to know of it; empty: nothing

	put  func(context.Context) error // makes or repairs it
	drop func(context.Context) error // nil: goes with something else
}

// Setting is one thing that can be otherwise than wanted.
type Setting struct{ Name, Value string }

// Act is what is to be done about a thing.
type Act string

// The acts.
const (
	Make   Act = "make"
	Repair Act = "repair"
	Keep   Act = "keep"        // it is as wanted
	Reuse  Act = "reuse"       // somebody else's does the same
	Leave  Act = "leave alone" // it isn't ours
	Remove Act = "remove"
)

// Step is what is to be done about one thing, and why.
type Step struct {
	*Thing
	Act Act
	Why string // empty: nothing to say
}

// Changes reports whether the step changes anything.
func (s Step) Changes() bool { return s.Act == Make || s.Act == Repair || s.Act == Remove }

// Do carries the step out.
func (s Step) Do(ctx context.Context) error {
	switch s.Act {
	case Make, Repair:
		return s.put(ctx)
	case Remove:
		if s.drop != nil {
			return s.drop(ctx)
		}
	}
	return nil
}

// Install is what makes everything as it is wanted.
func Install(things []*Thing) []Step {
	var steps []Step
	for _, t := range things {
		steps = append(steps, t.install())
	}
	return steps
}

func (t *Thing) install() Step {
	switch {
	case t.There && !t.Ours:
		return Step{t, Leave, "there is one of this name that keytend did not make"}
	case !t.There && t.Reused != "":
		return Step{t, Reuse, t.Reused + " does the same"}
	case !t.There:
		return Step{t, Make, cmp.Or(t.About, settings(t.Want))}
	}
	if differences := t.differences(); len(differences) > 0 {
		return Step{t, Repair, strings.Join(differences, ", ")}
	}
	return Step{t, Keep, ""}
}

func settings(all []Setting) string {
	var words []string
	for _, s := range all {
		if s.Value != "" {
			words = append(words, s.Name+" "+s.Value)
		}
	}
	return strings.Join(words, ", ")
}

// differences are what of a thing is otherwise than wanted.
func (t *Thing) differences() []string {
	var all []string
	for _, want := range t.Want {
		i := slices.IndexFunc(t.Have, func(s Setting) bool { return s.Name == want.Name })
		switch {
		case i < 0:
			all = append(all, want.Name+": none, want "+want.Value)
		case t.Have[i].Value != want.Value:
			all = append(all, fmt.Sprintf("%s: %s, want %s", want.Name, orNone(t.Have[i].Value), orNone(want.Value)))
		}
	}
	return all
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

// Removal is what takes away whatever was made here, the last made first.
func Removal(things []*Thing) []Step {
	var steps []Step
	for _, t := range slices.Backward(things) {
		switch {
		case !t.There:
		case t.Ours:
			steps = append(steps, Step{t, Remove, ""})
		default:
			steps = append(steps, Step{t, Leave, "keytend did not make it"})
		}
	}
	return steps
}
