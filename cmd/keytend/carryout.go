package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
	"github.com/keytend/keytend/internal/rotation"
)

const (
	// benchesAtOnce is how many accounts are worked on at the same time.
	benchesAtOnce = 16

	// usersAtOnce is how many users of one account are worked on at the same
	// time: most of it is waiting for IAM to agree with itself.
	usersAtOnce = 32
)

// work is what is to be carried out, and what came of it.
type work struct {
	*apply
	byAccount map[string][]*policy.Item

	lock    sync.Mutex // guards what follows
	begun   int
	done    int // records that ended
	blocked int
	waiting int // for a yes
	undone  int // rolled back, or about to be
	left    int // broken off by an interrupt
	trouble []string
}

// carryOut begins and goes on, in every account on its own.
func (p *apply) carryOut(ctx context.Context, todo []*policy.Item, failed []accesskey.Failure) error {
	w := &work{apply: p, byAccount: map[string][]*policy.Item{}}
	for _, i := range todo {
		if w.rests(i) {
			w.note(ctx, i, rotation.Result{Record: accesskey.Record{ID: i.Record, Phase: i.Phase}}, nil)
			continue
		}
		w.byAccount[i.Account] = append(w.byAccount[i.Account], i)
	}
	members := slices.DeleteFunc(slices.Clone(p.crew.Members), func(m fleet.Member) bool { return len(w.byAccount[m.ID]) == 0 })
	visit := fleet.Visit{AtOnce: min(benchesAtOnce, p.crew.atOnce), Look: func(ctx context.Context, m fleet.Member, session *awsapi.Session) error {
		if _, err := session.Identity(ctx); err != nil { // AWS's clock is known from here on
			return err
		}
		w.account(ctx, p.bench(session, m.ID), w.byAccount[m.ID])
		return nil
	}}
	failed = append(failed, visit.Each(ctx, members)...)
	p.failures = len(w.trouble) + w.undone
	w.tell()
	return w.verdict(ctx, failed)
}

// rests reports that a record was looked at for the plan just now and would be
// left as it is, so that it need not be looked at again: most of what is under
// way waits for another day.
func (w *work) rests(i *policy.Item) bool {
	_, idle := w.idle.Load(i.Record)
	return idle && !w.stay.wait && (i.Action == policy.Waits || i.Action == policy.Blocked)
}

// account works on one account.
func (w *work) account(ctx context.Context, b *bench, items []*policy.Item) {
	slots := make(chan struct{}, usersAtOnce)
	var users sync.WaitGroup
	for _, i := range items {
		slots <- struct{}{}
		users.Go(func() {
			defer func() { <-slots }()
			res, err := w.item(ctx, b, i)
			w.note(ctx, i, res, err)
		})
	}
	users.Wait()
}

// item begins or goes on with one record, under the gate of its own ruling.
func (w *work) item(ctx context.Context, b *bench, i *policy.Item) (rotation.Result, error) {
	subject := accesskey.Subject{Account: i.Account, User: i.User, UserID: i.UserID}
	leave, err := b.work(subject)
	if err != nil {
		return rotation.Result{}, err
	}
	defer leave()
	own := *b.rotator
	own.Gate = gateOf(i, w.crew.at)
	if i.Action == policy.Begin {
		if err := w.begin(ctx, b, &own, i); err != nil {
			return rotation.Result{}, err
		}
	}
	d := &drive{app: w.app, rotator: &own, subject: subject, stay: w.stayFor(i)}
	d.heard = func(line string) {
		w.app.line(fmt.Sprintf("  %s  %s  %s: %s", clock(own.Clock.Now()), i.Account, i.User, line))
	}
	res, err := d.run(ctx)
	if errors.Is(err, rotation.ErrNoRecord) {
		return res, nil // somebody else has ended it meanwhile
	}
	return res, explainRotation(err)
}

// gateOf is the gate of an item's record.
func gateOf(i *policy.Item, now time.Time) policy.Gate {
	var r policy.Ruling
	if i.Ruling != nil {
		r = *i.Ruling
	}
	return r.Gate(accesskey.Record{Planned: i.Record == "" || i.Planned}, now)
}

// stayFor is how long to stay with one record: what waits for its time gets one
// pass, which may see something new; a thousand of those must not wait a minute
// each.
func (w *work) stayFor(i *policy.Item) stay {
	s := w.stay
	if i.Action != policy.Begin && i.Action != policy.GoOn {
		s.patience = 0
	}
	return s
}

// begin puts a record down, where the key is still what it was.
func (w *work) begin(ctx context.Context, b *bench, r *rotation.Rotator, i *policy.Item) error {
	user, err := b.look(ctx, i.User)
	if err != nil {
		return err
	}
	if err := unchanged(user, i); err != nil {
		return err
	}
	names, err := b.names(i.Destinations)
	if err != nil {
		return err
	}
	q := b.request(i.Work, user, i.Key, i.Terms(), names)
	q.Due, q.Planned = i.Due, true
	if _, err := r.Begin(ctx, q); err != nil {
		return explainRotation(err)
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	w.begun++
	return nil
}

// unchanged refuses where the user or the key is not the one of the plan.
func unchanged(user accesskey.User, i *policy.Item) error {
	if user.ID != i.UserID {
		return fmt.Errorf("the user of that name is %s now, not %s: not begun", user.ID, i.UserID)
	}
	want := accesskey.Active
	if i.Inactive {
		want = accesskey.Inactive
	}
	keys, _ := user.Keys.Get()
	for _, k := range keys {
		if id, _ := k.ID.Get(); id != i.Key {
			continue
		}
		if status, known := k.Status.Get(); known && status == want {
			return nil
		}
		return fmt.Errorf("key %s is %s now: not begun", i.Key, statusText(k))
	}
	return fmt.Errorf("key %s is gone: not begun", i.Key)
}

// note counts what came of one item.
func (w *work) note(ctx context.Context, i *policy.Item, res rotation.Result, err error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		w.left++
	case err != nil:
		w.trouble = append(w.trouble, fmt.Sprintf("%s of %s in %s: %s", i.Key, i.User, i.Account, err))
	case res.Record.ID == "":
	case res.Record.Phase == accesskey.RolledBack || res.Record.Phase == accesskey.RollingBack:
		w.undone++
		if !res.Record.Live() {
			w.done++
		}
	case !res.Record.Live():
		w.done++
	case res.Record.Phase == accesskey.Blocked:
		w.blocked++
	case res.Step.Reason == policy.WhyUnapproved || unapproved(i):
		w.waiting++
	}
}

// unapproved reports that a record will need a yes, though it waits for something
// else first.
func unapproved(i *policy.Item) bool {
	return i.Unapproved || i.Action == policy.Begin && i.Ruling != nil && i.Ruling.Mode == policy.Approve
}

// tell sums up.
func (w *work) tell() {
	parts := []string{fmt.Sprintf("%d begun", w.begun)}
	for _, c := range []struct {
		n    int
		what string
	}{{w.done, "ended"}, {w.waiting, "waiting for approval"}, {w.blocked, "blocked"}, {len(w.trouble), "failed"}, {w.left, "interrupted"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	w.app.line("Applied: " + strings.Join(parts, ", ") + ".")
	if w.waiting > 0 {
		w.app.line("Approve with  " + w.app.back(&w.state, "approve", "--all"))
	}
	w.app.line("Run it again when things are due: " + w.app.back(&w.state, "apply"))
}

const troublesShown = 20

// verdict: what failed wins over what is blocked.
func (w *work) verdict(ctx context.Context, failed []accesskey.Failure) error {
	var lines []string
	for _, t := range report.Troubles(failed) {
		lines = append(lines, t.Text)
	}
	slices.Sort(w.trouble)
	lines = append(lines, w.trouble...)
	if n := len(lines) - troublesShown; n > 0 {
		lines = append(lines[:troublesShown:troublesShown], fmt.Sprintf("and %d more", n))
	}
	switch {
	case ctx.Err() != nil:
		text := strings.Join(append([]string{"interrupted: run it again, it goes on from where things stand"}, lines...), "\n  ")
		return verdict{code: exitInterrupted, text: text}
	case len(lines) > 0:
		return verdict{code: exitPartial, text: "partial: not everything could be read or done\n  " + strings.Join(lines, "\n  "), hint: "run it again: what was done is not done twice"}
	case w.saved != nil && w.saved.missed > 0:
		return verdict{code: exitPartial, text: fmt.Sprintf("%d of the saved plan no longer held", w.saved.missed), hint: "see above; make a new plan"}
	case w.blocked > 0:
		return verdict{code: exitBlocked, text: "something is blocked", hint: "`" + w.app.back(&w.state, "status") + "` shows what, and the commands that answer it"}
	}
	return nil
}
