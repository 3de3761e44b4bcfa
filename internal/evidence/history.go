package evidence

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/usage"
)

// settled is how old an event is before it counts as told for good: AWS says
// about 15 minutes. What is younger is read anew each time, and not kept.
const settled = time.Hour

// keepEvery is after how many pages what was read is written down: at two pages
// a second, every ten seconds.
const keepEvery = 20

// Trail is CloudTrail's event history of one account.
type Trail interface {
	// EventPages pages through the events of one region, newest first, at the rate
	// that AWS allows.
	EventPages(ctx context.Context, q awsapi.EventQuery) iter.Seq2[awsapi.EventPage, error]
	Now() time.Time
}

// History reads CloudTrail's event history: management events of 90 days.
type History struct {
	Account  string
	User     string // whose keys they are
	Trail    Trail
	Keep     Keeper
	Within   time.Duration // how long to read at most; what is left is read the next time
	Progress func(Progress)
}

// Collect reads the events of a key in some regions, all at once, since a
// moment. A region that can't be read leaves the others. The error is the
// context's, or of what keeps the aggregates.
func (h History) Collect(ctx context.Context, key accesskey.ID, regions []string, since time.Time) (Found, error) {
	now := h.Trail.Now().Truncate(time.Second)
	since = later(since.Truncate(time.Second), now.Add(-awsapi.EventsKept))
	limited, cancel := context.WithTimeout(ctx, h.Within)
	defer cancel()
	found, errs := make([]Found, len(regions)), make([]error, len(regions))
	var all sync.WaitGroup
	for i, region := range regions {
		all.Go(func() {
			r := &historyReader{History: h, key: key, region: region, now: now, since: since}
			found[i], errs[i] = r.read(context.WithoutCancel(ctx), limited)
		})
	}
	all.Wait()
	var sum Found
	for _, f := range found {
		sum = sum.And(f)
	}
	if ctx.Err() != nil {
		return sum, ctx.Err()
	}
	return sum, errors.Join(errs...)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// historyReader reads one key in one region.
type historyReader struct {
	History
	key        accesskey.ID
	region     string
	now, since time.Time

	reading usage.Reading
	kept    usage.Tally // of reading
	fresh   usage.Tally // what is too young to be kept
	events  int64
	pages   int
}

func (r *historyReader) stream() usage.Stream {
	return usage.Stream{Account: r.Account, Key: r.key, Via: "history " + r.region}
}

func (r *historyReader) where() string { return "CloudTrail's event history in " + r.region }

// read reads for as long as limited lasts; what was read is kept however that
// ends.
func (r *historyReader) read(ctx, limited context.Context) (Found, error) {
	reading, uses, err := r.Keep.Reading(ctx, r.stream())
	if err != nil {
		return Found{}, err
	}
	r.reading = reading
	for _, u := range uses {
		r.kept.Sum(u)
	}
	r.reading.User = r.User
	until := r.now.Add(-settled)
	r.reading.Plan(r.since, until, r.now.Add(-awsapi.EventsKept))
	young := usage.Span{From: until.Add(time.Second), To: r.now}
	failed := r.span(limited, &young, &r.fresh, nil)
	for failed == nil && len(r.reading.Todo) > 0 {
		if failed = r.span(limited, &r.reading.Todo[0], &r.kept, r.keep); failed == nil {
			r.reading.Todo = r.reading.Todo[1:]
		}
	}
	if err := r.keep(ctx); err != nil {
		return Found{}, err
	}
	return r.found(failed), nil
}

// span reads the events of one span, newest first, into a tally.
func (r *historyReader) span(ctx context.Context, s *usage.Span, into *usage.Tally, keep func(context.Context) error) error {
	query := awsapi.EventQuery{Region: r.region, Attribute: awsapi.ByKey, Value: string(r.key), From: s.From, To: s.To}
	for page, err := range r.Trail.EventPages(ctx, query) {
		if err != nil {
			return err
		}
		for _, e := range s.Next(r.eventsOf(page.Events)) {
			into.Add(e)
			r.events++
		}
		if r.pages++; keep != nil && r.pages%keepEvery == 0 {
			if err := keep(ctx); err != nil {
				return err
			}
		}
		r.tell(s.To)
	}
	return nil
}

func (r *historyReader) eventsOf(page []awsapi.Event) []usage.Event {
	events := make([]usage.Event, 0, len(page))
	for _, e := range page {
		if e.KeyID != r.key {
			continue
		}
		event, _ := eventOf(e.Record) // what AWS lists beside it is surer
		event.ID, event.At, event.Key, event.Service, event.Action, event.Region = e.ID, e.At, e.KeyID, e.Source, e.Name, r.region
		events = append(events, event)
	}
	return events
}

func (r *historyReader) keep(ctx context.Context) error {
	return r.Keep.KeepReading(ctx, r.stream(), r.reading, r.kept.Uses())
}

// tell says how far it is: newest first, so by how much of the time is behind.
func (r *historyReader) tell(reached time.Time) {
	if r.Progress == nil {
		return
	}
	whole := r.now.Sub(r.since)
	r.Progress(Progress{Where: r.where(), Events: r.events, Part: float64(r.now.Sub(reached)) / float64(max(whole, 1))})
}

// found is what is known now, and what failed.
func (r *historyReader) found(failed error) Found {
	for _, u := range r.kept.Uses() {
		r.fresh.Sum(u)
	}
	f := Found{Uses: r.fresh.Uses()}
	switch {
	case failed == nil:
		f.Looked = []string{r.where()}
	case awsapi.ClassOf(failed) == awsapi.Canceled:
		why := "not reached in the time allowed; run it again to go on"
		if behind := r.reading.Behind(); !behind.IsZero() {
			why = fmt.Sprintf("read back to %s so far; run it again to go on", behind.UTC().Format("2006-01-02 15:04 MST"))
		}
		f.Unread = []usage.Gap{{Where: r.where(), Why: why}}
	default:
		f.Unread = []usage.Gap{{Where: r.where(), Why: plain(failed)}}
	}
	return f
}

// plain is why something could not be read, with what to do about it.
func plain(err error) string {
	text := err.Error()
	if hint := awsapi.Hint(err); hint != "" {
		text = strings.TrimSuffix(text, ".") + ". " + hint
	}
	return text
}
