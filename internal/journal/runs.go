package journal

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// Run is how many keys were left when they were all looked at.
type Run struct {
	At       time.Time // UTC
	Accounts int       // that were read
	Keys     int       // Active
	Retired  int       // that had gone by way of a role by then
	Partial  bool      // not everything could be read
}

// runsShown is how many runs are returned.
const runsShown = 12

// KeepRun writes a run down, in the place of an earlier one of the same day, and
// returns the latest runs of the same scope, the oldest first: this one is the last.
func (j *Journal) KeepRun(ctx context.Context, scope string, r Run) ([]Run, error) {
	err := j.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `insert or replace into run (scope, day, at, accounts, keys, retired, partial) values (?, ?, ?, ?, ?, ?, ?)`,
			scope, r.At.UTC().Format(time.DateOnly), stamp(r.At), r.Accounts, r.Keys, r.Retired, r.Partial)
		return err
	})
	var runs []Run
	if err == nil {
		err = j.each(ctx, func(rows *sql.Rows) error {
			var at string
			var r Run
			err := rows.Scan(&at, &r.Accounts, &r.Keys, &r.Retired, &r.Partial)
			r.At = parsed(at)
			runs = append(runs, r)
			return err
		}, `select at, accounts, keys, retired, partial from run where scope = ? order by day desc limit ?`, scope, runsShown)
	}
	slices.Reverse(runs)
	return runs, wrapped("write down how many keys are left", err)
}
