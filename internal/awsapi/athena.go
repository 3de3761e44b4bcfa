package awsapi

import (
	"context"
	"iter"
)

// AthenaQuery is one query.
type AthenaQuery struct {
	SQL       string
	Database  string
	Output    string // s3://bucket/prefix; empty: the workgroup's
	WorkGroup string // empty: primary
}

// AthenaRows runs a query in the session's region and returns its rows, without
// the header; what is null is empty (athena:StartQueryExecution,
// GetQueryExecution, GetQueryResults, and what the query reads and writes as the
// caller). It ends at the first error.
func (s *Session) AthenaRows(ctx context.Context, q AthenaQuery) iter.Seq2[[]string, error] {
	return sqlQuery{
		start: func() (string, error) { return s.startExecution(ctx, q) },
		ended: func(id string) (bool, error) { return s.executionEnded(ctx, id) },
		page:  func(id, token string) ([][]string, string, error) { return s.executionResults(ctx, id, token) },
	}.rows(ctx)
}

func (s *Session) athena(ctx context.Context, operation string, in, out any) error {
	return s.fail("athena:"+operation, s.wireJSON(ctx, wireCall{service: "Athena", host: "athena", target: "AmazonAthena", action: operation}, in, out))
}

// https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
func (s *Session) startExecution(ctx context.Context, q AthenaQuery) (string, error) {
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

// https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryExecution.html
func (s *Session) executionEnded(ctx context.Context, id string) (bool, error) {
	var out struct {
		QueryExecution struct {
			Status struct{ State, StateChangeReason string }
		}
	}
	if err := s.athena(ctx, "GetQueryExecution", struct{ QueryExecutionId string }{id}, &out); err != nil {
		return false, err
	}
	switch status := out.QueryExecution.Status; status.State {
	case "SUCCEEDED":
		return true, nil
	case "QUEUED", "RUNNING":
		return false, nil
	default:
		return false, s.fail("athena:GetQueryExecution", unanswered(status.State, status.StateChangeReason))
	}
}

// https://docs.aws.amazon.com/athena/latest/APIReference/API_GetQueryResults.html
func (s *Session) executionResults(ctx context.Context, id, token string) (rows [][]string, next string, err error) {
	in := struct {
		QueryExecutionId string
		MaxResults       int
		NextToken        string `json:",omitempty"`
	}{id, queryResults, token}
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
	if token == "" && len(rows) > 0 {
		rows = rows[1:] // the header
	}
	return rows, out.NextToken, err
}
