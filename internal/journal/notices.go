package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/notice"
)

// ErrTold says that another process has written down the same digest, or one of
// its rungs: nothing was stored.
var ErrTold = errors.New("told already by another keytend")

// Told returns every rung that somebody was told.
func (j *Journal) Told(ctx context.Context) ([]notice.Told, error) {
	var list []notice.Told
	err := j.each(ctx, func(rows *sql.Rows) error {
		var t notice.Told
		var at string
		if err := rows.Scan(&t.To, &t.Account, &t.User, &t.Thing, &t.Occasion, &t.Step, &at); err != nil {
			return err
		}
		t.At = parsed(at)
		list = append(list, t)
		return nil
	}, `select recipient, account, name, thing, occasion, step, at from told`)
	return list, wrapped("read what was told", err)
}

// LastDigests returns when each recipient had the latest digest.
func (j *Journal) LastDigests(ctx context.Context) (map[string]time.Time, error) {
	latest := map[string]time.Time{}
	err := j.each(ctx, func(rows *sql.Rows) error {
		var to, at string
		if err := rows.Scan(&to, &at); err != nil {
			return err
		}
		latest[to] = parsed(at)
		return nil
	}, `select recipient, max(at) from digest group by recipient`)
	return latest, wrapped("read the latest digests", err)
}

// Intend writes down a digest, what it tells, and the parcels that carry it, in
// one transaction: from then on it is told. ErrTold where that was done before.
func (j *Journal) Intend(ctx context.Context, d notice.Digest, parcels []notice.Parcel) error {
	err := j.write(ctx, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `select count(*) from digest where id = ? or (recipient = ? and day = ?)`, d.ID, d.To, d.Day).Scan(&n); err != nil || n > 0 {
			return errors.Join(err, onlyIf(n > 0, ErrTold))
		}
		if _, err := tx.ExecContext(ctx, `insert into digest (id, recipient, day, at) values (?, ?, ?, ?)`, d.ID, d.To, d.Day, stamp(d.At)); err != nil {
			return err
		}
		for _, t := range d.Told() {
			if err := insertTold(ctx, tx, d.ID, t); err != nil {
				return err
			}
		}
		return insertParcels(ctx, tx, parcels)
	})
	return wrapped("write down the digest for "+d.To, err)
}

func insertTold(ctx context.Context, tx *sql.Tx, digest string, t notice.Told) error {
	done, err := tx.ExecContext(ctx, `insert or ignore into told (recipient, account, name, thing, occasion, step, at, digest) values (?, ?, ?, ?, ?, ?, ?, ?)`,
		t.To, t.Account, t.User, t.Thing, t.Occasion, t.Step, stamp(t.At), digest)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	return errors.Join(err, onlyIf(err == nil && n == 0, ErrTold))
}

func insertParcels(ctx context.Context, tx *sql.Tx, parcels []notice.Parcel) error {
	for _, p := range parcels {
		body, err := encode(p)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `insert or ignore into parcel (id, channel, state, next, tries, body) values (?, ?, ?, ?, ?, ?)`,
			p.ID, p.Channel, p.State, stamp(p.Next), p.Tries, body); err != nil {
			return err
		}
	}
	return nil
}

// Outbox returns the parcels that are to be tried now, the oldest first.
func (j *Journal) Outbox(ctx context.Context, now time.Time) ([]notice.Parcel, error) {
	return j.parcels(ctx, `select body from parcel where state = 'pending' and next <= ? order by next, id`, stamp(now))
}

// Parcels returns every parcel of a state, the oldest first.
func (j *Journal) Parcels(ctx context.Context, state notice.State) ([]notice.Parcel, error) {
	return j.parcels(ctx, `select body from parcel where state = ? order by next, id`, string(state))
}

func (j *Journal) parcels(ctx context.Context, query string, args ...any) ([]notice.Parcel, error) {
	var list []notice.Parcel
	err := j.each(ctx, func(rows *sql.Rows) error {
		var body string
		var p notice.Parcel
		if err := rows.Scan(&body); err != nil {
			return err
		}
		list = append(list, p)
		return json.Unmarshal([]byte(body), &list[len(list)-1])
	}, query, args...)
	return list, wrapped("read the outbox", err)
}

// Revive has parcels that were given up tried again, and returns how many.
func (j *Journal) Revive(ctx context.Context, now time.Time) (n int64, err error) {
	dead, err := j.Parcels(ctx, notice.Dead)
	if err != nil {
		return 0, err
	}
	for _, before := range dead {
		after := before
		after.State, after.Tries, after.Next = notice.Pending, 0, now
		if err := j.Settle(ctx, before, after, nil); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Settle writes down what became of a try, and in the same transaction the
// alarms it gives rise to. Where another process has settled a try meanwhile,
// it changes nothing.
func (j *Journal) Settle(ctx context.Context, before, after notice.Parcel, alarms []notice.Parcel) error {
	if after.State == notice.Sent {
		after.Text, after.HTML, after.Data = "", "", nil // the receiver has it
	}
	err := j.write(ctx, func(tx *sql.Tx) error {
		body, err := encode(after)
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `update parcel set state = ?, next = ?, tries = ?, body = ? where id = ? and state = ? and tries = ?`,
			after.State, stamp(after.Next), after.Tries, body, before.ID, before.State, before.Tries)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return insertParcels(ctx, tx, alarms)
	})
	return wrapped("write down what became of notice "+before.ID, err)
}

// Acknowledge keeps an acknowledgement in the place of an earlier one of the
// same user and key, with its event in the audit.
func (j *Journal) Acknowledge(ctx context.Context, a notice.Ack) error {
	err := j.write(ctx, func(tx *sql.Tx) error {
		body, err := encode(a)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `insert or replace into ack (account, name, thing, until, body) values (?, ?, ?, ?, ?)`,
			a.Account, a.User, a.Thing, stamp(a.Until), body); err != nil {
			return err
		}
		// Not under the user's own events: those tell how old this journal is
		// beside what AWS shows (rule 18), which a person's word does not.
		return appendEvent(ctx, tx, accesskey.Record{}, "", accesskey.Event{
			At: a.At, Who: a.By, What: "acknowledged until " + a.Until.UTC().Format(time.DateOnly),
			Account: a.Account, User: a.User, Key: accesskey.ID(a.Thing), Note: a.Why,
		})
	})
	return wrapped("acknowledge for "+a.User, err)
}

// Acks returns the acknowledgements that may hold at a moment.
func (j *Journal) Acks(ctx context.Context, now time.Time) ([]notice.Ack, error) {
	var list []notice.Ack
	err := j.each(ctx, func(rows *sql.Rows) error {
		var body string
		var a notice.Ack
		if err := rows.Scan(&body); err != nil {
			return err
		}
		list = append(list, a)
		return json.Unmarshal([]byte(body), &list[len(list)-1])
	}, `select body from ack where until > ? order by account, name, thing`, stamp(now))
	return list, wrapped("read acknowledgements", err)
}

func (j *Journal) each(ctx context.Context, take func(*sql.Rows) error, query string, args ...any) error {
	rows, err := j.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func wrapped(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// parsed reads a stamp; what can't be read is the zero time.
func parsed(text string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, text)
	return t
}
