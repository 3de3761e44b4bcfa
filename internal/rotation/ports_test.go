package rotation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// process is one running Keytend: every seam of it goes through the world.
type process struct {
	w        *world
	name     string
	journal  *memory
	rotator  *Rotator
	dead     bool
	provable bool // its death can be proved
	base     accesskey.ID
	other    *process // runs while this one is stopped
	stalled  bool
	next     time.Time     // its next pass
	skew     time.Duration // of its idea of AWS's time, which no answer puts right
	host     time.Duration // its computer's clock − AWS's
	learned  time.Duration // the same as AWS's latest answer told it
	looked   time.Duration // learned when its pass began
	stuck    bool          // it can't change what its own requests are signed with
	jumped   time.Time     // when learned last changed
	lookedAt time.Time     // when the look of its pass began
	step     policy.Step   // the latest
	made     []accesskey.ID
	dropped  map[accesskey.ID]bool // of made, deleted right there, or tried to
}

type crashed struct{ p *process }

var errReset = errors.New("connection reset")

func (w *world) newProcess(name string, j *memory) *process {
	p := &process{w: w, name: name, journal: j, provable: true, dropped: map[accesskey.ID]bool{}}
	w.processes = append(w.processes, p)
	if !j.mirrored {
		j.wrote = w.wrote
	}
	p.rotator = &Rotator{
		Journal: p, Escrow: sealer{p}, Keys: reader{p}, Mutations: mutator{p}, Tags: mutator{p}, Rights: reader{p},
		Prover: reader{p}, Trail: trail{p}, Signer: signer{p}, Clock: p, Holders: p,
		Destination: func(_ accesskey.Subject, name string) (Destination, error) { return &port{p, w.places[name]}, nil },
		Decide:      policy.Decide, Random: func() string { return fmt.Sprintf("t%x", w.rng.Uint64()) },
		Gate: policy.Gate{Mode: policy.Enforce}, Regions: []string{"us-east-1"}, JournalName: j.name, Holder: name,
	}
	return p
}

// call is every crossing between a process and the world: here it may fail,
// and here the process may die.
func (p *process) call(name string, mutates bool, do func() error) error {
	w := p.w
	w.calls++
	m := w.fault(w.calls, name, mutates)
	if m != proceed {
		w.say("%s: call %d %s: fault %d", p.name, w.calls, name, m)
	}
	w.now = w.now.Add(50 * time.Millisecond)
	switch m {
	case refuse:
		return fmt.Errorf("%s refused: %w", name, ErrNotDone)
	case notDone:
		return errReset
	case lose:
		_ = do()
		return errReset
	case late:
		w.lands(lateBy, do)
		return errReset
	case die:
		p.die()
	case dieAfter:
		_ = do()
		p.die()
	case dieLate:
		w.lands(lateBy, do)
		p.die()
	case stall:
		if strings.HasPrefix(name, "deliver") || strings.HasPrefix(name, "restore") {
			break // a write under way ends by itself: locks, signatures and time limits see to it
		}
		p.sleep(time.Duration(1+w.rng.IntN(90)) * time.Minute)
	case stallSent:
		return p.underWay(do)
	}
	err := do()
	p.told(name)
	return err
}

// told: the Date of AWS's answer tells how far the computer's clock is off.
func (p *process) told(name string) {
	if strings.HasPrefix(name, "iam:") || strings.HasPrefix(name, "cloudtrail") || name == "prove" {
		if p.learned != p.host {
			p.jumped = p.w.now
		}
		p.learned = p.host
	}
}

// lands lets a request be carried out later.
func (w *world) lands(d time.Duration, do func() error) {
	w.later(d, func() {
		w.landing = true
		_ = do()
		w.landing = false
	})
}

func (p *process) die() {
	p.dead = true
	panic(crashed{p})
}

// underWay: the request was signed in time and arrives late, or too late.
func (p *process) underWay(do func() error) error {
	d := time.Duration(1+p.w.rng.IntN(25)) * time.Minute
	if d < policy.SignatureLife {
		p.w.lands(d, do)
	}
	p.sleep(d + time.Duration(p.w.rng.IntN(60))*time.Minute)
	return errReset
}

// sleep stops the process while the others go on.
func (p *process) sleep(d time.Duration) {
	until := p.w.now.Add(d)
	if p.other != nil && !p.other.stalled && !p.stalled {
		p.stalled = true
		for !p.other.dead && p.other.next.Before(until) {
			p.w.advance(p.other.next)
			_, _ = p.w.runOne(p.other)
		}
		p.stalled = false
	}
	p.w.advance(until)
}

// Now is the computer's clock put right by what AWS's latest answer told: wrong
// from when somebody sets the clock until the next answer.
func (p *process) Now() time.Time { return p.stamp().Add(p.skew) }

// stamp is the time that requests are signed with.
func (p *process) stamp() time.Time { return p.w.now.Add(p.host - p.learned) }

func (p *process) Skew(context.Context) accesskey.Fact[time.Duration] {
	return accesskey.Observed(p.skew+p.learned, p.w.now, "Date")
}

func (p *process) Dead(_ context.Context, holder string) bool {
	for _, q := range p.w.processes {
		if q.name == holder {
			return q.dead && q.provable
		}
	}
	return false
}

// memory is a journal.
type memory struct {
	mirrored bool // in a real journal
	behind   bool // it was put back from a copy
	epoch    int  // how often
	name     string
	records  map[string]accesskey.Record
	head     time.Time
	events   int
	record   bool
	log      []accesskey.Event
	onWrite  func(old, next accesskey.Record, e accesskey.Event)
	wrote    func(m *memory, old, next accesskey.Record, e accesskey.Event)
}

func newMemory(name string) *memory {
	return &memory{name: name, records: map[string]accesskey.Record{}}
}

func (m *memory) live() (accesskey.Record, bool) {
	for _, r := range m.records {
		if r.Live() {
			return r.Clone(), true
		}
	}
	return accesskey.Record{}, false
}

func (m *memory) write(old, next accesskey.Record, e accesskey.Event) (accesskey.Record, error) {
	if have, there := m.records[old.ID]; there != (old.Version > 0) || have.Version != old.Version {
		return accesskey.Record{}, ErrConflict
	}
	next = next.Clone()
	next.Version = old.Version + 1
	m.records[next.ID] = next
	m.events++
	if e.Act() {
		m.head = e.At
	}
	if m.record {
		m.log = append(m.log, e)
	}
	if m.wrote != nil {
		m.wrote(m, old, next, e)
	}
	if m.onWrite != nil {
		m.onWrite(old, next, e)
	}
	return next.Clone(), nil
}

func (p *process) Fetch(context.Context, accesskey.Subject) (r accesskey.Record, err error) {
	err = p.call("journal fetch", false, func() error {
		live, there := p.journal.live()
		if !there {
			return ErrNoRecord
		}
		r = live
		return nil
	})
	p.lookedAt = p.w.now
	return r, err
}

func (p *process) Create(_ context.Context, r accesskey.Record, e accesskey.Event) (out accesskey.Record, err error) {
	if _, there := p.journal.live(); there {
		return r, ErrExists
	}
	return p.journal.write(accesskey.Record{}, r, e)
}

func (p *process) Replace(_ context.Context, old, next accesskey.Record, e accesskey.Event, reserve ...accesskey.Reservation) (out accesskey.Record, err error) {
	old, next = old.Clone(), next.Clone()
	e.At = p.w.now
	epoch := p.journal.epoch
	err = p.call("journal "+e.What, true, func() error {
		if p.journal.epoch != epoch {
			return errReset // written into the file that is no more
		}
		for _, r := range reserve {
			if p.w.budgetDrawn(p.journal, r, old.ID) >= r.Limit {
				return ErrBudget
			}
		}
		got, err := p.journal.write(old, next, e)
		if err == nil {
			out = got
			p.w.say("%s wrote: %s %s [%s] phase %s %s", p.name, e.What, e.Key, e.Why, got.Phase, e.Note)
		}
		return err
	})
	return out, err
}

func (w *world) budgetDrawn(m *memory, r accesskey.Reservation, self string) int {
	n := 0
	if w.now.Before(w.hogUntil) {
		n = r.Limit
	}
	for _, have := range m.records {
		for _, d := range have.Reserved {
			if have.ID != self && d.Budget == r.Budget && have.Live() {
				n++
			}
		}
	}
	return n
}

func (p *process) Head(context.Context, accesskey.Subject) (time.Time, error) {
	return p.journal.head, p.call("journal head", false, func() error { return nil })
}

// sealer is an escrow without a cipher: the model only wants to know who can
// hold what.
type sealer struct{ p *process }

func (s sealer) Check(context.Context) error {
	return s.p.call("escrow check", false, func() error { return nil })
}

func (s sealer) Seal(_ context.Context, purpose string, plain []byte) (string, error) {
	w := s.p.w
	w.noSecret("a purpose", purpose)
	w.vault = append(w.vault, purpose+"|"+string(plain))
	return fmt.Sprintf("sealed %d", len(w.vault)), s.p.call("escrow seal", false, func() error { return nil })
}

func (s sealer) Open(_ context.Context, purpose, sealed string) ([]byte, error) {
	var n int
	if _, err := fmt.Sscanf(sealed, "sealed %d", &n); err != nil || n < 1 || n > len(s.p.w.vault) {
		return nil, errors.New("not sealed by us")
	}
	plain, ok := strings.CutPrefix(s.p.w.vault[n-1], purpose+"|")
	if !ok {
		return nil, errors.New("sealed for another purpose")
	}
	return []byte(plain), s.p.call("escrow open", false, func() error { return nil })
}

// reader reads IAM.
type reader struct{ p *process }

func (r reader) User(context.Context, accesskey.Subject) (f accesskey.Fact[accesskey.User]) {
	w := r.p.w
	err := r.p.call("iam:GetUser", false, func() error {
		u := w.seen(w.named(), w.stale()) // GetUser and ListAccessKeys, each as far behind as it is
		f = accesskey.Observed(u, w.now, "iam")
		return nil
	})
	if err != nil {
		return accesskey.Unread[accesskey.User](err.Error())
	}
	return f
}

// seen makes facts of what an endpoint says. Last-used look-ups fail now and
// then by themselves.
func (w *world) seen(u, listed user) accesskey.User {
	if u.id == "" {
		return accesskey.User{}
	}
	keys := make([]accesskey.Key, 0, len(listed.keys))
	for _, k := range listed.keys {
		keys = append(keys, accesskey.Key{
			ID:       accesskey.Observed(k.id, w.now, "iam"),
			Status:   accesskey.Observed(k.status, w.now, "iam"),
			Created:  accesskey.Observed(k.created, w.now, "iam"),
			LastUsed: w.lastUsed(k.id),
		})
	}
	return accesskey.User{
		Name: "ana", ID: u.id,
		Tags: accesskey.Observed(u.tags, w.now, "iam"),
		Keys: accesskey.Observed(keys, w.now, "iam"),
	}
}

func (w *world) lastUsed(id accesskey.ID) accesskey.Fact[accesskey.LastUse] {
	if w.fault(-1, "iam:GetAccessKeyLastUsed", false) != proceed {
		return accesskey.Unread[accesskey.LastUse]("throttled")
	}
	return accesskey.Observed(accesskey.LastUse{At: w.published(id)}, w.now, "iam")
}

func (r reader) Quota(context.Context) accesskey.Fact[int] {
	if err := r.p.call("iam:GetAccountSummary", false, func() error { return nil }); err != nil {
		return accesskey.Unread[int](err.Error())
	}
	return accesskey.Observed(r.p.w.quota, r.p.w.now, "iam")
}

func (r reader) Managed(context.Context, accesskey.Subject, accesskey.ID) accesskey.Fact[string] {
	return accesskey.Observed(r.p.w.managed(), r.p.w.now, "terraform")
}

func (r reader) MayRotate(context.Context, accesskey.Subject) error {
	return r.p.call("iam:SimulatePrincipalPolicy", false, func() error { return nil })
}

func (r reader) Prove(_ context.Context, c Credential, _ []string) (owner string, err error) {
	r.p.w.inTime(r.p, "a round of the proof")
	at := r.p.stamp()
	err = r.p.call("prove", false, func() error {
		if r.p.w.now.Sub(at).Abs() > policy.SignatureLife {
			return errors.New("RequestExpired")
		}
		if !r.p.w.works(c.ID) || c.Secret.Reveal() != secretOf(c.ID) {
			return errors.New("InvalidClientTokenId")
		}
		m := r.p.w.made[c.ID]
		m.uses = append(m.uses, use{r.p.w.now, "prover"})
		owner = m.owner
		return nil
	})
	return owner, err
}

// mutator changes IAM.
type mutator struct{ p *process }

func (m mutator) signed(permit Permit) error {
	if !m.p.Now().Before(permit.Until) {
		return fmt.Errorf("%w (%w)", ErrLeaseOver, ErrNotDone)
	}
	return nil
}

// sign is the moment of signing: a process may be stopped just before. AWS
// accepts what was signed for a quarter of an hour, by the clock of the signer.
func (m mutator) sign(name string, permit Permit, do func() error) error {
	if m.p.w.fault(-2, "sign "+name, true) == stall {
		m.p.sleep(time.Duration(1+m.p.w.rng.IntN(90)) * time.Minute)
	}
	if err := m.signed(permit); err != nil {
		return err
	}
	m.p.w.noSecret("a user agent", permit.Token)
	if r, live := m.p.journal.live(); live && permit.Until.Equal(r.Intent.Until) {
		m.p.w.inTime(m.p, name)
	}
	at := m.p.stamp()
	return m.p.call(name, true, func() error {
		if m.p.w.now.Sub(at).Abs() > policy.SignatureLife {
			return fmt.Errorf("RequestExpired: %w", ErrNotDone)
		}
		return do()
	})
}

// carries notes that a call was carried out, if it is: the journal is compared
// with that.
func (p *process) carries(action accesskey.Action, do func() error) func() error {
	e := p.errandOf(action)
	return func() error {
		err := do()
		if err == nil {
			p.w.carried[e] = p.w.now
		}
		return err
	}
}

func (m mutator) CreateAccessKey(_ context.Context, _ accesskey.Subject, permit Permit) (c Credential, err error) {
	w := m.p.w
	w.once(m.p)
	err = m.sign("iam:CreateAccessKey", permit, m.p.carries(accesskey.CreateKey, func() error {
		if len(w.user.keys) >= w.quota {
			if !w.recent(w.handsOff) && len(w.processes) == 1 && !w.recent(w.user.keys[len(w.user.keys)-1].created) {
				w.violate("11: a key is asked for where there is no room")
			}
			return fmt.Errorf("LimitExceeded: %w", ErrNotDone)
		}
		w.beforeAct(m.p, accesskey.CreateKey, "")
		id := w.addKey(permit.Token, true)
		c = Credential{ID: id, Secret: accesskey.NewSecret(secretOf(id))}
		return nil
	}))
	if err == nil {
		m.p.made = append(m.p.made, c.ID)
	}
	return c, err
}

func (m mutator) SetStatus(_ context.Context, _ accesskey.Subject, id accesskey.ID, s accesskey.Status, permit Permit) error {
	w := m.p.w
	action := accesskey.Deactivate
	if s == accesskey.Active {
		action = accesskey.Reactivate
	}
	return m.sign("iam:UpdateAccessKey "+string(s), permit, m.p.carries(action, func() error {
		w.beforeAct(m.p, action, id)
		if !w.setStatus(id, s, "keytend") {
			return fmt.Errorf("%w (%w)", ErrNoKey, ErrNotDone)
		}
		w.remember(action, id, permit.Token)
		return nil
	}))
}

func (m mutator) DeleteAccessKey(_ context.Context, _ accesskey.Subject, id accesskey.ID, permit Permit) error {
	w := m.p.w
	action := accesskey.DeleteKey
	if r, live := m.p.journal.live(); live && r.Intent.Action == accesskey.DiscardKey {
		action = accesskey.DiscardKey
	}
	m.p.dropped[id] = true
	return m.sign("iam:DeleteAccessKey", permit, m.p.carries(action, func() error {
		w.beforeAct(m.p, accesskey.DeleteKey, id)
		if !w.deleteKey(id, "keytend") {
			return fmt.Errorf("%w (%w)", ErrNoKey, ErrNotDone)
		}
		w.remember(accesskey.DeleteKey, id, permit.Token)
		return nil
	}))
}

func (m mutator) DenySessions(_ context.Context, _ accesskey.Subject, _ time.Time, permit Permit) error {
	w := m.p.w
	return m.sign("iam:PutUserPolicy", permit, m.p.carries(accesskey.DenySessions, func() error {
		w.intended(m.p, accesskey.DenySessions, "", "")
		w.remember(accesskey.DenySessions, "", permit.Token)
		return nil
	}))
}

func (m mutator) Tag(_ context.Context, _ accesskey.Subject, permit Permit) error {
	w := m.p.w
	return m.sign("iam:TagUser", permit, m.p.carries(accesskey.TagClaim, func() error {
		if w.tagsDenied {
			return fmt.Errorf("%w (%w)", ErrDenied, ErrNotDone)
		}
		w.intended(m.p, accesskey.TagClaim, "", "")
		w.change(func(u *user) { u.tags[ClaimTag] = permit.Token })
		return nil
	}))
}

func (m mutator) Untag(_ context.Context, _ accesskey.Subject, permit Permit) error {
	w := m.p.w
	return m.sign("iam:UntagUser", permit, m.p.carries(accesskey.UntagClaim, func() error {
		w.intended(m.p, accesskey.UntagClaim, "", "")
		if w.user.tags[ClaimTag] == permit.Token {
			w.change(func(u *user) { delete(u.tags, ClaimTag) })
		}
		return nil
	}))
}

func (m mutator) MoveDescription(_ context.Context, _ accesskey.Subject, from, to accesskey.ID, permit Permit) error {
	w := m.p.w
	return m.sign("iam:TagUser description", permit, m.p.carries(accesskey.MoveDescription, func() error {
		if w.tagsDenied {
			return fmt.Errorf("%w (%w)", ErrDenied, ErrNotDone)
		}
		w.moveDescription(m.p, from, to)
		return nil
	}))
}

// trail is CloudTrail.
type trail struct{ p *process }

func (t trail) Author(_ context.Context, _ accesskey.Subject, id accesskey.ID) accesskey.Fact[Authorship] {
	w := t.p.w
	if err := t.p.call("cloudtrail author", false, func() error { return nil }); err != nil || w.trailDenied {
		return accesskey.Unread[Authorship]("no permission to look")
	}
	m := w.made[id]
	if m == nil || w.now.Sub(m.at) < w.trailDelay {
		return accesskey.Observed(Authorship{}, w.now, "cloudtrail")
	}
	return accesskey.Observed(Authorship{Found: true, Token: m.token}, w.now, "cloudtrail")
}

func (t trail) Uses(_ context.Context, id accesskey.ID) accesskey.Fact[[]accesskey.Sighting] {
	w := t.p.w
	if err := t.p.call("cloudtrail uses", false, func() error { return nil }); err != nil || w.trailDenied {
		return accesskey.Unread[[]accesskey.Sighting]("no permission to look")
	}
	var out []accesskey.Sighting
	if m := w.made[id]; m != nil {
		for _, u := range m.uses {
			if u.at.Before(w.now.Add(-w.trailDelay)) && u.at.After(w.now.AddDate(0, 0, -90)) && u.who != "prover" {
				out = append(out, accesskey.Sighting{At: u.at, Place: accesskey.Place{Agent: u.who}})
			}
		}
	}
	return accesskey.Observed(out, w.now, "cloudtrail")
}

func (t trail) LatestAct(context.Context, accesskey.Subject) accesskey.Fact[time.Time] {
	return accesskey.Observed(t.p.w.latestAct(t.p.journal.name), t.p.w.now, "cloudtrail")
}

type signer struct{ p *process }

func (s signer) BaseKey(context.Context) accesskey.Fact[accesskey.ID] {
	return accesskey.Observed(s.p.base, s.p.w.now, "sts")
}

func (s signer) Use(_ context.Context, c Credential) error {
	if s.p.stuck {
		return errors.New("signed with what the environment says")
	}
	s.p.base = c.ID
	return nil
}

// port is a destination as a process sees it.
type port struct {
	p *process
	*place
}

func (d *port) Name() string { return d.name }
func (d *port) Check(context.Context) error {
	return d.p.call("check "+d.name, false, func() error {
		if d.readOnly {
			return errors.New("read-only file system")
		}
		return nil
	})
}

func (d *port) stamp() Version { return Version(fmt.Sprint(d.version)) }

func (d *port) Current(context.Context) (h Held, err error) {
	err = d.p.call("read "+d.name, false, func() error {
		h = Held{Readable: d.readable}
		if d.readable {
			h.Key, h.Version = d.key, d.stamp()
		}
		return nil
	})
	return h, err
}

// owned: a secret is handed only to the places of its own record, and with its
// own ID.
func (d *port) owned(next Credential) {
	w := d.p.w
	r, live := d.p.journal.live()
	if own := r.Delivery(d.name); !w.landing && (!live || own == nil || own.Dropped || r.New != next.ID || next.Secret.Reveal() != secretOf(next.ID)) {
		w.violate("5: %s is handed %s, which is not for it", d.name, next.ID)
	}
	if m := w.made[next.ID]; m != nil && m.owner != r.Subject.UserID && r.Subject.UserID != "" {
		w.violate("7: %s gets %s, a key of another user", d.name, next.ID)
	}
}

func (d *port) Deliver(ctx context.Context, expect Version, next Credential) (v Version, err error) {
	until := Until(ctx)
	if r, live := d.p.journal.live(); live && !until.Equal(r.Intent.Until) {
		d.p.w.violate("1: %s may be written to until %s", d.name, until)
	}
	d.p.w.inTime(d.p, "deliver "+d.name)
	err = d.p.call("deliver "+d.name, true, d.p.carries(accesskey.Deliver, func() error {
		if d.broken || d.readOnly {
			return fmt.Errorf("disk full: %w", ErrNotDone)
		}
		d.p.w.intended(d.p, accesskey.Deliver, next.ID, d.name)
		d.owned(next)
		if d.readable && d.key == next.ID {
			v = d.stamp()
			return nil
		}
		if d.readable && expect != d.stamp() {
			return fmt.Errorf("%w (%w)", ErrChanged, ErrNotDone)
		}
		d.p.w.beforeDeliver(d.p, d.place, next.ID)
		d.p.w.put(d.place, next.ID, false)
		v = d.stamp()
		return nil
	}))
	return v, err
}

// Previous returns what stands there, secret and all, and whose it is.
func (d *port) Previous(context.Context) (plain []byte, v Version, err error) {
	err = d.p.call("previous "+d.name, false, func() error {
		plain, v = []byte(d.name+" "+string(d.key)+" "+secretOf(d.key)), d.stamp()
		if !d.readable {
			v = ""
		}
		return nil
	})
	return plain, v, err
}

func (d *port) Restore(_ context.Context, expect Version, previous []byte) (v Version, err error) {
	parts := strings.Split(string(previous), " ")
	d.p.w.inTime(d.p, "restore "+d.name)
	err = d.p.call("restore "+d.name, true, d.p.carries(accesskey.Restore, func() error {
		if d.broken {
			return fmt.Errorf("disk full: %w", ErrNotDone)
		}
		d.p.w.intended(d.p, accesskey.Restore, "", d.name)
		if parts[0] != d.name {
			d.p.w.violate("5: %s is handed what %s held", d.name, parts[0])
		}
		if d.readable && expect != d.stamp() {
			return fmt.Errorf("%w (%w)", ErrChanged, ErrNotDone)
		}
		d.p.w.beforeDeliver(d.p, d.place, accesskey.ID(parts[1]))
		d.p.w.put(d.place, accesskey.ID(parts[1]), false)
		v = d.stamp()
		return nil
	}))
	return v, err
}
