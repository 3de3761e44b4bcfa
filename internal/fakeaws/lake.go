package fakeaws

import (
	"maps"
	"regexp"
	"slices"
	"time"
)

// lakeActions are CloudTrail Lake as far as one question goes: where keys were
// used, asked of an event data store. Other queries fail.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-lake.html
func lakeActions() map[string]action {
	return map[string]action{
		"GetEventDataStore":   {do: getEventDataStore, on: onEventStore, reads: true},
		"ListEventDataStores": {do: listEventDataStores, reads: true},
		"StartQuery":          {do: startLakeQuery, on: onStatement, reads: true},
		"DescribeQuery":       {do: describeQuery, on: onLakeQuery, reads: true},
		"GetQueryResults":     {do: getLakeResults, on: onLakeQuery, reads: true},
	}
}

// How long a query waits and runs, and how many an account may have under way.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
const (
	lakeQueued   = 20 * time.Millisecond
	lakeRuns     = 60 * time.Millisecond
	lakeAtOnce   = 10
	lakeKept     = 7 * 24 * time.Hour
	bytesOfEvent = 512
)

// lakeQuery is a query that was begun.
type lakeQuery struct {
	region, store, statement string // the store's ARN
	begun                    time.Time
	outcome, why             string
	rows                     [][]string
	scanned, matched         int
}

func (q *lakeQuery) status(now time.Time) string {
	switch age := now.Sub(q.begun); {
	case age < lakeQueued:
		return "QUEUED"
	case age < lakeQueued+lakeRuns:
		return "RUNNING"
	}
	return q.outcome
}

func (q *lakeQuery) ended(now time.Time) bool { return now.Sub(q.begun) >= lakeQueued+lakeRuns }

// fromStore finds the event data store in a statement.
var fromStore = regexp.MustCompile(`(?is)^\s*SELECT\s.*?\sFROM\s+([A-Za-z0-9-]+)`)

func storeIn(statement string) string {
	if m := fromStore.FindStringSubmatch(statement); m != nil {
		return m[1]
	}
	return ""
}

type lakeInput struct{ QueryStatement, DeliveryS3Uri string }

// onStatement is the store that the statement asks.
func onStatement(r *request) target {
	in, _ := decode[lakeInput](r)
	return target{arn: EventDataStoreSpec{ID: storeIn(in.QueryStatement), Region: r.region}.arn(r.account)}
}

func startLakeQuery(r *request) (any, *apiError) {
	in, err := decode[lakeInput](r)
	if err != nil {
		return nil, err
	}
	id := storeIn(in.QueryStatement)
	switch {
	case in.QueryStatement == "" || len(in.QueryStatement) > 10000:
		return nil, trailError("InvalidParameterException", "The query statement must have between 1 and 10000 characters.")
	case in.DeliveryS3Uri != "":
		return nil, trailError("UnsupportedOperationException", "The simulated CloudTrail delivers no results to S3.")
	case id == "":
		return nil, trailError("InvalidQueryStatementException", "The query that was submitted has validation errors, or uses incorrect syntax or unsupported keywords.")
	}
	store, err := r.eventStore(id)
	switch {
	case err != nil:
		return nil, err
	case store.Status == "PENDING_DELETION":
		return nil, trailError("InactiveEventDataStoreException", "The event data store is inactive.")
	case r.account.underWay(r.now) >= lakeAtOnce:
		return nil, trailError("MaxConcurrentQueriesException", "You are already running the maximum number of concurrent queries. Wait a minute for some queries to finish, and then run the query again.")
	}
	query := uuidOf(r.id, "lake")
	if r.account.lake == nil {
		r.account.lake = map[string]*lakeQuery{}
	}
	r.account.lake[query] = r.lakeQuery(store, in.QueryStatement)
	return struct {
		QueryID string `json:"QueryId"`
	}{query}, nil
}

// underWay is how many queries are queued or running. Those that are too old to
// be asked about are forgotten.
func (acct *account) underWay(now time.Time) int {
	n := 0
	maps.DeleteFunc(acct.lake, func(_ string, q *lakeQuery) bool { return now.Sub(q.begun) > lakeKept })
	for _, q := range acct.lake {
		if !q.ended(now) {
			n++
		}
	}
	return n
}

func (r *request) lakeQuery(store EventDataStoreSpec, statement string) *lakeQuery {
	q := &lakeQuery{region: r.region, store: store.arn(r.account), statement: statement, begun: r.now, outcome: "FINISHED"}
	question, ok := understood(lakeForm, time.DateTime, statement)
	switch {
	case store.Outcome != "":
		q.outcome, q.why = store.Outcome, "The query ended without an answer."
	case !ok:
		q.outcome, q.why = "FAILED", "The simulated CloudTrail Lake answers one question: where keys were used."
	default:
		q.answer(r, store, question)
	}
	return q
}

// answer counts the events of the store. An organization's has those of accounts
// that somebody has touched.
func (q *lakeQuery) answer(r *request, store EventDataStoreSpec, question eventsQuestion) {
	accounts := []*account{r.account}
	if store.Organization {
		accounts = slices.Collect(maps.Values(r.aws.accounts))
	}
	sums := eventSums{}
	for _, acct := range accounts {
		for _, list := range [][]Event{acct.events, acct.data} {
			for i := range list {
				if !store.has(acct, &list[i], r.now, r.aws.config.TrailDelay) {
					continue
				}
				seen := acct.seen(&list[i])
				q.scanned += bytesOfEvent
				sums.add(question, acct, &seen)
			}
		}
	}
	q.rows = sums.rows()
	q.matched = len(q.rows)
}

// lakeQueryAsked finds the query that a call names; nil: there is none.
func (r *request) lakeQueryAsked() (*lakeQuery, string) {
	in, _ := decode[struct{ QueryID string }](r)
	if q := r.account.lake[in.QueryID]; q != nil && q.region == r.region {
		return q, in.QueryID
	}
	return nil, in.QueryID
}

func onLakeQuery(r *request) target {
	if q, _ := r.lakeQueryAsked(); q != nil {
		return target{arn: q.store}
	}
	return target{arn: "*"}
}

func (r *request) lakeQueryThere() (*lakeQuery, string, *apiError) {
	q, id := r.lakeQueryAsked()
	switch {
	case len(id) != 36:
		return nil, "", trailError("InvalidParameterException", "The query ID is not valid.")
	case q == nil:
		return nil, "", trailError("QueryIdNotFoundException", "The query ID does not exist or does not map to a query.")
	}
	return q, id, nil
}

func describeQuery(r *request) (any, *apiError) {
	q, id, err := r.lakeQueryThere()
	if err != nil {
		return nil, err
	}
	type statistics struct {
		EventsMatched, EventsScanned, BytesScanned, ExecutionTimeInMillis int
		CreationTime                                                      epoch
	}
	out := struct {
		QueryID                  string `json:"QueryId"`
		QueryString, QueryStatus string
		QueryStatistics          statistics
		ErrorMessage             string `json:",omitempty"`
	}{QueryID: id, QueryString: q.statement, QueryStatus: q.status(r.now), QueryStatistics: statistics{CreationTime: epoch(q.begun)}}
	if q.ended(r.now) {
		out.ErrorMessage = q.why
		out.QueryStatistics = statistics{q.matched, q.scanned / bytesOfEvent, q.scanned, int(lakeRuns.Milliseconds()), epoch(q.begun)}
	}
	return out, nil
}

func getLakeResults(r *request) (any, *apiError) {
	q, id, err := r.lakeQueryThere()
	if err != nil {
		return nil, err
	}
	in, err := decode[struct {
		MaxQueryResults *int
		NextToken       string
	}](r)
	if err != nil {
		return nil, err
	}
	type statistics struct{ ResultsCount, TotalResultsCount, BytesScanned int }
	out := struct {
		QueryStatus     string
		QueryStatistics statistics
		QueryResultRows [][]map[string]string
		NextToken       string `json:",omitempty"`
		ErrorMessage    string `json:",omitempty"`
	}{QueryStatus: q.status(r.now), QueryResultRows: [][]map[string]string{}}
	if !q.ended(r.now) {
		return out, nil
	}
	rows, next, err := lakePage(r, q.rows, in.MaxQueryResults, in.NextToken, id)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		var columns []map[string]string
		for i, value := range row {
			columns = append(columns, map[string]string{eventColumns[i]: value})
		}
		out.QueryResultRows = append(out.QueryResultRows, columns)
	}
	out.NextToken, out.ErrorMessage, out.QueryStatistics = next, q.why, statistics{len(rows), len(q.rows), q.scanned}
	return out, nil
}
