package onaws_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
)

// life is a whole rotation over the wire: real SDK, simulated AWS, a consumer
// that reads its key from one place and calls AWS with it all the while.
type life struct {
	*world
	rotator *rotation.Rotator
	journal *memory
	place   *shelf
	failed  int // calls of the consumer
}

// memory is a journal of one record.
type memory struct {
	record accesskey.Record
	head   time.Time
	words  int
}

func (m *memory) Fetch(context.Context, accesskey.Subject) (accesskey.Record, error) {
	if m.record.ID == "" || !m.record.Live() {
		return accesskey.Record{}, rotation.ErrNoRecord
	}
	return m.record.Clone(), nil
}

func (m *memory) Create(_ context.Context, r accesskey.Record, e accesskey.Event) (accesskey.Record, error) {
	r.Version = 1
	m.note(r, e)
	return r, nil
}

func (m *memory) note(r accesskey.Record, e accesskey.Event) {
	m.record = r.Clone()
	if e.Act() {
		m.head = e.At
	}
}

func (m *memory) Replace(_ context.Context, old, next accesskey.Record, e accesskey.Event, _ ...accesskey.Reservation) (accesskey.Record, error) {
	if old.Version != m.record.Version {
		return accesskey.Record{}, rotation.ErrConflict
	}
	next = next.Clone()
	next.Version = old.Version + 1
	m.note(next, e)
	return next.Clone(), nil
}

func (m *memory) Head(context.Context, accesskey.Subject) (time.Time, error) { return m.head, nil }
func (m *memory) Dead(context.Context, string) bool                          { return false }
func (m *memory) word() string                                               { m.words++; return fmt.Sprintf("w%d", m.words) }

// open is an escrow that hides nothing from the test.
type open struct{}

func (open) Check(context.Context) error { return nil }
func (open) Seal(_ context.Context, purpose string, plain []byte) (string, error) {
	return purpose + "|" + string(plain), nil
}

func (open) Open(_ context.Context, purpose, sealed string) ([]byte, error) {
	return []byte(strings.TrimPrefix(sealed, purpose+"|")), nil
}

// shelf is a destination.
type shelf struct {
	lock    sync.Mutex
	held    rotation.Credential
	version int
}

func (s *shelf) Name() string                { return "shelf" }
func (s *shelf) Check(context.Context) error { return nil }
func (s *shelf) read() rotation.Credential {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.held
}

func (s *shelf) Current(context.Context) (rotation.Held, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return rotation.Held{Key: s.held.ID, Version: rotation.Version(fmt.Sprint(s.version)), Readable: true}, nil
}

func (s *shelf) Deliver(_ context.Context, expect rotation.Version, next rotation.Credential) (rotation.Version, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if expect != rotation.Version(fmt.Sprint(s.version)) {
		return "", errors.Join(rotation.ErrChanged, rotation.ErrNotDone)
	}
	s.held = next
	s.version++
	return rotation.Version(fmt.Sprint(s.version)), nil
}

func newLife(t *testing.T) *life {
	t.Helper()
	began := time.Now()
	w := newWorld(t, fakeaws.Config{
		Start: began, Propagation: 6 * time.Second, LastUsedLag: 2 * time.Hour, TrailDelay: 10 * time.Minute, Seed: 7,
	}, func(s *fakeaws.AccountSpec) {
		s.Created = began.AddDate(-3, 0, 0)
		for i := range s.Users {
			u := &s.Users[i]
			u.Created, u.Keys[0].Created, u.Keys[0].LastUsed = began.AddDate(-2, 0, 0), began.AddDate(0, 0, -80), nil
		}
	})
	old := w.user("ana").Keys[0]
	l := &life{world: w, journal: &memory{}, place: &shelf{held: rotation.Credential{ID: oldKey, Secret: accesskey.NewSecret(old.Secret)}}}
	l.rotator = &rotation.Rotator{
		Journal: l.journal, Escrow: open{}, Holders: l.journal,
		Keys: w.a, Mutations: w.a, Tags: w.a, Rights: w.a, Prover: w.a, Trail: w.a, Signer: w.a, Clock: w.a,
		Destination: func(accesskey.Subject, string) (rotation.Destination, error) { return l.place, nil },
		Decide:      policy.Decide, Random: l.journal.word, Gate: policy.Gate{Mode: policy.Enforce},
		Regions: []string{"us-east-1", "eu-west-1"}, JournalName: "j1", Holder: "test",
	}
	return l
}

// consume calls AWS with whatever the shelf holds, until the end.
func (l *life) consume(end <-chan struct{}) {
	for {
		c := l.place.read()
		calls := sts.NewFromConfig(l.as(string(c.ID), c.Secret.Reveal(), "eu-west-1", "billing"))
		if _, err := calls.GetCallerIdentity(context.Background(), nil); err != nil {
			l.failed++
		}
		select {
		case <-end:
			return
		case <-time.After(100 * time.Minute):
		}
	}
}

// through lives until the record ends.
func (l *life) through() accesskey.Record {
	l.t.Helper()
	terms := accesskey.DefaultTerms()
	terms.Idle, terms.LagMargin, terms.Overlap, terms.OverlapMax, terms.Rest = 12*time.Hour, 4*time.Hour, 6*time.Hour, 5*24*time.Hour, 12*time.Hour
	_, err := l.rotator.Begin(l.ctx(), rotation.Request{
		Work: accesskey.Rotation, Subject: ana, Key: oldKey, Terms: terms, Destinations: []string{"shelf"}, Who: "test",
	})
	if err != nil {
		l.t.Fatal(err)
	}
	for until := time.Now().AddDate(0, 0, 20); time.Now().Before(until) && l.journal.record.Live(); {
		res, err := l.rotator.Pass(l.ctx(), ana)
		_ = l.heard(err) // the next pass finds out
		nap := 2 * time.Second
		if err == nil && res.Waiting() {
			nap = min(max(nap, time.Until(res.Step.NotBefore)), 2*time.Hour)
		}
		time.Sleep(nap)
	}
	return l.journal.record
}

func TestRotationOverTheWire(t *testing.T) {
	type fault struct {
		name string
		is   fakeaws.Fault
	}
	kinds := []fault{
		{"not done", fakeaws.Refuse(400, "Throttling", "Rate exceeded")},
		{"not done, unsaid", fakeaws.Refuse(503, "ServiceUnavailable", "x")},
		{"answer lost", fakeaws.LoseAnswer()},
		{"done minutes later", fakeaws.Delay(7 * time.Minute)},
	}
	cases := map[string][]fault{"": {{"nothing fails", fakeaws.Proceed()}}}
	for _, action := range []string{"TagUser", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "UntagUser"} {
		cases[action] = kinds
	}
	for _, action := range []string{"GetUser", "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccountSummary", "SimulatePrincipalPolicy", "LookupEvents", "GetCallerIdentity"} {
		cases[action] = kinds[1:2]
	}
	for action, faults := range cases {
		for _, f := range faults {
			t.Run(action+" "+f.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { liveThrough(t, action, f.is) })
			})
		}
	}
}

func liveThrough(t *testing.T, action string, f fakeaws.Fault) {
	l := newLife(t)
	hits := 1
	if action == "GetUser" || strings.HasPrefix(action, "List") || strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "Lookup") {
		hits = 30 // more than one call's retries
	}
	l.cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		consumer := c.Action == "GetCallerIdentity" && c.KeyID != string(adminID)
		if c.Action != action || hits == 0 || consumer {
			return fakeaws.Proceed()
		}
		hits--
		return f
	})
	end := make(chan struct{})
	var consumer sync.WaitGroup
	consumer.Go(func() { l.consume(end) })
	r := l.through()
	close(end)
	consumer.Wait()
	if r.Phase != accesskey.Done || l.failed > 0 {
		t.Errorf("phase %s %+v, the consumer failed %d times", r.Phase, r.Block, l.failed)
	}
	u := l.user("ana")
	if len(u.Keys) != 1 || u.Keys[0].Status != "Active" || u.Keys[0].ID != string(l.place.read().ID) || u.Keys[0].ID == string(oldKey) {
		t.Errorf("keys %v, shelf %s", u.Keys, l.place.read().ID)
	}
	if u.Tags[rotation.ClaimTag] != "" && action != "UntagUser" { // which is not insisted on
		t.Errorf("claimed by %q", u.Tags[rotation.ClaimTag])
	}
	l.nothingSecretSaid()
}
