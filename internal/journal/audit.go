package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

// Entry is one link of the audit chain: an event, what the record became with
// it, and the hash of the link before. Its own hash is the SHA-256 of its JSON
// as stored.
type Entry struct {
	Seq     int64           `json:"seq"`  // 1, 2, 3 …
	Prev    string          `json:"prev"` // hash of entry Seq-1; empty for the first
	Event   accesskey.Event `json:"event"`
	Version int64           `json:"version"` // of the record, after the event
	Record  string          `json:"record"`  // SHA-256 of the record's JSON, after the event
}

// Mark is a point of the chain: kept outside, it shows later whether the chain
// up to there is still what it was.
type Mark struct {
	Seq  int64     `json:"seq"` // 0: no event yet
	Hash string    `json:"hash"`
	At   time.Time `json:"at"` // of the event, UTC
}

// appendEvent adds a link within the transaction of its record.
func appendEvent(ctx context.Context, tx *sql.Tx, r accesskey.Record, body string, e accesskey.Event) error {
	head, err := readHead(tx.QueryRowContext(ctx, headQuery))
	if err != nil {
		return err
	}
	link, err := encode(Entry{Seq: head.Seq + 1, Prev: head.Hash, Event: e, Version: r.Version, Record: sum(body)})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into event (seq, at, account, name, record, body, hash) values (?, ?, ?, ?, ?, ?, ?)`,
		head.Seq+1, stamp(e.At), r.Subject.Account, r.Subject.User, r.ID, link, sum(link))
	return err
}

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

const headQuery = `select seq, hash, at from event order by seq desc limit 1`

func readHead(row *sql.Row) (Mark, error) {
	var m Mark
	var at string
	err := row.Scan(&m.Seq, &m.Hash, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return Mark{}, nil
	}
	if err != nil {
		return Mark{}, err
	}
	m.At, err = time.Parse(time.RFC3339Nano, at)
	return m, err
}

// Latest returns the chain's head, to be published outside.
func (j *Journal) Latest(ctx context.Context) (Mark, error) {
	m, err := readHead(j.db.QueryRowContext(ctx, headQuery))
	if err != nil {
		return m, fmt.Errorf("read audit head: %w", err)
	}
	return m, nil
}

// Head returns the time (UTC) of the latest event about a user that proves that
// we acted (accesskey.Event.Act); zero: none.
func (j *Journal) Head(ctx context.Context, subject accesskey.Subject) (time.Time, error) {
	at, err := j.latestAct(ctx, subject)
	if err != nil {
		return time.Time{}, fmt.Errorf("read audit head of %s in %s: %w", subject.User, subject.Account, err)
	}
	return at, nil
}

func (j *Journal) latestAct(ctx context.Context, subject accesskey.Subject) (time.Time, error) {
	rows, err := j.db.QueryContext(ctx, `select seq, body, hash from event where account = ? and name = ? order by seq desc`, subject.Account, subject.User)
	if err != nil {
		return time.Time{}, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var l link
		if err := rows.Scan(&l.seq, &l.body, &l.hash); err != nil {
			return time.Time{}, err
		}
		e, err := l.entry()
		if err != nil {
			return time.Time{}, fmt.Errorf("event %d: %w", l.seq, err)
		}
		if e.Event.Act() {
			return e.Event.At.UTC(), nil
		}
	}
	return time.Time{}, rows.Err()
}

// Events returns every event about a user, oldest first; about everybody where
// subject is zero.
func (j *Journal) Events(ctx context.Context, subject accesskey.Subject) ([]accesskey.Event, error) {
	var list []accesskey.Event
	for l, err := range j.links(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read audit: %w", err)
		}
		e, err := l.entry()
		if err != nil {
			return nil, fmt.Errorf("read audit event %d: %w", l.seq, err)
		}
		if subject == (accesskey.Subject{}) || e.Event.Account == subject.Account && e.Event.User == subject.User {
			list = append(list, e.Event)
		}
	}
	return list, nil
}

// link is a stored entry.
type link struct {
	seq        int64
	body, hash string
}

func (l link) entry() (Entry, error) {
	var e Entry
	err := json.Unmarshal([]byte(l.body), &e)
	return e, err
}

// links yields the chain in order.
func (j *Journal) links(ctx context.Context) iter.Seq2[link, error] {
	return func(yield func(link, error) bool) {
		rows, err := j.db.QueryContext(ctx, `select seq, body, hash from event order by seq`)
		if err != nil {
			yield(link{}, err)
			return
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var l link
			if err := rows.Scan(&l.seq, &l.body, &l.hash); !yield(l, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(link{}, err)
		}
	}
}

// Export writes the chain as lines of JSON, each an entry with its hash, byte
// for byte as hashed: {"hash":"…","entry":{…}}.
func (j *Journal) Export(ctx context.Context, w io.Writer) error {
	for l, err := range j.links(ctx) {
		if err == nil {
			_, err = fmt.Fprintf(w, "{\"hash\":%q,\"entry\":%s}\n", l.hash, l.body)
		}
		if err != nil {
			return fmt.Errorf("export audit: %w", err)
		}
	}
	return nil
}
