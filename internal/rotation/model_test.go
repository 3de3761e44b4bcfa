package rotation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
)

// world is a model of AWS, destinations, consumers and people in virtual time.
// It keeps the whole truth, which nobody in it sees: reads are stale, last-used
// data lags, events come late.
type world struct {
	now     time.Time
	rng     *rand.Rand
	user    user
	past    []version // of user, oldest first
	places  map[string]*place
	eaters  []*consumer
	pending []event // requests under way, things that people will do
	made    map[accesskey.ID]*made
	quota   int
	serial  int

	propagation time.Duration // reads and endpoints may be this far behind
	lag         time.Duration // of last-used data
	trailDelay  time.Duration
	trailDenied bool
	tagsDenied  bool

	calls        int
	fault        func(n int, name string, mutates bool) mode
	trace        []string
	tracing      bool
	broken       []string // invariants that were seen broken
	processes    []*process
	failures     int                    // of consumers that had a right to succeed
	history      []Act                  // on the user's keys, by anybody
	acts         map[string][]time.Time // of each journal's Keytends, on the user
	manager      string
	managedSince time.Time
	gate         policy.Gate // of every process
	hogUntil     time.Time   // others use the budgets up
	frozen       policy.Span
	strict       bool // a key must work everywhere when it is handed out
	tagRemoved   bool // by a person: nothing keeps two journals apart for a while
	carried      map[errand]time.Time
	vault        []string        // what is in escrow
	well         time.Time       // from when nothing fails any more; zero: from the beginning
	asked        map[errand]bool // CreateAccessKey was sent
	staleFor     time.Duration   // every endpoint is so far behind; 0: each as it is
	namesAt      time.Time       // GetUser answers as of then …
	namesUntil   time.Time       // … until then
	landing      bool            // a request that was lost is being carried out
	handsOff     time.Time       // of people: when one last touched anything
	touched      time.Time       // … but the records: keys, places, tags
	maxNap       time.Duration
}

type user struct {
	id   string
	tags map[string]string
	keys []key
}

type key struct {
	id      accesskey.ID
	status  accesskey.Status
	created time.Time
}

type version struct {
	at   time.Time
	user user
}

// made is what the world knows of a key for ever.
type made struct {
	token    string // of the request that made it; empty: a person's
	at       time.Time
	uses     []use
	offered  bool      // some destination has ever held it
	inactive time.Time // since when; zero: Active or gone
	gone     bool
	ours     bool      // by Keytend
	byHand   int       // how often a person switched it
	offBy    string    // who switched it off: "keytend", "human"
	ordered  bool      // … because a person said so
	owner    string    // UserId
	lost     time.Time // since when it is ours, Active, and in nobody's hands
}

type use struct {
	at  time.Time
	who string
}

type place struct {
	name     string
	key      accesskey.ID
	version  int
	readable bool
	broken   bool // every write fails
	readOnly bool // the same, and a check would tell
	changed  time.Time
	human    bool // the last to write was a person
	guessed  bool // it can't be read, and the record of what it got is lost
}

// consumer really uses keys. Without a place it has its key for good.
type consumer struct {
	name   string
	place  string
	period time.Duration
	cache  time.Duration
	held   accesskey.ID
	heldAt time.Time
	next   time.Time
	failed int
	byHand bool // what it holds was put there by a person
	spared bool // it may fail: nobody could know of it
}

type event struct {
	at time.Time
	do func()
}

type mode int

const (
	proceed   mode = iota
	refuse         // not done, and said so
	notDone        // not done, the answer is an unclear error
	lose           // done, the answer lost
	late           // answer lost, done minutes later
	die            // the process dies before the call
	dieAfter       // the process dies after the call
	dieLate        // the process dies; the call is done minutes later
	stall          // the process stops before signing and goes on much later
	stallSent      // the request, once signed, takes its time
)

const lateBy = 6 * time.Minute

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func newWorld(seed uint64) *world {
	w := &world{
		now: start, rng: rand.New(rand.NewPCG(seed, 17)), quota: 2,
		maxNap: 12 * time.Hour, acts: map[string][]time.Time{},
		places: map[string]*place{}, made: map[accesskey.ID]*made{}, carried: map[errand]time.Time{}, asked: map[errand]bool{},
		propagation: 20 * time.Second, lag: 4 * time.Hour, trailDelay: 10 * time.Minute,
		fault: func(int, string, bool) mode { return proceed },
	}
	w.user = user{id: "AIDACKCEVSQ6C2EXAMPLE", tags: map[string]string{}}
	return w
}

func (w *world) subject() accesskey.Subject {
	return accesskey.Subject{Account: "123456789012", User: "ana", UserID: w.user.id}
}

func (w *world) say(format string, args ...any) {
	if w.tracing {
		w.trace = append(w.trace, w.now.Format("01-02 15:04:05 ")+fmt.Sprintf(format, args...))
	}
}

func (w *world) violate(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	w.say("BROKEN %s", s)
	w.broken = append(w.broken, w.now.Format("01-02 15:04:05 ")+s)
}

// change alters the user and remembers how it was.
func (w *world) change(do func(u *user)) {
	next := user{id: w.user.id, tags: maps.Clone(w.user.tags), keys: slices.Clone(w.user.keys)}
	do(&next)
	w.past = append(w.past, version{at: w.now, user: w.user})
	w.user = next
}

// asOf returns the user as it was at a time: past[i].user is how it was until
// past[i].at.
func (w *world) asOf(t time.Time) user {
	i := sort.Search(len(w.past), func(i int) bool { return w.past[i].at.After(t) })
	if i < len(w.past) {
		return w.past[i].user
	}
	return w.user
}

// stale returns the user as some endpoint sees it.
func (w *world) stale() user {
	if w.propagation == 0 {
		return w.user
	}
	if w.staleFor > 0 {
		return w.asOf(w.now.Add(-w.staleFor))
	}
	return w.asOf(w.now.Add(-time.Duration(w.rng.Int64N(int64(w.propagation)))))
}

// named returns the user as GetUser tells it.
func (w *world) named() user {
	if w.now.Before(w.namesUntil) {
		return w.asOf(w.namesAt)
	}
	return w.stale()
}

func (u user) find(id accesskey.ID) (key, bool) {
	for _, k := range u.keys {
		if k.id == id {
			return k, true
		}
	}
	return key{}, false
}

func (w *world) addKey(token string, ours bool) accesskey.ID {
	w.serial++
	id := accesskey.ID(fmt.Sprintf("AKIAEXAMPLE%05d", w.serial))
	w.change(func(u *user) { u.keys = append(u.keys, key{id: id, status: accesskey.Active, created: w.now}) })
	w.remember(accesskey.CreateKey, id, token)
	w.made[id] = &made{token: token, at: w.now, ours: ours, owner: w.user.id}
	w.say("key %s made (%s)", id, token)
	return id
}

// describe gives a key a description, as IAM's console does.
func (w *world) describe(id accesskey.ID) {
	w.change(func(u *user) { u.tags[string(id)] = "billing" })
}

func (w *world) moveDescription(p *process, from, to accesskey.ID) {
	r, live := p.journal.live()
	if !live {
		r = p.journal.latest()
	}
	w.intended(p, accesskey.MoveDescription, to, "")
	if k, there := w.user.find(from); there && (k.status == accesskey.Active || !r.Terms.Keep) && !w.landing {
		w.violate("8: the description of %s is taken while it may come back", from)
	}
	w.change(func(u *user) {
		if text, there := u.tags[string(from)]; there {
			u.tags[string(to)] = text
			delete(u.tags, string(from))
		}
	})
}

func (w *world) setStatus(id accesskey.ID, s accesskey.Status, by string) bool {
	if _, there := w.user.find(id); !there {
		return false
	}
	w.change(func(u *user) {
		for i := range u.keys {
			if u.keys[i].id == id {
				u.keys[i].status = s
			}
		}
	})
	m := w.made[id]
	if by == "human" {
		m.byHand++
		action := accesskey.Deactivate
		if s == accesskey.Active {
			action = accesskey.Reactivate
		}
		w.remember(action, id, "")
	}
	if s == accesskey.Inactive && m.inactive.IsZero() {
		m.inactive, m.offBy = w.now, by
	}
	if s == accesskey.Active {
		m.inactive, m.offBy = time.Time{}, ""
	}
	w.say("key %s %s by %s", id, s, by)
	return true
}

func (w *world) deleteKey(id accesskey.ID, by string) bool {
	if _, there := w.user.find(id); !there {
		return false
	}
	w.change(func(u *user) { u.keys = slices.DeleteFunc(u.keys, func(k key) bool { return k.id == id }) })
	if m := w.made[id]; m.inactive.IsZero() {
		m.offBy = by
	}
	if by == "human" {
		w.remember(accesskey.DeleteKey, id, "")
	}
	w.made[id].gone = true
	w.say("key %s deleted by %s", id, by)
	return true
}

func (w *world) put(p *place, id accesskey.ID, human bool) {
	p.key, p.human, p.changed = id, human, w.now
	p.version++
	if m := w.made[id]; m != nil {
		m.offered = true
	}
	w.say("%s holds %s (human %v)", p.name, id, human)
}

func (w *world) later(d time.Duration, do func()) {
	w.pending = append(w.pending, event{w.now.Add(d), do})
}

// advance lets everything happen that happens until t, in order.
func (w *world) advance(t time.Time) {
	for {
		at, do := w.nextEvent(t)
		if do == nil {
			break
		}
		w.now = at
		do()
	}
	if t.After(w.now) {
		w.now = t
	}
}

func (w *world) nextEvent(until time.Time) (time.Time, func()) {
	var at time.Time
	var do func()
	for i, e := range w.pending {
		if !e.at.After(until) && (do == nil || e.at.Before(at)) {
			at, do = e.at, func() {
				w.pending = slices.Delete(slices.Clone(w.pending), i, i+1)
				e.do()
			}
		}
	}
	for _, c := range w.eaters {
		if !c.next.After(until) && (do == nil || c.next.Before(at)) {
			at, do = c.next, func() { w.eat(c) }
		}
	}
	if do != nil && at.Before(w.now) {
		at = w.now
	}
	return at, do
}

// eat is one use of a key by a consumer.
func (w *world) eat(c *consumer) {
	c.next = w.now.Add(c.period)
	if c.place != "" && (c.held == "" || w.now.Sub(c.heldAt) >= c.cache) {
		c.held, c.heldAt, c.byHand = w.places[c.place].key, w.now, w.places[c.place].human
	}
	if w.works(c.held) {
		w.made[c.held].uses = append(w.made[c.held].uses, use{w.now, c.name})
		return
	}
	c.failed++
	m := w.made[c.held]
	w.say("%s failed with %s", c.name, c.held)
	if !c.spared && !c.byHand && m != nil && m.offBy == "keytend" {
		w.failures++
		w.violate("1: %s failed with %s, which we took from it", c.name, c.held)
	}
	if c.place != "" {
		c.held = "" // it noticed and reads again next time
	}
}

// works: a key is accepted where the endpoint asked has heard of it.
func (w *world) works(id accesskey.ID) bool {
	k, there := w.stale().find(id)
	return there && k.status == accesskey.Active
}

// published is the latest use of a key that AWS shows by now.
func (w *world) published(id accesskey.ID) time.Time {
	m := w.made[id]
	i := sort.Search(len(m.uses), func(i int) bool { return m.uses[i].at.After(w.now.Add(-w.lag)) })
	if i == 0 {
		return time.Time{}
	}
	return m.uses[i-1].at
}

// remember is what CloudTrail keeps of an act; token empty: it wasn't ours.
func (w *world) remember(action accesskey.Action, id accesskey.ID, token string) {
	w.history = append(w.history, Act{At: w.now, Action: action, Key: id, Token: token})
}

func (w *world) managed() string { return w.manager }

// latestAct is a journal's latest act as CloudTrail shows it by now.
func (w *world) latestAct(journal string) time.Time {
	acts := w.acts[journal]
	i := sort.Search(len(acts), func(i int) bool { return acts[i].After(w.now.Add(-w.trailDelay)) })
	if i == 0 {
		return time.Time{}
	}
	return acts[i-1]
}
