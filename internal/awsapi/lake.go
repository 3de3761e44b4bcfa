package awsapi

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// EventStore is an event data store of CloudTrail Lake.
type EventStore struct {
	Name   string
	Status string // ENABLED where events are taken in and it may be asked

	Created      time.Time     // UTC; zero: not told
	Retention    time.Duration // how long events are kept
	EveryRegion  bool          // else it has the events of its own region alone
	Organization bool          // of all accounts of the organization
	Selectors    []EventSelector
}

// EventSelector is one choice of events that a store collects.
type EventSelector struct {
	Categories []string // Management, Data, NetworkActivity; or others, which aren't calls
	By         []string // the other fields by which it chooses: readOnly, eventSource, resources.type
}

// Collects reports whether events of a category are collected, and by which
// fields they are chosen; none: all of them are.
func (e EventStore) Collects(category string) (some bool, by []string) {
	for _, s := range e.Selectors {
		if !slices.Contains(s.Categories, category) {
			continue
		}
		if len(s.By) == 0 {
			return true, nil
		}
		some, by = true, append(by, s.By...)
	}
	slices.Sort(by)
	return some, slices.Compact(by)
}

// Categories are what the store collects, in order, each once.
func (e EventStore) Categories() []string {
	var all []string
	for _, s := range e.Selectors {
		all = append(all, s.Categories...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// EventStore tells of an event data store by its ID, in a region; empty: the
// session's (cloudtrail:GetEventDataStore).
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetEventDataStore.html
func (s *Session) EventStore(ctx context.Context, region, id string) (EventStore, error) {
	var out struct {
		Name, Status                            string
		CreatedTimestamp                        float64
		RetentionPeriod                         int // days
		MultiRegionEnabled, OrganizationEnabled bool
		AdvancedEventSelectors                  []struct {
			FieldSelectors []struct {
				Field  string
				Equals []string
			}
		}
	}
	err := s.lake(ctx, region, "GetEventDataStore", struct{ EventDataStore string }{id}, &out)
	store := EventStore{
		Name: out.Name, Status: out.Status, Created: moment(out.CreatedTimestamp), Retention: time.Duration(out.RetentionPeriod) * 24 * time.Hour,
		EveryRegion: out.MultiRegionEnabled, Organization: out.OrganizationEnabled,
	}
	for _, told := range out.AdvancedEventSelectors {
		var selector EventSelector
		for _, f := range told.FieldSelectors {
			if f.Field == "eventCategory" {
				selector.Categories = append(selector.Categories, f.Equals...)
				continue
			}
			selector.By = append(selector.By, f.Field)
		}
		store.Selectors = append(store.Selectors, selector)
	}
	return store, err
}

func (s *Session) lake(ctx context.Context, region, operation string, in, out any) error {
	return s.fail("cloudtrail:"+operation, s.wireJSON(ctx, cloudTrail(operation, region), in, out))
}

// cloudTrail is a call of CloudTrail in a region; empty: the session's.
func cloudTrail(operation, region string) wireCall {
	return wireCall{
		service: "CloudTrail", host: "cloudtrail", target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
		action: operation, region: region,
	}
}

// LakeQuery is one query.
type LakeQuery struct {
	SQL     string   // at most 10,000 characters
	Columns []string // their names in lower case, in the order in which rows are to have them
	Region  string   // of the store; empty: the session's
	// Scanned is told how many bytes the query has read, which is what AWS bills.
	Scanned func(bytes int64)
}

// LakeRows runs a query on CloudTrail Lake and returns its rows; what is null is
// empty (cloudtrail:StartQuery, DescribeQuery, GetQueryResults). It ends at the
// first error. What a query had found that ran for too long is not given.
func (s *Session) LakeRows(ctx context.Context, q LakeQuery) iter.Seq2[[]string, error] {
	return sqlQuery{
		start: func() (string, error) { return s.startQuery(ctx, q) },
		ended: func(id string) (bool, error) { return s.queryEnded(ctx, q, id) },
		page:  func(id, token string) ([][]string, string, error) { return s.queryResults(ctx, q, id, token) },
	}.rows(ctx)
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartQuery.html
func (s *Session) startQuery(ctx context.Context, q LakeQuery) (string, error) {
	var out struct{ QueryID string }
	err := s.lake(ctx, q.Region, "StartQuery", struct{ QueryStatement string }{q.SQL}, &out)
	return out.QueryID, err
}

// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeQuery.html
func (s *Session) queryEnded(ctx context.Context, q LakeQuery, id string) (bool, error) {
	var out struct {
		QueryStatus, ErrorMessage string
		QueryStatistics           struct{ BytesScanned int64 }
	}
	if err := s.lake(ctx, q.Region, "DescribeQuery", struct{ QueryId string }{id}, &out); err != nil {
		return false, err
	}
	switch out.QueryStatus {
	case "QUEUED", "RUNNING":
		return false, nil
	}
	if q.Scanned != nil {
		q.Scanned(out.QueryStatistics.BytesScanned)
	}
	if out.QueryStatus != "FINISHED" {
		return false, s.fail("cloudtrail:DescribeQuery", unanswered(out.QueryStatus, out.ErrorMessage))
	}
	return true, nil
}

// queryResults reads a page: each row is a list of columns, each column an
// object of one member.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetQueryResults.html
func (s *Session) queryResults(ctx context.Context, q LakeQuery, id, token string) (rows [][]string, next string, err error) {
	in := struct {
		QueryId         string
		MaxQueryResults int
		NextToken       string `json:",omitempty"`
	}{id, queryResults, token}
	var out struct {
		QueryStatus, ErrorMessage, NextToken string
		QueryResultRows                      [][]map[string]string
	}
	err = s.lake(ctx, q.Region, "GetQueryResults", in, &out)
	if err == nil && out.QueryStatus != "FINISHED" { // it would not be all
		err = s.fail("cloudtrail:GetQueryResults", unanswered(out.QueryStatus, out.ErrorMessage))
	}
	if err != nil {
		return nil, "", err
	}
	for _, told := range out.QueryResultRows {
		row, err := columnsOf(told, q.Columns)
		if err != nil {
			return nil, "", s.fail("cloudtrail:GetQueryResults", err)
		}
		rows = append(rows, row)
	}
	return rows, out.NextToken, nil
}

// columnsOf puts a row's columns in order. Columns that nobody asked for are of
// another query.
func columnsOf(told []map[string]string, names []string) ([]string, error) {
	row := make([]string, len(names))
	for _, column := range told {
		for name, value := range column {
			i := slices.Index(names, strings.ToLower(name))
			if i < 0 {
				return nil, fmt.Errorf("a row has a column %q, which was not asked for", name)
			}
			row[i] = value
		}
	}
	return row, nil
}
