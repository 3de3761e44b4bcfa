package onaws

import (
	"maps"
	"slices"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// track is what has been read of one key's event history in one region. Events
// never change, so what was read once is kept; the first and the last use of
// each hour in each place are enough to tell places and gaps.
type track struct {
	turn     turn
	recalled bool      // the notes were looked at
	read     time.Time // the newest event would be up to then; zero: nothing was read
	todo     []span    // what is left to be read, newest first
	hours    map[hour]stretch
}

// span is a time whose events are to be read: both ends as they were asked for,
// since a token is good with them alone.
type span struct {
	From, To time.Time
	Token    string    `json:",omitempty"` // of the page to go on with
	Reached  time.Time // the oldest event that was read; zero: none was
}

// restart begins a span anew where AWS no longer takes its token: with the second
// that was being read, which may have more events.
func (s *span) restart() {
	if !s.Reached.IsZero() {
		s.To = s.Reached
	}
	s.Token = ""
}

// newest is the newest moment whose events may not have been read.
func (s span) newest() time.Time {
	if s.Reached.IsZero() {
		return s.To
	}
	return s.Reached
}

type hour struct {
	place   accesskey.Place
	session bool
	at      int64 // hours since 1970
}

// stretch is from the first to the last use.
type stretch struct{ from, to time.Time }

// plan makes what is new the next to be read, once nothing is left of what was
// planned before: a busy key's latest hour alone may take longer than a look.
// What is too old to be had is dropped.
func (t *track) plan(now time.Time) {
	oldest := now.Add(-awsapi.EventsKept)
	t.todo = slices.DeleteFunc(t.todo, func(s span) bool { return s.newest().Before(oldest) })
	maps.DeleteFunc(t.hours, func(_ hour, s stretch) bool { return s.to.Before(oldest) })
	if len(t.todo) > 0 || t.upTo(now) {
		return
	}
	fresh := span{From: oldest, To: now}
	if !t.read.IsZero() {
		fresh.From = t.read.Add(-usesLate)
	}
	t.todo, t.read = []span{fresh}, now
}

// upTo reports that what was read is new enough.
func (t *track) upTo(now time.Time) bool {
	return !t.read.IsZero() && len(t.todo) == 0 && now.Sub(t.read).Abs() < usesLife
}

// making are the calls that make sessions which outlive the key.
var making = []string{"GetSessionToken", "GetFederationToken"}

func (t *track) note(e awsapi.Event) {
	if proving(e) {
		return
	}
	network := e.Network
	if e.VPCEndpoint != "" {
		network = e.VPCEndpoint
	}
	place := accesskey.Place{Network: network, Agent: agentOf(e.UserAgent), Service: e.Source}
	t.mark(hour{place, slices.Contains(making, e.Name), e.At.Unix() / 3600}, stretch{e.At, e.At})
}

// mark widens what is known of an hour.
func (t *track) mark(h hour, seen stretch) {
	s, known := t.hours[h]
	if !known || seen.from.Before(s.from) {
		s.from = seen.from
	}
	if seen.to.After(s.to) {
		s.to = seen.to
	}
	t.hours[h] = s
}

// sightings are all that is known, and from when on that is complete; zero: of
// all the time there is.
func (t *track) sightings() (all []accesskey.Sighting, since time.Time) {
	for h, s := range t.hours {
		all = append(all, accesskey.Sighting{At: s.from, Place: h.place, Session: h.session})
		if s.to.After(s.from) {
			all = append(all, accesskey.Sighting{At: s.to, Place: h.place, Session: h.session})
		}
	}
	if len(t.todo) > 0 {
		since = t.todo[0].newest()
	}
	return all, since
}
