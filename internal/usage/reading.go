package usage

import (
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Stream is one source of events of one key. What different streams tell may be
// the same events.
type Stream struct {
	Account string
	Key     accesskey.ID
	Via     string // "history eu-central-1", "logs s3://bucket/prefix", "athena db.table", "lake ID"
}

// Reading is how far a stream was read, newest events first: so much that no
// event is ever added up twice. The zero Reading has nothing.
type Reading struct {
	User string    `json:"user,omitempty"` // whose key it was
	From time.Time `json:"from"`           // what is between From and To was read, but for Todo
	To   time.Time `json:"to"`
	Todo []Span    `json:"todo,omitempty"` // the newest first
}

// Span is a time whose events are still to be read. CloudTrail tells seconds:
// both ends are included.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Seen []string  `json:"seen,omitempty"` // events of the second To that were read
}

// Plan makes what is between two moments, and was not read yet, the next to be
// read; what is older than oldest can't be had any more.
func (r *Reading) Plan(from, to, oldest time.Time) {
	if r.To.IsZero() {
		r.From, r.To, r.Todo = from, to, []Span{{From: from, To: to}}
		return
	}
	if to.After(r.To) {
		r.Todo = slices.Insert(r.Todo, 0, Span{From: r.To.Add(time.Second), To: to})
		r.To = to
	}
	if from.Before(r.From) {
		r.Todo = append(r.Todo, Span{From: from, To: r.From.Add(-time.Second)})
		r.From = from
	}
	r.Todo = slices.DeleteFunc(r.Todo, func(s Span) bool { return s.To.Before(oldest) })
}

// Next returns those of a page's events that were not read before, the page as
// the stream gave it, newest first, and remembers that they have been.
func (s *Span) Next(page []Event) []Event {
	var fresh []Event
	for _, e := range page {
		if slices.Contains(s.Seen, e.ID) {
			continue
		}
		fresh = append(fresh, e)
	}
	for _, e := range fresh {
		if e.At.Before(s.To) {
			s.To, s.Seen = e.At, nil
		}
		if e.At.Equal(s.To) {
			s.Seen = append(s.Seen, e.ID)
		}
	}
	return fresh
}

// Behind is the newest moment of what is still to be read; zero: nothing is.
func (r Reading) Behind() time.Time {
	if len(r.Todo) == 0 {
		return time.Time{}
	}
	return r.Todo[0].To
}
