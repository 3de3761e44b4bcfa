package onaws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

const (
	usesLate  = time.Hour // how late an event may come; AWS says about 15 minutes
	usesPages = 8         // of one key in one region in one look: some five seconds
)

// trackKey is one key in one region's event history.
type trackKey struct {
	key    accesskey.ID
	region string
}

// track is what has been read of it. Events never change, so what was read once
// is kept; the first and the last use of each hour in each place are enough to
// tell places and gaps.
type track struct {
	lock  sync.Mutex
	read  time.Time // the newest event would be up to then
	todo  []span    // what is left to be read, newest first
	hours map[hour]span
}

type span struct{ from, to time.Time }

type hour struct {
	place   accesskey.Place
	session bool
	at      int64
}

// Uses implements rotation.Trail: the key's management events of 90 days in the
// partition's home region, Options.Regions and the regions of last use, without
// our own proofs. A busy key's history takes several looks; the newest part
// comes first, and the source says how far it goes. One region that may not be
// read leaves the others; nothing at all, or one that failed just now, leaves
// the fact unread.
func (a *Account) Uses(ctx context.Context, key accesskey.ID) accesskey.Fact[[]accesskey.Sighting] {
	at := a.Now()
	id, err := a.session.Identity(ctx)
	if err != nil {
		return unread[[]accesskey.Sighting](err)
	}
	regions := a.regionsOf(key, awsapi.HomeRegion(id.Partition))
	errs := make([]error, len(regions))
	tracks := make([]*track, len(regions))
	var all sync.WaitGroup
	for i, region := range regions {
		tracks[i] = a.track(trackKey{key, region})
		all.Go(func() { errs[i] = a.follow(ctx, tracks[i], key, region, at) })
	}
	all.Wait()
	return gathered(at, regions, tracks, errs)
}

func (a *Account) regionsOf(key accesskey.ID, home string) []string {
	regions := append([]string{home}, a.options.Regions...)
	a.lock.Lock()
	defer a.lock.Unlock()
	for region := range a.regions[key] {
		if strings.Count(region, "-") >= 2 { // not "aws-global"
			regions = append(regions, region)
		}
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

func (a *Account) track(k trackKey) *track {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.tracks[k] == nil {
		a.tracks[k] = &track{hours: map[hour]span{}}
	}
	return a.tracks[k]
}

// follow reads what is new and then what was left, as many pages as one look
// allows.
func (a *Account) follow(ctx context.Context, t *track, key accesskey.ID, region string, now time.Time) error {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.plan(now)
	pages := usesPages
	for len(t.todo) > 0 && pages > 0 {
		if err := a.readSpan(ctx, t, key, region, &pages); err != nil {
			return err
		}
	}
	return nil
}

// plan puts what is new before what is left, and drops what is too old to be
// had.
func (t *track) plan(now time.Time) {
	oldest := now.Add(-awsapi.EventsKept)
	fresh := span{oldest, now}
	if !t.read.IsZero() {
		fresh.from = t.read.Add(-usesLate)
	}
	if len(t.todo) > 0 && t.todo[0].to.Equal(t.read) {
		t.todo[0].to = now // nothing of it was read
	} else {
		t.todo = append([]span{fresh}, t.todo...)
	}
	t.todo = slices.DeleteFunc(t.todo, func(s span) bool { return s.to.Before(oldest) })
	maps.DeleteFunc(t.hours, func(_ hour, s span) bool { return s.to.Before(oldest) })
	t.read = now
}

// readSpan reads the first span of what is left and shortens it by what it got.
func (a *Account) readSpan(ctx context.Context, t *track, key accesskey.ID, region string, pages *int) error {
	s := &t.todo[0]
	began := s.to
	for events, err := range a.session.Events(ctx, awsapi.EventQuery{Region: region, Attribute: awsapi.ByKey, Value: string(key), From: s.from, To: s.to}) {
		if err != nil {
			return err
		}
		oldest := s.to
		for _, e := range events {
			oldest = e.At
			t.note(e)
		}
		if oldest.Before(s.to) {
			s.to = oldest // the same second once more: it may go on on the next page
		}
		if *pages--; *pages <= 0 && len(events) == 50 {
			if s.to.Equal(began) {
				s.to = began.Add(-time.Second) // more in one second than one look takes
			}
			return nil
		}
	}
	t.todo = t.todo[1:]
	return nil
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
	h := hour{
		place:   accesskey.Place{Network: network, Agent: agentOf(e.UserAgent), Service: e.Source},
		session: slices.Contains(making, e.Name), at: e.At.Unix() / 3600,
	}
	s, seen := t.hours[h]
	if !seen || e.At.Before(s.from) {
		s.from = e.At
	}
	if e.At.After(s.to) {
		s.to = e.At
	}
	t.hours[h] = s
}

// gathered makes one fact of what the regions told.
func gathered(at time.Time, regions []string, tracks []*track, errs []error) accesskey.Fact[[]accesskey.Sighting] {
	source := []string{trailSource + " in"}
	var all []accesskey.Sighting
	readable := 0
	for i, region := range regions {
		switch class := awsapi.ClassOf(errs[i]); {
		case class == awsapi.Denied, class == awsapi.DeniedByOrganization:
			source = append(source, "(not "+region+": denied)")
			continue
		case errs[i] != nil:
			return unread[[]accesskey.Sighting](errs[i])
		}
		readable++
		some, left := tracks[i].sightings()
		all = append(all, some...)
		if !left.IsZero() {
			region = fmt.Sprintf("%s (back to %s so far)", region, left.Format(time.RFC3339))
		}
		source = append(source, region)
	}
	if readable == 0 {
		return unread[[]accesskey.Sighting](errs[0])
	}
	slices.SortFunc(all, func(a, b accesskey.Sighting) int { return a.At.Compare(b.At) })
	return accesskey.Observed(all, at, strings.Join(source, " "))
}

// sightings are all that is known, and from when on that is complete; zero: of
// all the time there is.
func (t *track) sightings() (all []accesskey.Sighting, since time.Time) {
	t.lock.Lock()
	defer t.lock.Unlock()
	for h, s := range t.hours {
		all = append(all, accesskey.Sighting{At: s.from, Place: h.place, Session: h.session})
		if s.to.After(s.from) {
			all = append(all, accesskey.Sighting{At: s.to, Place: h.place, Session: h.session})
		}
	}
	if len(t.todo) > 0 {
		since = t.todo[0].to
	}
	return all, since
}
