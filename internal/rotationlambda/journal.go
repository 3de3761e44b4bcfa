package rotationlambda

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/rotation"
)

// journal keeps one secret's record in its tags. Secrets Manager has no
// conditional write of tags: that no two invocations run at the same time is the
// lock, and every write is read back.
type journal struct {
	store Store
	arn   string
	clock rotation.Clock
	sleep func(context.Context, time.Duration) error
	log   *slog.Logger

	alarms *int // raised by the invocation

	hand bool // a person in a terminal, who writes no record: no invocation
	// rebuild is the record that an order has rebuilt in the place of one, and how that
	// was found. ErrUnfit: it was not lost, or can't be told.
	rebuild func(ctx context.Context, lost accesskey.Record, named accesskey.ID) (accesskey.Record, string, error)

	tags    map[string]string // as they were last read
	written found
	seen    found
}

// latest is the record as it was last read or written.
func (j *journal) latest() accesskey.Record { return j.seen.Record }

var _ rotation.Journal = (*journal)(nil)

func (j *journal) read(ctx context.Context) (found, error) {
	d, err := j.store.Describe(ctx, j.arn)
	if err != nil {
		return found{}, fmt.Errorf("read the record in the secret's tags: %w", err)
	}
	j.tags = d.Tags
	f, err := unpack(d.Tags)
	if err != nil {
		return found{}, err
	}
	if f.revision < j.written.revision { // an older answer, or a lost request that came late
		f = j.written
	}
	j.seen = f
	return f, nil
}

// Fetch implements rotation.Journal. An invocation carries out first what people
// ordered; for a person the record is as it will be then.
func (j *journal) Fetch(ctx context.Context, subject accesskey.Subject) (accesskey.Record, error) {
	f, err := j.read(ctx)
	switch {
	case err == nil && j.hand:
		f.Record = foreseen(f.Record, ordersIn(j.tags, f), j.clock.Now())
	case err == nil:
		f, err = j.obey(ctx, f)
	}
	switch {
	case err != nil:
		return accesskey.Record{}, err
	case !f.live():
		return accesskey.Record{}, rotation.ErrNoRecord
	case f.Record.Subject.Account != subject.Account || f.Record.Subject.User != subject.User:
		return accesskey.Record{}, fmt.Errorf("the record in the secret's tags is about user %s, its tag %s says %s: put the tag back until that rotation has ended",
			f.Record.Subject.User, UserTag, subject.User)
	}
	return f.Record, nil
}

// Create implements rotation.Journal.
func (j *journal) Create(ctx context.Context, r accesskey.Record, e accesskey.Event) (accesskey.Record, error) {
	f, err := j.read(ctx)
	switch {
	case err != nil:
		return accesskey.Record{}, err
	case f.live():
		return accesskey.Record{}, rotation.ErrExists
	}
	r = r.Clone()
	r.Version = 1
	return r, j.write(ctx, f, r, e)
}

// Replace implements rotation.Journal. There are no budgets here: the lock lets
// one rotation through at a time.
func (j *journal) Replace(ctx context.Context, old, next accesskey.Record, e accesskey.Event, _ ...accesskey.Reservation) (accesskey.Record, error) {
	f, err := j.read(ctx)
	switch {
	case err != nil:
		return accesskey.Record{}, err
	case f.Record.ID != old.ID || f.Record.Version != old.Version, len(ordersIn(j.tags, f)) > 0:
		return accesskey.Record{}, rotation.ErrConflict
	}
	next = next.Clone()
	next.Version = old.Version + 1
	return next, j.write(ctx, f, next, e)
}

// Head implements rotation.Journal.
func (j *journal) Head(ctx context.Context, _ accesskey.Subject) (time.Time, error) {
	f, err := j.read(ctx)
	return f.Acted, err
}

// line is one line of the audit in the function's log. Each names the hash of
// the one before.
type line struct {
	Seq    int64           `json:"seq"`
	Prev   string          `json:"prev"`
	Secret string          `json:"secret"`
	Event  accesskey.Event `json:"event"`
}

// write puts the record down after f, with its audit line. To sweep takes its time,
// in which somebody else may write.
func (j *journal) write(ctx context.Context, f found, r accesskey.Record, e accesskey.Event) error {
	if j.sweep(ctx, f, r.Live()) {
		now, err := j.read(ctx)
		if err != nil {
			return err
		}
		if now.revision != f.revision {
			return rotation.ErrConflict
		}
	}
	audit := line{Seq: f.Seq + 1, Prev: f.Chain, Secret: j.arn, Event: e}
	text, err := json.Marshal(audit)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	next := found{entry{Record: brief(r), Acted: f.Acted, Seq: audit.Seq, Chain: hex.EncodeToString(sum[:]), Orders: f.Orders}, j.revisionAfter(f)}
	if e.Act() {
		next.Acted = e.At
	}
	tags, err := pack(next.entry, next.revision)
	if err != nil {
		return err
	}
	tags[stateTag] = stateOf(r)
	doubt := j.put(ctx, tags, next.revision)
	j.say(ctx, audit, next.Chain, doubt)
	if doubt == nil {
		j.written, j.seen = next, next
	}
	return doubt
}

// sweep takes away what was written before f, if there is much of it or nothing
// more is to come. That may fail, and may come late: what is gone is not missed.
func (j *journal) sweep(ctx context.Context, f found, more bool) (swept bool) {
	stale := older(j.tags, f.revision)
	if len(stale) == 0 || more && len(stale) <= keptTags-mostTags {
		return false
	}
	if err := j.store.Untag(ctx, j.arn, stale); err != nil {
		j.log.WarnContext(ctx, "older records stay in the secret's tags", "secret", j.arn, "error", err.Error())
	}
	return true
}

// revisionAfter is later than every write before, also than one that got lost
// and comes late: it is a time, in milliseconds.
func (j *journal) revisionAfter(f found) int64 {
	return max(f.revision+1, j.clock.Now().UnixMilli())
}

const (
	readBacks   = 5
	readBackGap = time.Second
	writeLife   = time.Minute // how long after now a write may be signed
)

// put writes tags until they are read back, and nothing later stands there:
// ErrConflict, for then they count for nothing. Another error leaves it open whether
// they were written.
func (j *journal) put(ctx context.Context, tags map[string]string, revision int64) error {
	err := j.store.Tag(ctx, j.arn, tags, j.clock.Now().Add(writeLife))
	if stored.Certain(err) {
		return fmt.Errorf("write the record into the secret's tags: %w", stored.NotDone(err))
	}
	for range readBacks {
		d, failed := j.store.Describe(ctx, j.arn)
		switch {
		case failed == nil && latestOf(d.Tags) > revision:
			return fmt.Errorf("write the record into the secret's tags: %w", rotation.ErrConflict)
		case failed == nil && holds(d.Tags, tags):
			return nil
		}
		err = errors.Join(err, failed)
		if slept := j.sleep(ctx, readBackGap); slept != nil {
			break
		}
	}
	if err == nil {
		err = errors.New("another record stands there")
	}
	return fmt.Errorf("write the record into the secret's tags and read it back: %w", err)
}

func holds(tags, want map[string]string) bool {
	for key, value := range want {
		if tags[key] != value {
			return false
		}
	}
	return true
}

// say writes the audit line. One whose record may not have been written says so.
func (j *journal) say(ctx context.Context, audit line, hash string, doubt error) {
	attrs := []slog.Attr{slog.Any("audit", audit), slog.String("hash", hash)}
	level := slog.LevelInfo
	if audit.Event.Alert && audit.Event.What != string(accesskey.Blocked) {
		*j.alarms++
	}
	if audit.Event.Alert {
		level = slog.LevelError
		attrs = append(attrs, slog.Bool("alert", true))
	}
	if doubt != nil {
		attrs = append(attrs, slog.String("doubt", doubt.Error()))
	}
	j.log.LogAttrs(ctx, level, "audit", attrs...)
}

// stateOf is the record in a few words, for whoever looks at the tags. A tag's
// value takes letters, digits, spaces and _.:/=+-@.
func stateOf(r accesskey.Record) string {
	words := string(r.Work) + " of " + string(r.Old)
	if r.New != "" {
		words += " by " + string(r.New)
	}
	words += ": " + string(r.Phase) + " since " + r.Since.UTC().Format("2006-01-02T15:04:05Z")
	if r.Block != nil {
		words += " - " + string(r.Block.Reason)
	}
	return plain(words)
}

// plain leaves out what a tag's value doesn't take.
func plain(text string) string {
	kept := strings.Map(func(c rune) rune {
		if c < 0x80 && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(" _.:/=+-@", c)) {
			return c
		}
		return -1
	}, text)
	return kept[:min(len(kept), tagLength)]
}

// longestNote is what is kept of an error in the record; the log has it whole.
const longestNote = 300

// brief is a record whose notes fit into tags.
func brief(r accesskey.Record) accesskey.Record {
	r = r.Clone()
	cut(&r.Proof.Error)
	cut(&r.OldProof.Error)
	for i := range r.Deliveries {
		cut(&r.Deliveries[i].Error)
	}
	if r.Block != nil {
		cut(&r.Block.Saw)
	}
	r.Watch.Others = maps.Clone(r.Watch.Others)
	return r
}

func cut(text *string) {
	if len(*text) > longestNote {
		*text = strings.ToValidUTF8((*text)[:longestNote], "") + "…"
	}
}
