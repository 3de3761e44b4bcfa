package awsapi

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// AthenaQuery is one query.
type AthenaQuery struct {
	SQL       string
	Database  string
	Output    string // s3://bucket/prefix; empty: the workgroup's
	WorkGroup string // empty: primary
}

// athenaResults is how many rows of results AWS gives at once.
const athenaResults = 1000

// AthenaRows runs a query in the session's region and returns its rows, without
// the header; what is null is empty (athena:StartQueryExecution,
// GetQueryExecution, GetQueryResults, and what the query reads and writes as the
// caller). It ends at the first error.
func (s *Session) AthenaRows(ctx context.Context, q AthenaQuery) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		id, err := s.startQuery(ctx, q)
		if err == nil {
			err = s.awaitQuery(ctx, id)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		header := true
		for token := ""; ; header = false {
			rows, next, err := s.queryResults(ctx, id, token)
			if err != nil {
				yield(nil, err)
				return
			}
			if header && len(rows) > 0 {
				rows = rows[1:]
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			token = next
		}
	}
}

func (s *Session) athena(ctx context.Context, operation string, in, out any) error {
	return s.fail("athena:"+operation, s.wireJSON(ctx, wireCall{service: "Athena", host: "athena", target: "AmazonAthena", action: operation}, in, out))
}

// https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
func (s *Session) startQuery(ctx context.Context, q AthenaQuery) (string, error) {
	type location struct{ OutputLocation string }
	in := struct {
		QueryString           string
		QueryExecutionContext struct{ Database string }
		ResultConfiguration   *location `json:",omitempty"`
		WorkGroup             string    `json:",omitempty"`
	}{QueryString: q.SQL, WorkGroup: q.WorkGroup}
	in.QueryExecutionContext.Database = q.Database
	if q.Output != "" {
		in.ResultConfiguration = &location{q.Output}
	}
	var out struct{ QueryExecutionID string }
	err := s.athena(ctx, "StartQueryExecution", in, &out)
	return out.QueryExecutionID, err
}

// awaitQuery waits until a query has ended. It ends the look, not the query,
// where the context does.
func (s *Session) awaitQuery(ctx context.Context, id string) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 3*time.Second) {
		var out struct {
			QueryExecution struct {
				Status struct{ State, StateChangeReason string }
			}
		}
		if err := s.athena(ctx, "GetQueryExecution", struct{ QueryExecutionId string }{id}, &out); err != nil {
			return err
		}
		switch status := out.QueryExecution.Status; status.State {
		case "SUCCEEDED":
			return nil
		case "FAILED", "CANCELLED":
			return s.fail("athena:GetQueryExecution", fmt.Errorf("the query has %s: %s", lowerState[status.State], status.StateChangeReason))
		}
		select {
		case <-ctx.Done():
			return s.fail("athena:GetQueryExecution", ctx.Err())
		case <-time.After(wait):
		}
	}
}

var lowerState = map[string]string{"FAILED": "failed", "CANCELLED": "been cancelled"}

// https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
func (s *Session) queryResults(ctx context.Context, id, token string) (rows [][]string, next string, err error) {
	in := struct {
		QueryExecutionId string
		MaxResults       int
		NextToken        string `json:",omitempty"`
	}{id, athenaResults, token}
	var out struct {
		NextToken string
		ResultSet struct {
			Rows []struct {
				Data []struct{ VarCharValue string }
			}
		}
	}
	err = s.athena(ctx, "GetQueryResults", in, &out)
	for _, r := range out.ResultSet.Rows {
		row := make([]string, len(r.Data))
		for i, d := range r.Data {
			row[i] = d.VarCharValue
		}
		rows = append(rows, row)
	}
	return rows, out.NextToken, err
}
