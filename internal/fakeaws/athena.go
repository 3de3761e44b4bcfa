package fakeaws

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// athenaService is Athena as far as one question goes: where keys were used,
// asked of a table over the account's trail. Other queries fail, as those do that
// make no sense.
// https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html
func athenaService() service {
	return service{
		name: "athena", source: "athena.amazonaws.com", protocol: json11, target: "AmazonAthena",
		actions: map[string]action{
			"StartQueryExecution": {do: startQueryExecution},
			"GetQueryExecution":   {do: getQueryExecution, reads: true},
			"GetQueryResults":     {do: getQueryResults, reads: true},
		},
	}
}

// athenaQuery is a query that was run.
type athenaQuery struct {
	state, reason string
	rows          [][]string // with the header
}

type startQueryInput struct {
	QueryString           string
	QueryExecutionContext struct{ Database string }
	ResultConfiguration   struct{ OutputLocation string }
	WorkGroup             string
}

func startQueryExecution(r *request) (any, *apiError) {
	in, err := decode[startQueryInput](r)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(in.ResultConfiguration.OutputLocation, "s3://") {
		return nil, &apiError{Status: 400, Code: "InvalidRequestException", Message: "No output location provided. An output location is required either through the Workgroup result configuration setting or as an API input."}
	}
	id := uuidOf(r.id, "query")
	if r.account.queries == nil {
		r.account.queries = map[string]*athenaQuery{}
	}
	r.account.queries[id] = r.run(in)
	return struct {
		QueryExecutionID string `json:"QueryExecutionId"`
	}{id}, nil
}

// run runs a query with the caller's own rights.
func (r *request) run(in startQueryInput) *athenaQuery {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(in.ResultConfiguration.OutputLocation, "s3://"), "/")
	for _, need := range []struct{ permission, arn string }{
		{"glue:GetTable", "arn:aws:glue:" + r.region + ":" + r.account.id + ":catalog"},
		{"s3:GetBucketLocation", "arn:aws:s3:::" + bucket}, {"s3:ListBucket", "arn:aws:s3:::" + bucket},
		{"s3:GetObject", "arn:aws:s3:::" + bucket + "/x"}, {"s3:PutObject", "arn:aws:s3:::" + bucket + "/x"},
	} {
		if err := r.permit(need.permission, target{arn: need.arn}, r.account, "", false); err != nil {
			return &athenaQuery{state: "FAILED", reason: err.Message}
		}
	}
	q, ok := understood(athenaForm, time.RFC3339, in.QueryString)
	switch {
	case !ok:
		return &athenaQuery{state: "FAILED", reason: "SYNTAX_ERROR: line 1:1: mismatched input"}
	case !slices.Contains(r.account.spec.AthenaTables, q.table):
		return &athenaQuery{state: "FAILED", reason: "TABLE_NOT_FOUND: line 1:8: Table 'awsdatacatalog." + q.table + "' does not exist"}
	}
	sums := eventSums{}
	for _, list := range [][]Event{r.account.events, r.account.data} {
		for i := range list {
			sums.add(q, r.account, &list[i])
		}
	}
	return &athenaQuery{state: "SUCCEEDED", rows: append([][]string{eventColumns}, sums.rows()...)}
}

func (r *request) queryAsked() (*athenaQuery, string, *apiError) {
	in, err := decode[struct{ QueryExecutionID, NextToken string }](r)
	if err != nil {
		return nil, "", err
	}
	q := r.account.queries[in.QueryExecutionID]
	if q == nil {
		return nil, "", &apiError{Status: 400, Code: "InvalidRequestException", Message: "QueryExecution " + in.QueryExecutionID + " was not found"}
	}
	return q, in.NextToken, nil
}

func getQueryExecution(r *request) (any, *apiError) {
	q, _, err := r.queryAsked()
	if err != nil {
		return nil, err
	}
	type status struct{ State, StateChangeReason string }
	return map[string]any{"QueryExecution": map[string]any{"Status": status{q.state, q.reason}}}, nil
}

// athenaPage is how many rows come at once.
const athenaPage = 1000

func getQueryResults(r *request) (any, *apiError) {
	q, token, err := r.queryAsked()
	if err != nil {
		return nil, err
	}
	from, _ := strconv.Atoi(token) // none: from the first
	if from < 0 || from > len(q.rows) {
		return nil, &apiError{Status: 400, Code: "InvalidRequestException", Message: "Invalid token"}
	}
	type datum struct {
		VarCharValue string `json:",omitempty"`
	}
	type row struct{ Data []datum }
	rows, next := []row{}, ""
	for _, values := range q.rows[from:min(len(q.rows), from+athenaPage)] {
		var data []datum
		for _, value := range values {
			data = append(data, datum{value})
		}
		rows = append(rows, row{data})
	}
	if from+athenaPage < len(q.rows) {
		next = strconv.Itoa(from + athenaPage)
	}
	out := map[string]any{"ResultSet": map[string]any{"Rows": rows}}
	if next != "" {
		out["NextToken"] = next
	}
	return out, nil
}
