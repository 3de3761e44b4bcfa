package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

// Fetch returns the live record of a user, or rotation.ErrNoRecord.
func (j *Journal) Fetch(ctx context.Context, subject accesskey.Subject) (accesskey.Record, error) {
	row := j.db.QueryRowContext(ctx, `select body from record where account = ? and name = ? and live = 1`, subject.Account, subject.User)
	r, err := scanRecord(row)
	if errors.Is(err, sql.ErrNoRows) {
		return r, rotation.ErrNoRecord
	}
	if err != nil {
		return r, fmt.Errorf("read record of %s in %s: %w", subject.User, subject.Account, err)
	}
	return r, nil
}

// Create stores a new record with Version 1 and its first event, or returns
// rotation.ErrExists where the user has a live record already.
func (j *Journal) Create(ctx context.Context, r accesskey.Record, e accesskey.Event) (accesskey.Record, error) {
	r = r.Clone()
	r.Version = 1
	err := j.write(ctx, func(tx *sql.Tx) error {
		taken, err := exists(ctx, tx, r)
		if err != nil || taken {
			return errors.Join(err, onlyIf(taken, rotation.ErrExists))
		}
		body, err := encode(r)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `insert into record (id, version, account, name, live, started, ended, body) values (?, 1, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.Subject.Account, r.Subject.User, r.Live(), stamp(r.Started), ended(r), body); err != nil {
			return err
		}
		return finish(ctx, tx, r, body, e)
	})
	if err != nil {
		return accesskey.Record{}, fmt.Errorf("create record of %s in %s: %w", r.Subject.User, r.Subject.Account, err)
	}
	return r, nil
}

func onlyIf(cond bool, err error) error {
	if cond {
		return err
	}
	return nil
}

// exists reports whether the user has a live record or the ID is taken.
func exists(ctx context.Context, tx *sql.Tx, r accesskey.Record) (bool, error) {
	var n int
	err := tx.QueryRowContext(ctx, `select count(*) from record where id = ? or (account = ? and name = ? and live = 1)`,
		r.ID, r.Subject.Account, r.Subject.User).Scan(&n)
	return n > 0, err
}

// Replace puts next in the place of old (by ID and Version) with its event, and
// returns it with its new Version; rotation.ErrConflict where another version
// stands there, rotation.ErrBudget where a reservation can't be had.
func (j *Journal) Replace(ctx context.Context, old, next accesskey.Record, e accesskey.Event, reserve ...accesskey.Reservation) (accesskey.Record, error) {
	next = next.Clone()
	next.Version = old.Version + 1
	err := j.write(ctx, func(tx *sql.Tx) error {
		if next.ID != old.ID || next.Subject != old.Subject {
			return errors.New("a replacement must keep ID and subject")
		}
		for _, r := range reserve {
			if err := admit(ctx, tx, next.ID, r); err != nil {
				return err
			}
		}
		body, err := encode(next)
		if err != nil {
			return err
		}
		if err := swap(ctx, tx, old, next, body); err != nil {
			return err
		}
		return finish(ctx, tx, next, body, e)
	})
	if err != nil {
		return accesskey.Record{}, fmt.Errorf("replace record of %s in %s: %w", old.Subject.User, old.Subject.Account, err)
	}
	return next, nil
}

func swap(ctx context.Context, tx *sql.Tx, old, next accesskey.Record, body string) error {
	done, err := tx.ExecContext(ctx, `update record set version = ?, live = ?, ended = ?, body = ? where id = ? and version = ?`,
		next.Version, next.Live(), ended(next), body, old.ID, old.Version)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n != 1 {
		return rotation.ErrConflict
	}
	return err
}

// admit refuses a reservation whose budget is drawn already. The record's own
// draws don't count.
func admit(ctx context.Context, tx *sql.Tx, id string, r accesskey.Reservation) error {
	n, err := drawn(ctx, tx, id, r)
	if err != nil {
		return err
	}
	if n >= r.Limit {
		return fmt.Errorf("%s: %d of %d: %w", r.Budget, n, r.Limit, rotation.ErrBudget)
	}
	return nil
}

// drawn counts what is drawn on a budget by other records than the one of the
// given ID.
func drawn(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, id string, r accesskey.Reservation) (n int, err error) {
	query, args := `select count(*) from draw join record on record.id = draw.record where budget = ? and record.id <> ? and live = 1`, []any{r.Budget, id}
	if !r.Since.IsZero() {
		query, args = `select count(*) from draw where budget = ? and record <> ? and at >= ?`, append(args, stamp(r.Since))
	}
	err = db.QueryRowContext(ctx, query, args...).Scan(&n)
	return n, err
}

// finish writes what goes with every record: its draws and its event.
func finish(ctx context.Context, tx *sql.Tx, r accesskey.Record, body string, e accesskey.Event) error {
	if _, err := tx.ExecContext(ctx, `delete from draw where record = ?`, r.ID); err != nil {
		return err
	}
	for _, d := range r.Reserved {
		if _, err := tx.ExecContext(ctx, `insert or replace into draw (record, budget, at) values (?, ?, ?)`, r.ID, d.Budget, stamp(d.At)); err != nil {
			return err
		}
	}
	return appendEvent(ctx, tx, r, body, e)
}

// List returns records, oldest first: those of one account, or of all where
// account is empty; ended ones too where asked.
func (j *Journal) List(ctx context.Context, account string, ended bool) ([]accesskey.Record, error) {
	var where []string
	var args []any
	if account != "" {
		where, args = append(where, "account = ?"), append(args, account)
	}
	if !ended {
		where = append(where, "live = 1")
	}
	query := `select body from record`
	if len(where) > 0 {
		query += ` where ` + strings.Join(where, " and ")
	}
	rows, err := j.db.QueryContext(ctx, query+` order by started, id`, args...)
	return records(rows, err)
}

// Recent returns the records of one account that are live or ended since, oldest
// first.
func (j *Journal) Recent(ctx context.Context, account string, since time.Time) ([]accesskey.Record, error) {
	rows, err := j.db.QueryContext(ctx, recentOf, account, account, stamp(since))
	return records(rows, err)
}

// An account's history is not read through for what is asked of every account,
// every time: each part of these goes by an index of its own.
const (
	recentOf = `select body from (
		select body, started, id from record where account = ? and ended = ''
		union all select body, started, id from record where account = ? and ended >= ?
	) order by started, id`

	plannedOf = `select body from (
		select body, started, id from record where account = ? and ended = ''
		union all select body, started, id from record where account = ? and live = 0 and body ->> '$.rejection' is not null
	) order by started, id`
)

// ended is when a record ended, as it is asked for; empty: it is live.
func ended(r accesskey.Record) string {
	if r.Live() {
		return ""
	}
	return stamp(r.Ended)
}

func scanRecord(row interface{ Scan(...any) error }) (accesskey.Record, error) {
	var body string
	var r accesskey.Record
	if err := row.Scan(&body); err != nil {
		return r, err
	}
	err := json.Unmarshal([]byte(body), &r)
	return r, err
}

func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// stamp spells a time so that text sorts as time does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// Drawn returns how many records count for a budget, as Replace counts them.
func (j *Journal) Drawn(ctx context.Context, r accesskey.Reservation) (int, error) {
	n, err := drawn(ctx, j.db, "", r)
	if err != nil {
		return 0, fmt.Errorf("read budget %s: %w", r.Budget, err)
	}
	return n, nil
}

// Account returns the records of one account that a plan rests on, oldest
// first: live ones, and those that a person rejected.
func (j *Journal) Account(ctx context.Context, account string) ([]accesskey.Record, error) {
	rows, err := j.db.QueryContext(ctx, plannedOf, account, account)
	return records(rows, err)
}

func records(rows *sql.Rows, err error) ([]accesskey.Record, error) {
	if err != nil {
		return nil, fmt.Errorf("list records: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []accesskey.Record
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, fmt.Errorf("list records: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}
