package rotation

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// secretMark begins every secret of this world, so that it is found wherever
// it stands.
const secretMark = "wJalrXUtnFEMI/K7MDENG/"

func secretOf(id accesskey.ID) string { return secretMark + string(id) }

// leaks are the ways in which a secret may stand in a text.
var leaks = []string{
	secretMark, url.QueryEscape(secretMark), hex.EncodeToString([]byte(secretMark)),
	base64.RawStdEncoding.EncodeToString([]byte(secretMark))[:24], // the first 18 bytes, whatever follows
}

// noSecret is invariant 5.
func (w *world) noSecret(where, text string) {
	for _, l := range leaks {
		if strings.Contains(text, l) {
			w.violate("5: a secret in %s: %.300s", where, text)
			return
		}
	}
}

// errand is one call as the journal knows it.
type errand struct {
	record string
	at     int64
	action accesskey.Action
}

// errandOf is the call that a process is about: the intent as it stands.
func (p *process) errandOf(action accesskey.Action) errand {
	r, _ := p.journal.live()
	return errand{r.ID, r.Intent.At.UnixNano(), action}
}

// wrote sees every write to every journal.
func (w *world) wrote(j *memory, old, next accesskey.Record, e accesskey.Event) {
	text, err := json.Marshal([]any{next, e})
	if err != nil {
		w.violate("8: a record that can't be written down: %v", err)
	}
	w.noSecret("the journal", string(text))
	w.oneIntent(old, next, e)
	w.endsClean(j, next)
	if next.Phase == accesskey.Blocked && (old.Phase != accesskey.Blocked || old.Block.Reason != next.Block.Reason) {
		if b := next.Block; !e.Alert || b.Command == "" || b.Saw == "" || b.Since.IsZero() {
			w.violate("6: blocked, and people are not told what they can do: %+v (alert %v)", *b, e.Alert)
		}
	}
	w.heeds(old, next)
}

// oneIntent is invariants 7 and 8: a call is written down open, after what
// became of the one before; its outcome is written down once, and is true.
func (w *world) oneIntent(old, next accesskey.Record, e accesskey.Event) {
	i, n := old.Intent, next.Intent
	switch {
	case !n.At.Equal(i.At) || n.Action != i.Action || n.Holder != i.Holder:
		if !i.Settled() {
			w.violate("7: %s is intended before it is known what became of %s", n.Action, i.Action)
		}
		if n.Outcome != "" || e.What != "intent "+string(n.Action) || n.Until.IsZero() || n.Holder == "" {
			w.violate("8: %s is written down as %q, by %q, outcome %q", n.Action, e.What, n.Holder, n.Outcome)
		}
	case n.Outcome != i.Outcome:
		if i.Settled() {
			w.violate("8: %s was %s and becomes %s", i.Action, i.Outcome, n.Outcome)
		}
		if e.Outcome != n.Outcome {
			w.violate("8: the audit says %q of %s, the record %q", e.Outcome, n.Action, n.Outcome)
		}
		w.outcomeIsTrue(next, n)
	}
}

// outcomeIsTrue compares what is written down with what happened, where nobody
// else had a hand in it.
func (w *world) outcomeIsTrue(r accesskey.Record, n accesskey.Intent) {
	e := errand{r.ID, n.At.UnixNano(), n.Action}
	at, carried := w.carried[e]
	others := w.landing || w.touched.After(n.At.Add(-w.propagation)) || w.journals() > 1
	switch {
	case n.Outcome == accesskey.OutcomeDone && !carried && !others && !w.soAnyway(r, n):
		w.violate("8: %s of %s is written down as done, and was not", n.Action, n.Key)
	case n.Outcome == accesskey.OutcomeNotDone && carried && !others && !at.After(n.Until) && !w.cantTell(r, n): // later: it was on its way for long, and isn't seen yet
		w.violate("8: %s of %s is written down as not done, and was", n.Action, n.Key)
	}
}

// soAnyway: it is as the call was to make it.
func (w *world) soAnyway(r accesskey.Record, n accesskey.Intent) bool {
	k, there := w.user.find(n.Key)
	at := w.places[n.Destination]
	switch n.Action {
	case accesskey.CreateKey: // by an earlier call of the same claim
		return there && w.made[n.Key].ours
	case accesskey.Reactivate:
		return there && k.status == accesskey.Active
	case accesskey.Deactivate:
		return there && k.status == accesskey.Inactive
	case accesskey.DeleteKey, accesskey.DiscardKey:
		return !there
	case accesskey.TagClaim:
		return w.user.tags[ClaimTag] == r.Claim.Token
	case accesskey.UntagClaim:
		return w.user.tags[ClaimTag] != r.Claim.Token
	case accesskey.Deliver:
		return at.key == n.Key
	case accesskey.Restore:
		return at.key != r.New
	case accesskey.MoveDescription:
		_, described := w.user.tags[string(r.Old)]
		return !described
	}
	return false
}

// cantTell: what can't be seen is sent again, and a key that was deleted where
// it was made is none.
func (w *world) cantTell(r accesskey.Record, n accesskey.Intent) bool {
	if at := w.places[n.Destination]; at != nil {
		return !at.readable
	}
	if n.Action == accesskey.CreateKey && len(r.Spared) > 0 {
		return true // a person said that it was not ours
	}
	if n.Action == accesskey.CreateKey {
		_, destroyed := w.carried[errand{r.ID, n.At.UnixNano(), accesskey.DeleteKey}]
		return destroyed
	}
	return n.Action == accesskey.DenySessions
}

func (w *world) journals() int {
	seen := map[*memory]bool{}
	for _, p := range w.processes {
		seen[p.journal] = true
	}
	return len(seen)
}

// endsClean: with a record nothing stays sealed and no call is open, and no two
// of a user live.
func (w *world) endsClean(j *memory, next accesskey.Record) {
	if next.Live() {
		n := 0
		for _, r := range j.records {
			if r.Live() {
				n++
			}
		}
		if n > 1 {
			w.violate("7: %d live records of one user", n)
		}
		return
	}
	if !next.Intent.Settled() && next.Outcome != policy.WhyJournalBehind {
		w.violate("8: it ends, and what became of %s is not known", next.Intent.Action)
	}
	sealed := next.Sealed + next.SealedOld
	for _, d := range next.Deliveries {
		sealed += d.Previous
	}
	if sealed != "" {
		w.violate("5: it ends with secrets in escrow")
	}
	if next.Ended.IsZero() || next.Outcome == "" {
		w.violate("6: it ends without saying when or why")
	}
}

// heeds: nothing new is begun while a person holds it.
func (w *world) heeds(old, next accesskey.Record) {
	i := next.Intent
	if old.Hold == nil || i.At.Equal(old.Intent.At) || old.Work == accesskey.Revocation {
		return
	}
	switch i.Action {
	case accesskey.CreateKey, accesskey.DeleteKey, accesskey.DiscardKey, accesskey.Deactivate:
		w.violate("17: %s of %s while %s holds it", i.Action, i.Key, old.Hold.By)
	}
}

// intended is invariant 8 where a call arrives: it is the one that stands open.
func (w *world) intended(p *process, action accesskey.Action, id accesskey.ID, place string) {
	if w.landing {
		return
	}
	r, live := p.journal.live()
	i := r.Intent
	same := i.Action == action || action == accesskey.DeleteKey && i.Action == accesskey.DiscardKey
	if live && same && (id == "" || i.Key == id) && i.Destination == place && i.Outcome == "" && i.Holder == p.name {
		return
	}
	if m := w.made[id]; action == accesskey.DeleteKey && m != nil && m.ours && !m.offered {
		return // deleted right where it was made
	}
	w.violate("8: %s of %s %s without an open intent of %s (have %s of %s by %s: %q)", action, id, place, p.name, i.Action, i.Key, i.Holder, i.Outcome)
}

// inTime is rule 1: nothing is signed or written longer after the look than a
// lease, by a process whose idea of the time is right.
func (w *world) inTime(p *process, action string) {
	if late := w.now.Sub(p.lookedAt); p.host == p.learned && p.jumped.Before(p.lookedAt) && p.skew == 0 && late > quickTerms().Lease {
		w.violate("1: %s is sent %s after the look", action, late)
	}
}

// once is rule 1: a request to make a key is not sent twice.
func (w *world) once(p *process) {
	e := p.errandOf(accesskey.CreateKey)
	if w.asked[e] {
		w.violate("1: a key is asked for twice")
	}
	w.asked[e] = true
}

// pastPass checks what must be so after each pass that came back.
func (w *world) pastPass(p *process, res Result, err error) {
	p.step = res.Step
	text := res.Step.Saw
	if err != nil {
		text += err.Error()
	}
	w.noSecret("what a pass says", text)
	for _, id := range p.made {
		if k, there := w.user.find(id); there && k.status == accesskey.Active && !p.knows(id) && !p.dropped[id] {
			w.violate("2: %s was made, could not be recorded, and is not deleted right there", id)
		}
	}
	w.told(res, err)
	w.ownKeysEnd()
	w.noPlaceForgotten()
}

// knows reports whether the journal has a key on record.
func (p *process) knows(id accesskey.ID) bool {
	for _, r := range p.journal.records {
		if r.New == id || r.Intent.Key == id {
			return true
		}
		for _, o := range r.Orphans {
			if o == id {
				return true
			}
		}
	}
	return false
}

// told is invariant 6: a wait that is past its deadline has raised an alert.
func (w *world) told(res Result, err error) {
	s, r := res.Step, res.Record
	if err != nil || s.Kind != policy.Wait || !r.Live() || s.Deadline.IsZero() || !w.now.After(s.Deadline.Add(2*time.Minute)) {
		return
	}
	if !alerted(r, s.Reason) && w.steady() {
		w.violate("6: it waits for %q past %s, and nobody was told", s.Reason, s.Deadline.Format("01-02 15:04"))
	}
}

// steady: every computer's clock is right.
func (w *world) steady() bool {
	for _, p := range w.processes {
		if !p.dead && (p.host != 0 || p.skew != 0 || p.learned != 0) {
			return false
		}
	}
	return true
}

// ownKeysEnd is invariant 4 with its bound: three naps of the slowest, and what
// CloudTrail takes.
func (w *world) ownKeysEnd() {
	for _, k := range w.user.keys {
		m := w.made[k.id]
		if !m.ours || m.offered || k.status != accesskey.Active || w.accountedFor(k.id) || w.anyHold() || !w.steady() {
			m.lost = time.Time{}
			continue
		}
		if m.lost.IsZero() {
			m.lost = w.now
		}
		from := m.lost
		if w.well.After(from) {
			from = w.well
		}
		if bound := 3*w.maxNap + 3*time.Hour; w.now.Sub(from) > bound {
			w.violate("4: %s is ours, Active since %s, and nobody can hold its secret", k.id, from.Format("01-02 15:04"))
		}
	}
}

func (w *world) anyHold() bool {
	for _, p := range w.processes {
		if r, live := p.journal.live(); live && r.Hold != nil {
			return true
		}
	}
	return false
}

// noPlaceForgotten is invariant 1's second half: what others put into a place
// while we took the key away is seen, and put right or told.
func (w *world) noPlaceForgotten() {
	for _, at := range w.places {
		m := w.made[at.key]
		if m == nil || m.offBy != "keytend" || m.ordered || !at.readable || !w.watched(at) {
			continue
		}
		from := at.changed
		for _, t := range []time.Time{m.inactive, w.well, w.handsOff} {
			if t.After(from) {
				from = t
			}
		}
		if w.now.Sub(from) > 3*w.maxNap+time.Hour && w.steady() {
			w.violate("1: %s holds %s, which we took away, since %s", at.name, at.key, from.Format("01-02 15:04"))
		}
	}
}

// watched: a record that is not a person's turn looks after the place, and no
// person said to do without it.
func (w *world) watched(at *place) bool {
	found := false
	for _, p := range w.processes {
		for _, r := range p.journal.records {
			d := r.Delivery(at.name)
			if d != nil && d.Dropped {
				return false
			}
			found = found || d != nil && r.Live() && !p.dead && r.Phase != accesskey.Blocked && r.Hold == nil
		}
	}
	return found
}
