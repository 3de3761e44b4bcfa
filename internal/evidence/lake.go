package evidence

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/usage"
)

// Lake asks an event data store of CloudTrail Lake: one query for all keys.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-limitations.html
type Lake struct {
	Account string
	User    string // whose keys they are
	Lake    interface {
		EventStore(ctx context.Context, region, id string) (awsapi.EventStore, error)
		LakeRows(ctx context.Context, q awsapi.LakeQuery) iter.Seq2[[]string, error]
	}
	Store EventStore
	Keep  Keeper
	Since time.Time
	Now   time.Time
}

// EventStore names an event data store.
type EventStore struct {
	Region string // empty: the session's
	ID     string
}

// storeForm is an event data store's ARN, or its ID alone, which goes into the
// query as it is.
var storeForm = regexp.MustCompile(`^(?:arn:aws[a-z-]*:cloudtrail:([a-z0-9-]+):\d{12}:eventdatastore/)?([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)$`)

// ParseEventStore reads an event data store's ARN or ID.
func ParseEventStore(text string) (EventStore, error) {
	m := storeForm.FindStringSubmatch(text)
	if m == nil || len(m[2]) > 64 {
		return EventStore{}, fmt.Errorf("event data store %q: want its ARN or its ID", text)
	}
	return EventStore{m[1], m[2]}, nil
}

// keysOfLake keeps a question below the 10,000 characters that CloudTrail takes.
const keysOfLake = 300

// lakeTime is how Lake's queries write moments, in UTC.
const lakeTime = "2006-01-02 15:04:05"

// Collect asks for all keys, after what the store collects: that tells what its
// silence means.
func (l Lake) Collect(ctx context.Context, keys []accesskey.ID) (map[accesskey.ID]Found, error) {
	store, unknown := l.Lake.EventStore(ctx, l.Store.Region, l.Store.ID)
	name := "CloudTrail Lake's event data store " + l.Store.ID
	if store.Name != "" {
		name += " (" + inLine(store.Name) + ")"
	}
	q := question{
		account: l.Account, user: l.User, via: "lake " + l.Store.ID, where: name, from: l.Store.ID, atOnce: keysOfLake, keep: l.Keep, since: l.Since, now: l.Now,
		when:   `date_format(eventtime, '%Y-%m-%dT%H:%i:%sZ')`,
		window: `eventtime >= '` + l.Since.UTC().Format(lakeTime) + `' AND eventtime <= '` + l.Now.UTC().Format(lakeTime) + `'`,
	}
	var scanned int64
	q.rows = func(ctx context.Context, sql string) iter.Seq2[[]string, error] {
		return l.Lake.LakeRows(ctx, awsapi.LakeQuery{SQL: sql, Columns: answerColumns, Region: l.Store.Region, Scanned: func(n int64) { scanned += n }})
	}
	if q.hopeless = hopeless(store); awsapi.ClassOf(unknown) == awsapi.NotFound {
		q.hopeless = unknown
	}
	found, err := q.collect(ctx, keys)
	for key, f := range found {
		if len(f.Unread) == 0 {
			found[key] = l.judged(f, store, unknown, name, scanned)
		}
	}
	return found, err
}

// hopeless is why a store can't tell of calls at all.
func hopeless(store awsapi.EventStore) error {
	if store.Status == "PENDING_DELETION" {
		return errors.New("it is being deleted")
	}
	categories := store.Categories()
	if len(categories) > 0 && !slices.ContainsFunc(categories, func(c string) bool { return slices.Contains(callCategories, c) }) {
		return fmt.Errorf("it collects no calls, but events of category %s", inLine(strings.Join(categories, ", ")))
	}
	return nil
}

// callCategories are those whose events are calls.
var callCategories = []string{"Management", "Data", "NetworkActivity"}

// judged says what the store's answer is worth.
func (l Lake) judged(f Found, store awsapi.EventStore, unknown error, name string, scanned int64) Found {
	f.Looked = []string{fmt.Sprintf("%s, of which %s were scanned", name, inBytes(scanned))}
	if unknown != nil {
		f.Unread = []usage.Gap{{Where: "what " + name + " collects, and since when", Why: plain(unknown)}}
		return f
	}
	if !slices.Contains([]string{"", "CREATED", "ENABLED"}, store.Status) {
		f.Unread = []usage.Gap{{Where: "the newest events of " + name, Why: "it takes none in: its status is " + inLine(store.Status)}}
	}
	for _, lack := range l.lacks(store) {
		f.Lacks = append(f.Lacks, name+" "+lack+".")
	}
	return f
}

// lacks is what the store can't have of what was asked.
func (l Lake) lacks(store awsapi.EventStore) []string {
	var out []string
	switch kept := l.Now.Add(-store.Retention); {
	case store.Retention > 0 && kept.After(l.Since) && kept.After(store.Created): // what was copied into it too
		out = append(out, fmt.Sprintf("keeps events for %d days: what was before %s is gone", int(store.Retention.Hours()/24), kept.UTC().Format(time.DateOnly)))
	case store.Created.After(l.Since):
		out = append(out, "began on "+store.Created.Format(time.DateOnly)+": of what was before, it has at most what was copied into it from a trail")
	}
	switch some, by := store.Collects("Management"); {
	case len(store.Selectors) == 0: // not told
	case !some:
		out = append(out, "collects no management events")
	case len(by) > 0:
		out = append(out, "collects management events only as it chooses them by "+inLine(strings.Join(by, ", ")))
	}
	if some, by := store.Collects("Data"); some && len(by) > 0 { // always: AWS wants them chosen
		out = append(out, "collects data events only as it chooses them by "+inLine(strings.Join(by, ", ")))
	}
	if !store.EveryRegion {
		out = append(out, "has the events of its own region alone")
	}
	return out
}

// inBytes is an amount of data, for people.
func inBytes(n int64) string {
	unit, size := "KB", float64(n)/1e3
	for _, next := range []string{"MB", "GB", "TB"} {
		if size < 1000 {
			break
		}
		unit, size = next, size/1000
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}
