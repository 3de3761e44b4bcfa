// Package fakeaws is a simulated AWS on the wire: an http.Handler that speaks
// the Query/XML and JSON 1.1 protocols of IAM, STS and their neighbours closely
// enough that any AWS client takes it for the real one. Tests, the demo and
// `keytend sim` stand on it.
//
// It never talks to the network, never starts a goroutine, and never imports
// product code: it is AWS, not us. Time is virtual and moves by Advance.
package fakeaws

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/iampolicy"
)

// Config sets how the simulated AWS behaves. The zero value answers at once,
// throttles nothing and is consistent immediately.
type Config struct {
	// Start is the virtual time at creation, UTC. Zero: the host's clock. The
	// virtual clock ticks with the host's (or synctest's) clock.
	Start time.Time
	// Latency passes before every answer.
	Latency time.Duration
	// Throttle is the number of calls a second that each API takes in each
	// account, with bursts of twice that. Zero: no limit.
	Throttle float64
	// Hurried lifts the limits that single APIs have besides (LookupEvents: two
	// calls a second): for tests that live through days in the host's seconds.
	Hurried bool
	// Propagation is how long a new, changed or deleted key takes to take
	// effect on authentication (STS: half of it), and how long ListAccessKeys
	// may be stale.
	Propagation time.Duration
	// LastUsedLag passes before a use of a key is published.
	LastUsedLag time.Duration
	// TrailDelay passes before an event appears in CloudTrail's LookupEvents.
	TrailDelay time.Duration
	// Seed makes everything random (IDs, secrets, stale reads) repeatable.
	Seed uint64
}

// AWS is a whole simulated cloud: every account, every service, one endpoint.
// It is safe for concurrent use.
type AWS struct {
	config   Config
	services []service
	turn     sync.Mutex    // who holds it does what is due; never taken while mu is held
	woken    chan struct{} // see Woken

	mu        sync.Mutex // guards everything below and everything reachable from it
	clock     clock
	random    random
	accounts  map[string]*account
	lazy      map[string]func() AccountSpec
	cards     map[string]AccountSpec // of lazy accounts, for lists of them
	manager   *account               // the organization's management account, once it is seeded
	keys      map[string]*accessKey
	sessions  map[string]*session
	buckets   map[bucketKey]*bucket
	calls     map[string]int
	seq       uint64
	fault     func(Call) Fault
	pending   []deferred
	runOthers func(context.Context, FunctionSpec, []byte) ([]byte, error)
	agenda    []*duty // in the order of their times
	duties    uint64  // that were ever set
	controls  map[string]http.HandlerFunc
	parsed    map[string]iampolicy.Document
}

// New returns a simulated AWS without any account.
func New(c Config) *AWS {
	return &AWS{
		config:   c,
		services: allServices(),
		woken:    make(chan struct{}, 1),
		clock:    newClock(c.Start),
		random:   random{seed: c.Seed},
		accounts: map[string]*account{},
		lazy:     map[string]func() AccountSpec{},
		cards:    map[string]AccountSpec{},
		keys:     map[string]*accessKey{},
		sessions: map[string]*session{},
		buckets:  map[bucketKey]*bucket{},
		calls:    map[string]int{},
		controls: map[string]http.HandlerFunc{},
		parsed:   map[string]iampolicy.Document{},
	}
}
