package rotationlambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/destination/stored"
	"github.com/keytend/keytend/internal/rotation"
)

// People's orders wait in tags of their own, one each, until an invocation carries
// them out before its next pass. It alone writes the record, so that neither comes
// over the other, however long either takes.
const orderTag = OwnTags + "order/"

// Order is what a person wants done with the record of a secret's rotation.
type Order struct {
	Record string // its ID, as it was shown
	Answer string // GoBack, or an answer to what blocks: one of policy.Answers
}

// GoBack is the answer that fits any record: the old key comes back.
const GoBack = "rollback"

// Rebuild is the answer to a record that was lost, or put back from a copy. What is
// rebuilt shows when it is carried out. The old key, where a person named it, stands
// behind a slash.
const Rebuild = "recover"

// order is one that waits.
type order struct {
	Order
	tag string
	by  string
	at  time.Time
}

// on is a record as the order leaves it. One that is rebuilt is another then, which
// nobody knows before.
func (o order) on(r accesskey.Record, now time.Time) (accesskey.Record, error) {
	if _, rebuilds := o.rebuilds(); rebuilds {
		return accesskey.Record{ID: o.tag, Subject: r.Subject, Phase: accesskey.Requested}, wanting(r)
	}
	do := rotation.Resolve(o.Answer)
	if o.Answer == GoBack {
		do = rotation.Rollback()
	}
	return do.About(o.Record).On(r, now)
}

// rebuilds: the order is Rebuild, with the old key that a person named.
func (o Order) rebuilds() (named accesskey.ID, is bool) {
	answer, old, _ := strings.Cut(o.Answer, "/")
	return accesskey.ID(old), answer == Rebuild
}

// newOrder gives an order a name that no other has.
func newOrder(o Order, by, word string, now time.Time) order {
	return order{o, orderTag + strconv.FormatInt(now.UnixMilli(), 36) + "/" + word, by, now}
}

// value spells an order for its tag.
func (o order) value() string { return plain(o.Answer + " " + o.Record + " " + o.by) }

// orderIn reads an order's tag; false: it is none.
func orderIn(tag, value string) (order, bool) {
	name, ours := strings.CutPrefix(tag, orderTag)
	first, _, _ := strings.Cut(name, "/")
	at, err := strconv.ParseInt(first, 36, 64)
	words := strings.SplitN(value, " ", 3)
	if !ours || err != nil || len(words) < 3 {
		return order{}, false
	}
	return order{Order{Answer: words[0], Record: words[1]}, tag, words[2], time.UnixMilli(at)}, true
}

// ordersIn are those that wait, the oldest first.
func ordersIn(tags map[string]string, f found) []order {
	var all []order
	for tag, value := range tags {
		if o, ok := orderIn(tag, value); ok && !f.has(tag) {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b order) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.tag, b.tag)) })
	return all
}

// doneFor is how long it is remembered that an order was carried out: a write of its
// tag that got lost may come within a quarter of an hour.
const doneFor = time.Hour

func (e entry) has(tag string) bool {
	return slices.Contains(e.Orders, strings.TrimPrefix(tag, orderTag))
}

// with is an entry that knows what was carried out, and forgets what is long over and
// not in the tags any more.
func (e entry) with(o order, tags map[string]string, now time.Time) entry {
	e.Orders = slices.DeleteFunc(slices.Clone(e.Orders), func(name string) bool {
		_, there := tags[orderTag+name]
		done, ok := orderIn(orderTag+name, "a b c")
		return !there && (!ok || now.Sub(done.at) > doneFor)
	})
	e.Orders = append(e.Orders, strings.TrimPrefix(o.tag, orderTag))
	return e
}

// foreseen is a record as the orders that wait will leave it.
func foreseen(r accesskey.Record, waiting []order, now time.Time) accesskey.Record {
	for _, o := range waiting {
		if next, err := o.on(r, now); err == nil {
			r = next
		}
	}
	return r
}

// obey carries out what people ordered since, and clears it.
func (j *journal) obey(ctx context.Context, f found) (found, error) {
	var done []string
	for tag := range j.tags {
		if strings.HasPrefix(tag, orderTag) {
			done = append(done, tag)
		}
	}
	if len(done) == 0 {
		return f, nil
	}
	for _, o := range ordersIn(j.tags, f) {
		if err := j.carryOut(ctx, f, o); err != nil {
			return f, fmt.Errorf("carry out the %s that %s ordered: %w", o.Answer, o.by, err)
		}
		f = j.seen
	}
	if err := j.store.Untag(ctx, j.arn, done); err != nil {
		j.log.WarnContext(ctx, "orders that were carried out stay in the secret's tags", "secret", j.arn, "error", err.Error())
	}
	return f, nil
}

// carryOut puts an order on record. One that does not fit any more is refused, and
// people are told.
func (j *journal) carryOut(ctx context.Context, f found, o order) error {
	now := j.clock.Now()
	next, note, err := j.ordered(ctx, f, o, now)
	event := accesskey.Event{At: now, Who: o.by, What: o.what(), Note: note, Alert: note != ""}
	switch {
	case err != nil && !errors.Is(err, rotation.ErrUnfit):
		return err
	case err != nil && !f.live():
		*j.alarms++
		j.log.ErrorContext(ctx, "an order was refused", "alert", true, "secret", j.arn, "order", o.Answer, "by", o.by, "why", err.Error())
		return nil
	case err != nil:
		next = f.Record.Clone()
		event.Note, event.Alert = "refused: "+err.Error(), true
	}
	event.Record, event.Account, event.User, event.Key = next.ID, next.Subject.Account, next.Subject.User, next.Old
	next.Version = f.Record.Version + 1
	f.entry = f.with(o, j.tags, now)
	return j.write(ctx, f, next, event)
}

// ordered is the record as an order leaves it, with what is to be said of that.
func (j *journal) ordered(ctx context.Context, f found, o order, now time.Time) (next accesskey.Record, note string, err error) {
	if named, rebuilds := o.rebuilds(); rebuilds {
		return j.rebuild(ctx, f.Record, named)
	}
	if !f.live() {
		return next, "", fmt.Errorf("it came too late: nothing is under way any more: %w", rotation.ErrUnfit)
	}
	next, err = o.on(f.Record, now)
	return next, "", err
}

// what is an order's name in the audit.
func (o Order) what() string {
	switch _, rebuilds := o.rebuilds(); {
	case rebuilds:
		return accesskey.Recovered
	case o.Answer == GoBack:
		return GoBack
	}
	return "resolve " + o.Answer
}

// Give leaves a person's order on the secret. The reaper, or Secrets Manager's next
// try, carries it out and acts on it. What does not fit the record, or what others
// ordered before, is refused. The record is returned as the orders will leave it.
func (f *Function) Give(ctx context.Context, id, who string, o Order) (accesskey.Record, error) {
	v, _, err := f.enter(ctx, id)
	if err != nil {
		return accesskey.Record{}, err
	}
	r, err := v.live(ctx)
	switch {
	case err != nil:
		return r, err
	case r.ID == "":
		return r, v.wrong("no rotation is under way")
	}
	now := f.Rotator.Clock.Now()
	given := newOrder(o, who, v.rotator.Random(), now)
	next, err := given.on(r, now)
	if err != nil {
		return r, v.wrong("%w", err)
	}
	return next, v.give(ctx, given)
}

// give leaves an order, and looks whether another crosses it.
func (v *visit) give(ctx context.Context, o order) error {
	if err := v.journal.leave(ctx, o); err != nil {
		return v.wrong("%w. If it was written after all, it is carried out: `keytend secret status` shows it", err)
	}
	return v.uncrossed(ctx, o)
}

// leave writes an order's tag until it is read back.
func (j *journal) leave(ctx context.Context, o order) error {
	err := j.store.Tag(ctx, j.arn, map[string]string{o.tag: o.value()}, j.clock.Now().Add(writeLife))
	if stored.Certain(err) {
		return fmt.Errorf("write the order into the secret's tags: %w", err)
	}
	for range readBacks {
		f, failed := j.read(ctx)
		if failed == nil && (f.has(o.tag) || j.tags[o.tag] == o.value()) {
			return nil
		}
		err = errors.Join(err, failed)
		if j.sleep(ctx, readBackGap) != nil {
			break
		}
	}
	return fmt.Errorf("write the order into the secret's tags and read it back: %w", cmp.Or(err, errors.New("it is not there")))
}

// orderSettles is how long after an order it is looked whether another crosses it.
const orderSettles = 5 * time.Second

// uncrossed looks once more whether an order fits what others ordered at the same
// moment.
func (v *visit) uncrossed(ctx context.Context, given order) error {
	err := v.journal.sleep(ctx, orderSettles)
	var f found
	if err == nil {
		f, err = v.journal.read(ctx)
	}
	if err != nil {
		return v.wrong("the order was given; whether another crosses it: %w", err)
	}
	now := v.f.Rotator.Clock.Now()
	for _, o := range ordersIn(v.journal.tags, f) {
		next, err := o.on(f.Record, now)
		switch {
		case err == nil:
			f.Record = next
		case o.tag == given.tag:
			return v.wrong("the order is not carried out, for another came before it: %w", err)
		}
	}
	return nil
}
