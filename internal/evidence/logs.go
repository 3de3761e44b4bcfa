package evidence

import (
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/usage"
)

// Store is where log files lie.
type Store interface {
	// String names it for people: a folder, "s3://bucket/prefix".
	String() string
	// List calls each for the files that may have events since a moment.
	List(ctx context.Context, since time.Time, each func(name string) error) error
	// Open has a file read, from the beginning. It may be read again where the
	// network breaks off.
	Open(ctx context.Context, name string, read func(io.Reader) error) error
}

// Logs reads the log files of a trail: exported, or where CloudTrail wrote them.
type Logs struct {
	Account  string
	User     string // whose keys they are
	Store    Store
	Keep     Keeper
	Since    time.Time
	Now      time.Time
	AtOnce   int // files read at once; 0: as many as there are processors
	Progress func(Progress)
}

// Collect reads every file once, for all keys. A file that can't be read leaves
// the others. Memory does not grow with how many there are.
func (l Logs) Collect(ctx context.Context, keys []accesskey.ID) (map[accesskey.ID]Found, error) {
	s := &sweep{Logs: l, keys: map[accesskey.ID]bool{}, tallies: map[accesskey.ID]*usage.Tally{}, data: map[accesskey.ID]bool{}, ahead: map[accesskey.ID]int{}, seed: maphash.MakeSeed()}
	for _, key := range keys {
		s.keys[key], s.tallies[key] = true, &usage.Tally{}
	}
	listed := s.files(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	found := map[accesskey.ID]Found{}
	for _, key := range keys {
		f, err := s.found(ctx, key, listed)
		if err != nil {
			return nil, err
		}
		found[key] = f
	}
	return found, nil
}

// sweep is one reading of all files.
type sweep struct {
	Logs
	keys map[accesskey.ID]bool
	seed maphash.Seed

	lock     sync.Mutex
	tallies  map[accesskey.ID]*usage.Tally
	data     map[accesskey.ID]bool
	seen     generations
	read     int64
	failures []usage.Gap
	failed   int
	ahead    map[accesskey.ID]int
}

// files reads them all; the error is of listing them.
func (s *sweep) files(ctx context.Context) error {
	names := make(chan string, 64)
	var workers sync.WaitGroup
	for range cmp.Or(s.AtOnce, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for name := range names {
				s.file(ctx, name)
			}
		})
	}
	err := s.Store.List(ctx, s.Since, func(name string) error {
		select {
		case names <- name:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	close(names)
	workers.Wait()
	return err
}

func (s *sweep) file(ctx context.Context, name string) {
	if ctx.Err() != nil {
		return
	}
	err := s.Store.Open(ctx, name, func(in io.Reader) error { return s.log(name, heeding{ctx, in}) })
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.read++; err != nil && ctx.Err() == nil {
		if s.failed++; len(s.failures) < mostFailures {
			s.failures = append(s.failures, usage.Gap{Where: "log file " + name, Why: plain(err)})
		}
	}
	if s.Progress != nil {
		s.Progress(Progress{Where: fmt.Sprintf("%s, %d files", s.Store, s.read), Events: s.seen.count})
	}
}

// heeding is a reader that ends with its context: a file may be without end, or
// unpack to one that nearly is.
type heeding struct {
	ctx context.Context
	in  io.Reader
}

func (h heeding) Read(into []byte) (int, error) {
	if err := h.ctx.Err(); err != nil {
		return 0, err
	}
	return h.in.Read(into)
}

// mostFailures is how many files are named that could not be read.
const mostFailures = 20

// log reads one log file, packed or not.
func (s *sweep) log(name string, in io.Reader) error {
	if strings.HasSuffix(name, ".gz") {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		in = unpacked
	}
	return records(in, func(record []byte) error {
		if mentions(record, s.keys) {
			s.take(record)
		}
		return nil
	})
}

func (s *sweep) take(record []byte) {
	e, data := eventOf(record)
	if !s.keys[e.Key] || e.At.Before(s.Since) {
		return
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if e.At.After(s.Now.Add(tolerance)) {
		s.ahead[e.Key]++
		return
	}
	if e.ID != "" && s.seen.before(maphash.String(s.seed, e.ID)) {
		return // CloudTrail may deliver an event twice, and to two accounts; a file may be read twice
	}
	s.tallies[e.Key].Add(e)
	s.data[e.Key] = s.data[e.Key] || data
}

// tolerance is how far behind AWS's clock the beginning of a reading may be for an
// event that comes in meanwhile.
const tolerance = time.Hour

// generations remembers the latest few million events.
type generations struct {
	young, old map[uint64]struct{}
	count      int64
}

const generation = 1 << 20

func (g *generations) before(id uint64) bool {
	if _, there := g.young[id]; there {
		return true
	}
	if _, there := g.old[id]; there {
		return true
	}
	if g.young == nil || len(g.young) >= generation {
		g.old, g.young = g.young, map[uint64]struct{}{}
	}
	g.young[id] = struct{}{}
	g.count++
	return false
}

// found is what the files told of one key, which is kept: together with what was
// kept of the same store before, no event twice.
func (s *sweep) found(ctx context.Context, key accesskey.ID, listed error) (Found, error) {
	f := Found{Data: s.data[key], Unread: slices.Clone(s.failures)}
	if more := s.failed - len(s.failures); more > 0 {
		f.Unread = append(f.Unread, usage.Gap{Where: fmt.Sprintf("%d more log files", more), Why: "of the same kind"})
	}
	if n := s.ahead[key]; n > 0 {
		f.Unread = append(f.Unread, usage.Gap{Where: events(n) + " in " + s.Store.String(), Why: "they lie in the future, so that the files say what can't be"})
	}
	switch {
	case listed != nil:
		f.Unread = append(f.Unread, usage.Gap{Where: "the log files of " + s.Store.String(), Why: plain(listed)})
	case s.read == 0:
		f.Unread = append(f.Unread, usage.Gap{Where: "the log files of " + s.Store.String(), Why: "there are none of that time"})
	default:
		f.Looked = []string{fmt.Sprintf("%d log files of %s", s.read, s.Store)}
	}
	var err error
	f.Uses, err = keepWidened(ctx, s.Keep, usage.Stream{Account: s.Account, Key: key, Via: "logs " + s.Store.String()},
		usage.Reading{User: s.User, From: s.Since, To: s.Now}, s.tallies[key].Uses())
	return f, err
}

func events(n int) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

// keepWidened keeps what a stream told in one piece: what it told before may be
// the same events.
func keepWidened(ctx context.Context, keep Keeper, stream usage.Stream, now usage.Reading, uses []usage.Use) ([]usage.Use, error) {
	reading, before, err := keep.Reading(ctx, stream)
	if err != nil {
		return nil, err
	}
	var all usage.Tally
	for _, u := range append(before, uses...) {
		all.Widen(u)
	}
	if !reading.From.IsZero() && reading.From.Before(now.From) {
		now.From = reading.From
	}
	return all.Uses(), keep.KeepReading(ctx, stream, now, all.Uses())
}

// aside are folders that CloudTrail writes something else into.
func aside(name string) bool {
	return name == "CloudTrail-Digest" || name == "CloudTrail-Insight" || name == "CloudTrail-NetworkActivity"
}

func isLog(name string) bool {
	return strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".json.gz")
}
