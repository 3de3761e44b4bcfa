package evidence

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
)

const storeID = "1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d"

// selecting is an advanced event selector of a category, and perhaps of more.
func selecting(category string, more ...fakeaws.FieldSelectorSpec) fakeaws.EventSelectorSpec {
	return fakeaws.EventSelectorSpec{Fields: append([]fakeaws.FieldSelectorSpec{{Field: "eventCategory", Equals: []string{category}}}, more...)}
}

// askLake asks a store over 20 days of calls, the latest of each day denied.
func askLake(t *testing.T, store fakeaws.EventDataStoreSpec, named EventStore) Found {
	t.Helper()
	denied, data := past(noon.Add(-5*time.Hour), 2, 1), past(noon.Add(-6*time.Hour), 1, 1)
	denied.Error, denied.Name = "AccessDenied", "RunInstances"
	data.Service, data.Name, data.Data = "s3.amazonaws.com", "GetObject", true
	store.ID, store.Name = storeID, "calls"
	_, session := simulated(t, func(s *fakeaws.AccountSpec) {
		s.Events = []fakeaws.EventSpec{past(noon.Add(-2*time.Hour), 20, 3), denied, data}
		s.EventDataStores = []fakeaws.EventDataStoreSpec{store}
	})
	lake := Lake{Account: account, Lake: session, Store: named, Keep: newMemory(), Since: noon.AddDate(0, 0, -10), Now: noon}
	found, err := lake.Collect(t.Context(), []accesskey.ID{key, otherKey})
	if err != nil || len(found[otherKey].Uses) != 0 {
		t.Fatal(found, err)
	}
	return found[key]
}

// What a store has is read, and what it can't have is said.
func TestLake(t *testing.T) {
	readOnly := fakeaws.FieldSelectorSpec{Field: "readOnly", Equals: []string{"false"}}
	objects := fakeaws.FieldSelectorSpec{Field: "resources.type", Equals: []string{"AWS::S3::Object"}}
	for name, c := range map[string]struct {
		store fakeaws.EventDataStoreSpec
		named EventStore
		calls int64
		data  bool
		lacks string // in all that it lacks; empty: nothing
		gap   string // in the one that there is; empty: none
	}{
		"management events": {calls: 32},
		"data events too":   {store: fakeaws.EventDataStoreSpec{Selectors: []fakeaws.EventSelectorSpec{selecting("Management"), selecting("Data")}}, calls: 33, data: true},
		"some data events":  {store: fakeaws.EventDataStoreSpec{Selectors: []fakeaws.EventSelectorSpec{selecting("Management"), selecting("Data", objects)}}, calls: 33, data: true, lacks: "collects data events only as it chooses them by resources.type"},
		"data events alone": {store: fakeaws.EventDataStoreSpec{Selectors: []fakeaws.EventSelectorSpec{selecting("Data")}}, calls: 1, data: true, lacks: "collects no management events"},
		"some of them":      {store: fakeaws.EventDataStoreSpec{Selectors: []fakeaws.EventSelectorSpec{selecting("Management", readOnly)}}, calls: 2, lacks: "only as it chooses them by readOnly"},
		"since lately":      {store: fakeaws.EventDataStoreSpec{Created: noon.AddDate(0, 0, -3)}, calls: 11, lacks: "began on 2026-11-20"},
		"not for long":      {store: fakeaws.EventDataStoreSpec{Retention: 7}, calls: 23, lacks: "keeps events for 7 days: what was before 2026-11-16 is gone"},
		"younger, and not for long": {
			store: fakeaws.EventDataStoreSpec{Created: noon.AddDate(0, 0, -8), Retention: 7}, calls: 23, lacks: "keeps events for 7 days: what was before 2026-11-16 is gone",
		},
		"one region":          {store: fakeaws.EventDataStoreSpec{OneRegion: true}, calls: 32, lacks: "its own region alone"},
		"in another region":   {store: fakeaws.EventDataStoreSpec{Region: "eu-west-1"}, named: EventStore{Region: "eu-west-1"}, calls: 32},
		"not there":           {named: EventStore{ID: "00000000-0000-0000-0000-000000000000"}, gap: "EventDataStoreNotFoundException"},
		"no longer taking in": {store: fakeaws.EventDataStoreSpec{Status: "STOPPED_INGESTION"}, calls: 32, gap: "its status is STOPPED_INGESTION"},
		"being deleted":       {store: fakeaws.EventDataStoreSpec{Status: "PENDING_DELETION"}, gap: "it is being deleted"},
		"no calls":            {store: fakeaws.EventDataStoreSpec{Selectors: []fakeaws.EventSelectorSpec{selecting("ConfigurationItem")}}, gap: "it collects no calls, but events of category ConfigurationItem"},
		"query fails":         {store: fakeaws.EventDataStoreSpec{Outcome: "FAILED"}, gap: "the query has failed: The query ended without an answer"},
		"query is cancelled":  {store: fakeaws.EventDataStoreSpec{Outcome: "CANCELLED"}, gap: "the query has been cancelled"},
		"query times out":     {store: fakeaws.EventDataStoreSpec{Outcome: "TIMED_OUT"}, gap: "the query has run for longer than AWS lets it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.named.ID == "" {
				c.named.ID = storeID
			}
			f := askLake(t, c.store, c.named)
			if calls(f.Uses) != c.calls || f.Data != c.data {
				t.Errorf("%d calls, want %d; data %v", calls(f.Uses), c.calls, f.Data)
			}
			if len(f.Lacks) > 1 || (c.lacks == "") != (len(f.Lacks) == 0) || !strings.Contains(strings.Join(f.Lacks, ""), c.lacks) {
				t.Errorf("lacks %q, want %q", f.Lacks, c.lacks)
			}
			if len(f.Unread) > 1 || (c.gap == "") != (len(f.Unread) == 0) || c.gap != "" && !strings.Contains(f.Unread[0].Why, c.gap) {
				t.Errorf("gaps %q, want %q", f.Unread, c.gap)
			}
			if c.calls > 0 && (len(f.Looked) != 1 || !strings.Contains(f.Looked[0], storeID+" (calls), of which ")) {
				t.Errorf("looked at %q", f.Looked)
			}
		})
	}
}

// An answer of more than a page is read to its end.
func TestLakesAnswerHasPages(t *testing.T) {
	var events []fakeaws.EventSpec
	for i := range 2345 {
		e := past(noon.Add(-2*time.Hour), 1, 1)
		e.Name = fmt.Sprintf("DescribeThing%04d", i)
		events = append(events, e)
	}
	_, session := simulated(t, func(s *fakeaws.AccountSpec) {
		s.Events, s.EventDataStores = events, []fakeaws.EventDataStoreSpec{{ID: storeID}}
	})
	found, err := Lake{Account: account, Lake: session, Store: EventStore{ID: storeID}, Keep: newMemory(), Since: noon.AddDate(0, 0, -1), Now: noon}.Collect(t.Context(), []accesskey.ID{key})
	if f := found[key]; err != nil || calls(f.Uses) != 2345 || len(f.Uses) != 2345 {
		t.Errorf("%d calls, %d uses, %v, %v", calls(f.Uses), len(f.Uses), f.Unread, err)
	}
}

// scripted answers every question with the same rows.
type scripted struct {
	rows  [][]string
	asked []string
}

func (s *scripted) EventStore(context.Context, string, string) (awsapi.EventStore, error) {
	return awsapi.EventStore{Status: "ENABLED", EveryRegion: true}, nil
}

func (s *scripted) LakeRows(_ context.Context, q awsapi.LakeQuery) iter.Seq2[[]string, error] {
	s.asked = append(s.asked, q.SQL)
	return func(yield func([]string, error) bool) {
		for _, row := range s.rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func manyKeys(n int) []accesskey.ID {
	var keys []accesskey.ID
	for i := range n {
		keys = append(keys, accesskey.ID("AKIA"+strings.Repeat("A", 12)+string([]byte{'A' + byte(i/676), 'A' + byte(i/26%26), 'A' + byte(i%26), 'A'})))
	}
	return keys
}

// However many keys there are, no question is longer than AWS takes, and each
// key is in one.
func TestLakeAsksSoManyAtOnce(t *testing.T) {
	lake, keys := &scripted{}, manyKeys(1000)
	found, err := Lake{Account: account, Lake: lake, Store: EventStore{ID: strings.Repeat("x", 64)}, Keep: newMemory(), Since: noon.AddDate(0, 0, -10), Now: noon}.Collect(t.Context(), keys)
	if err != nil || len(found) != len(keys) || len(lake.asked) != 4 {
		t.Fatalf("%d found, %d asked, %v", len(found), len(lake.asked), err)
	}
	for _, sql := range lake.asked {
		if len(sql) > 10000 {
			t.Errorf("a question of %d characters", len(sql))
		}
	}
	for _, k := range keys {
		if n := strings.Count(strings.Join(lake.asked, "\n"), "'"+string(k)+"'"); n != 1 {
			t.Fatalf("key %s is asked for %d times", k, n)
		}
	}
}

// A row of a key that wasn't asked for is no answer to the question: none of it
// is taken for one.
func TestRowsOfOthersAreNotBelieved(t *testing.T) {
	row := []string{string(otherKey), "192.0.2.1", "acme/1", "ec2.amazonaws.com", "DescribeInstances", "us-east-1", "2026-11-22T01:00:00Z", "2026-11-22T02:00:00Z", "3", "0", "0", "2026-11-22"}
	unnamed := slices.Clone(row)
	unnamed[0] = ""
	for _, rows := range [][][]string{{row}, {unnamed}, {row[:11]}} {
		found, err := Lake{Account: account, Lake: &scripted{rows: rows}, Store: EventStore{ID: storeID}, Keep: newMemory(), Since: noon.AddDate(0, 0, -10), Now: noon}.Collect(t.Context(), []accesskey.ID{key})
		if f := found[key]; err != nil || len(f.Unread) != 1 || len(f.Looked) != 0 || len(slices.Collect(maps.Keys(found))) != 1 {
			t.Errorf("%+v, %v", found, err)
		}
	}
}

func TestEventStoresAreNamed(t *testing.T) {
	for text, want := range map[string]EventStore{
		storeID: {ID: storeID},
		"arn:aws:cloudtrail:eu-west-1:123456789012:eventdatastore/" + storeID:              {"eu-west-1", storeID},
		"arn:aws-us-gov:cloudtrail:us-gov-west-1:123456789012:eventdatastore/EXAMPLE-f852": {"us-gov-west-1", "EXAMPLE-f852"},
	} {
		if got, err := ParseEventStore(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x y", "x--y", "x;y", "x'", "arn:aws:cloudtrail:us-east-1:123456789012:trail/x", "arn:aws:s3:::bucket", strings.Repeat("x", 65)} {
		if got, err := ParseEventStore(text); err == nil {
			t.Errorf("%s is taken for %v", text, got)
		}
	}
}
