package journal

import (
	"context"
	"errors"
	"fmt"
)

// Tampering is one thing found wrong with the chain.
type Tampering struct {
	Seq  int64  // of the event; 0: not about one
	What string // a sentence
}

// Error implements error.
func (t *Tampering) Error() string {
	if t.Seq == 0 {
		return t.What
	}
	return fmt.Sprintf("audit event %d %s", t.Seq, t.What)
}

// Verify walks the whole chain and every record, and returns how many events
// there are and what is wrong, joined, each a *Tampering. known are marks kept
// outside: without one, a chain that was cut off at its end, or computed anew
// from the start, can't be told from an honest one.
func (j *Journal) Verify(ctx context.Context, known ...Mark) (int64, error) {
	v := verifier{known: map[int64]string{}, records: map[string]Entry{}}
	for _, m := range known {
		v.known[m.Seq] = m.Hash
	}
	for l, err := range j.links(ctx) {
		if err != nil {
			return v.count, fmt.Errorf("verify audit: %w", err)
		}
		v.link(l)
	}
	v.cutOff(known)
	if err := v.compareRecords(ctx, j); err != nil {
		return v.count, fmt.Errorf("verify audit: %w", err)
	}
	return v.count, errors.Join(v.found...)
}

type verifier struct {
	count   int64
	last    link
	known   map[int64]string
	records map[string]Entry // by record ID, the last entry about it
	found   []error
}

func (v *verifier) add(seq int64, format string, args ...any) {
	v.found = append(v.found, &Tampering{Seq: seq, What: fmt.Sprintf(format, args...)})
}

// link checks one entry against its hash, its place and the one before.
func (v *verifier) link(l link) {
	v.count++
	e, err := l.entry()
	switch {
	case err != nil:
		v.add(l.seq, "is not an event any more: %v", err)
	case sum(l.body) != l.hash:
		v.add(l.seq, "was changed: its text does not give its hash")
	case l.seq != v.last.seq+1:
		v.add(v.last.seq+1, "was removed: the chain goes from %d to %d", v.last.seq, l.seq)
	case e.Seq != l.seq:
		v.add(l.seq, "was moved: it was written as event %d", e.Seq)
	case e.Prev != v.last.hash:
		v.add(l.seq, "does not follow event %d: one of them was replaced", v.last.seq)
	}
	if want, ok := v.known[l.seq]; ok && want != l.hash {
		v.add(l.seq, "is not the one whose hash was kept outside: the chain was computed anew")
	}
	if err == nil && e.Event.Record != "" { // a person's word about no record belongs to none
		v.records[e.Event.Record] = e
	}
	v.last = l
}

// cutOff finds marks beyond the chain's end.
func (v *verifier) cutOff(known []Mark) {
	for _, m := range known {
		if m.Seq > v.last.seq {
			v.add(m.Seq, "is missing: its hash was kept outside, but the chain ends at %d", v.last.seq)
		}
	}
}

// compareRecords finds records that are not what their last event left.
func (v *verifier) compareRecords(ctx context.Context, j *Journal) error {
	rows, err := j.db.QueryContext(ctx, `select id, version, name, body from record order by id`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, name, body string
		var version int64
		if err := rows.Scan(&id, &version, &name, &body); err != nil {
			return err
		}
		last, ok := v.records[id]
		delete(v.records, id)
		if !ok || last.Version != version || last.Record != sum(body) {
			v.add(0, "record %s of user %s was changed behind the audit's back", id, name)
		}
	}
	for id, last := range v.records {
		v.add(last.Seq, "is about record %s, which was removed", id)
	}
	return rows.Err()
}
