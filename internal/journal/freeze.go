package journal

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

// Freeze puts a person's order to stop everything, for all accounts in this file,
// on record, with its event.
func (j *Journal) Freeze(ctx context.Context, o rotation.Freeze) error {
	err := j.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `insert into freeze (began, until, why, who) values (?, ?, ?, ?)`,
			stamp(o.From), stampOrNone(o.Until), o.Why, o.By); err != nil {
			return err
		}
		return appendEvent(ctx, tx, accesskey.Record{}, "", accesskey.Event{At: o.From, Who: o.By, What: "freeze", Note: o.Why})
	})
	if err != nil {
		return fmt.Errorf("freeze: %w", err)
	}
	return nil
}

// Lift ends every freeze in force, and returns how many there were.
func (j *Journal) Lift(ctx context.Context, at time.Time, by string) (n int64, err error) {
	err = j.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `update freeze set lifted = ? where lifted = '' and (until = '' or until > ?)`, stamp(at), stamp(at))
		if err != nil {
			return err
		}
		if n, err = done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return appendEvent(ctx, tx, accesskey.Record{}, "", accesskey.Event{At: at, Who: by, What: "lift the freeze"})
	})
	if err != nil {
		return 0, fmt.Errorf("lift the freeze: %w", err)
	}
	return n, nil
}

// Freezes implements rotation.Freezer: those that are neither lifted nor over at
// the given time.
func (j *Journal) Freezes(ctx context.Context, now time.Time) ([]rotation.Freeze, error) {
	rows, err := j.db.QueryContext(ctx, `select began, until, why, who from freeze where lifted = '' and (until = '' or until > ?) order by id`, stamp(now))
	if err != nil {
		return nil, fmt.Errorf("read freezes: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []rotation.Freeze
	for rows.Next() {
		o, err := scanFreeze(rows)
		if err != nil {
			return nil, fmt.Errorf("read freezes: %w", err)
		}
		all = append(all, o)
	}
	return all, rows.Err()
}

func scanFreeze(rows *sql.Rows) (o rotation.Freeze, err error) {
	var from, until string
	if err := rows.Scan(&from, &until, &o.Why, &o.By); err != nil {
		return o, err
	}
	if o.From, err = time.Parse(time.RFC3339Nano, from); err != nil || until == "" {
		return o, err
	}
	o.Until, err = time.Parse(time.RFC3339Nano, until)
	return o, err
}

func stampOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}
