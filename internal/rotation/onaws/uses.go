package onaws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

const (
	usesLate = time.Hour       // how late an event may come; AWS says about 15 minutes
	usesLife = 5 * time.Minute // how long what was read counts: events come later than that

	// usesLook is how long one key's history is read in one look. A look has to
	// be over long before its lease (two minutes), and reads two keys' histories
	// and more.
	usesLook = 25 * time.Second
)

// trackKey is one key in one region's event history.
type trackKey struct {
	key    accesskey.ID
	region string
}

// Uses implements rotation.Trail: the key's management events of 90 days in the
// partition's home region, Options.Regions and every region of last use that was
// ever seen, without our own proofs. A busy key's history takes many looks, at
// two requests a second: until it was read whole, the fact is a partial one. It
// goes on where the last look ended, with Options.Notes also that of another
// process. One region that may not be read leaves the others, and the source
// says so; where none may, the fact is unread.
func (a *Account) Uses(ctx context.Context, key accesskey.ID) accesskey.Fact[[]accesskey.Sighting] {
	at := a.Now()
	id, err := a.session.Identity(ctx)
	if err != nil {
		return accesskey.Partial[[]accesskey.Sighting](nil, failed(err))
	}
	home := awsapi.HomeRegion(id.Partition)
	regions := a.regionsOf(key, home)
	histories := make([]history, len(regions))
	var all sync.WaitGroup
	for i, region := range regions {
		all.Go(func() { histories[i] = a.follow(ctx, trackKey{key, region}, at) })
	}
	all.Wait()
	return gathered(at, home, regions, histories)
}

func (a *Account) regionsOf(key accesskey.ID, home string) []string {
	regions := append([]string{home}, a.options.Regions...)
	seen := a.options.Notes.regions(key)
	a.lock.Lock()
	for region := range a.regions[key] {
		if strings.Count(region, "-") >= 2 { // not "aws-global"
			seen = append(seen, region)
		}
	}
	a.lock.Unlock()
	regions = append(regions, seen...)
	slices.Sort(regions)
	return slices.Compact(regions)
}

func (a *Account) track(k trackKey) *track {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.tracks[k] == nil {
		a.tracks[k] = &track{turn: newTurn(), hours: map[hour]stretch{}}
	}
	return a.tracks[k]
}

// history is what one region has told of a key.
type history struct {
	sightings []accesskey.Sighting
	since     time.Time // complete from then on; zero: from the beginning
	err       error     // leaves what was read before it
}

// follow reads what is new and then what was left, for as long as one look may
// take.
func (a *Account) follow(ctx context.Context, k trackKey, now time.Time) history {
	t := a.track(k)
	if err := t.turn.take(ctx); err != nil {
		return history{err: err}
	}
	defer t.turn.leave()
	err := a.readOn(ctx, t, k, now)
	all, since := t.sightings()
	return history{all, since, err}
}

func (a *Account) readOn(ctx context.Context, t *track, k trackKey, now time.Time) error {
	a.options.Notes.recall(t, k, now)
	look, cancel := context.WithTimeout(ctx, usesLook)
	defer cancel()
	var err error
	read := false
	for t.plan(now); len(t.todo) > 0 && err == nil; t.plan(now) {
		err, read = a.readSpan(look, t, k), true
	}
	if read {
		_ = a.options.Notes.keep(t, k) // what isn't kept is read again
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil // the look is over, and goes on next time
	}
	return err
}

// readSpan reads the first span of what is left, page by page, and remembers how
// far it got.
func (a *Account) readSpan(ctx context.Context, t *track, k trackKey) error {
	s := &t.todo[0]
	query := awsapi.EventQuery{Region: k.region, Attribute: awsapi.ByKey, Value: string(k.key), From: s.From, To: s.To, Token: s.Token}
	for page, err := range a.session.EventPages(ctx, query) {
		if err != nil {
			var said *awsapi.Error
			if errors.As(err, &said) && said.Code == "InvalidNextTokenException" {
				s.restart()
			}
			return err
		}
		for _, e := range page.Events {
			s.Reached = e.At
			t.note(e)
		}
		s.Token = page.Next
	}
	t.todo = t.todo[1:]
	return nil
}

// unusable are the classes of errors that say of a region that no look will ever
// get anything from it. Credentials that a region alone doesn't know: it is not
// switched on for the account.
func unusable(region, home string, err error) string {
	switch class := awsapi.ClassOf(err); {
	case class == awsapi.Denied, class == awsapi.DeniedByOrganization:
		return "denied"
	case class == awsapi.CredentialsInvalid && region != home:
		return "not switched on"
	}
	return ""
}

// gathered makes one fact of what the regions told.
func gathered(at time.Time, home string, regions []string, histories []history) accesskey.Fact[[]accesskey.Sighting] {
	source := []string{trailSource + " in"}
	var all []accesskey.Sighting
	var missing []string
	var barred error
	readable := 0
	for i, region := range regions {
		h := histories[i]
		if h.err != nil {
			if why := unusable(region, home, h.err); why != "" {
				source, barred = append(source, "(not "+region+": "+why+")"), h.err
				continue
			}
			missing = append(missing, failed(h.err))
		}
		readable++
		all = append(all, h.sightings...)
		if h.err == nil && !h.since.IsZero() {
			missing = append(missing, fmt.Sprintf("CloudTrail in %s has been read back to %s so far", region, h.since.Format(time.RFC3339)))
		}
		source = append(source, region)
	}
	slices.SortFunc(all, func(a, b accesskey.Sighting) int { return a.At.Compare(b.At) })
	switch {
	case readable == 0:
		return unread[[]accesskey.Sighting](barred)
	case len(missing) > 0:
		return accesskey.Partial(all, strings.Join(missing, "; "))
	}
	return accesskey.Observed(all, at, strings.Join(source, " "))
}
