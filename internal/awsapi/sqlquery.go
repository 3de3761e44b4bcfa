package awsapi

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"
)

// sqlQuery is a query that AWS runs on its own: begun, waited for, read page by
// page.
type sqlQuery struct {
	start func() (id string, err error)
	// ended reports whether it has; an error where it won't give an answer.
	ended func(id string) (bool, error)
	page  func(id, token string) (rows [][]string, next string, err error)
}

// queryResults is how many rows of results Athena and CloudTrail Lake give at
// once.
const queryResults = 1000

// rows runs the query and pages through its rows. It ends at the first error.
func (q sqlQuery) rows(ctx context.Context) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		id, err := q.start()
		if err == nil {
			err = q.await(ctx, id)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		for token := ""; ; {
			rows, next, err := q.page(id, token)
			if err != nil {
				yield(nil, err)
				return
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

// await waits until a query has ended. It ends the look, not the query, where
// the context does.
func (q sqlQuery) await(ctx context.Context, id string) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 3*time.Second) {
		if ended, err := q.ended(id); ended || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for query %s: %w", id, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// unanswered is the error of a query that ended without an answer.
func unanswered(state, why string) error {
	text, known := lowerState[state]
	if !known {
		text = "come to state " + state
	}
	if why = strings.TrimSuffix(why, "."); why != "" {
		text += ": " + why
	}
	return fmt.Errorf("the query has %s", text)
}

var lowerState = map[string]string{"FAILED": "failed", "CANCELLED": "been cancelled", "TIMED_OUT": "run for longer than AWS lets it"}
