package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/destination/all"
	"github.com/keytend/keytend/internal/escrow"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/journal"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/rotation"
	"github.com/keytend/keytend/internal/rotation/onaws"
)

// BenchmarkDecide asks for the next step of a record in each of its stages. The
// inputs are those of a rotation lived through on the simulated AWS, with a
// consumer that shows in CloudTrail. decisions/s is of one core.
func BenchmarkDecide(b *testing.B) {
	stages := inputs(b)
	for _, stage := range []accesskey.Phase{
		accesskey.Requested, accesskey.Claimed, accesskey.Created, accesskey.Proven, accesskey.Delivered, accesskey.Overlap, accesskey.Resting,
	} {
		asked := stages[stage]
		b.Run(string(stage), func(b *testing.B) {
			if len(asked) == 0 {
				b.Fatal("a rotation without this stage: nothing is measured")
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				q := asked[n%len(asked)]
				if step := policy.Decide(q.in, q.now); step.Kind == "" {
					b.Fatal("no decision")
				}
				n++
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
}

// question is what Decide was asked.
type question struct {
	in  policy.Input
	now time.Time
}

// inputs lives through one rotation with the protocol's own times.
func inputs(b *testing.B) map[accesskey.Phase][]question {
	f := newHousehold(b, 1)
	asked := map[accesskey.Phase][]question{}
	f.rotator.Decide = func(in policy.Input, now time.Time) policy.Step {
		asked[in.Record.Stage()] = append(asked[in.Record.Stage()], question{in, now})
		return policy.Decide(in, now)
	}
	f.begin(b, accesskey.DefaultTerms())
	for range 2000 {
		res, err := f.rotator.Pass(b.Context(), f.subjects[0])
		if errors.Is(err, rotation.ErrNoRecord) {
			return asked
		}
		if err != nil {
			b.Fatal(err)
		}
		if res.Record.Phase == accesskey.Blocked {
			b.Fatalf("blocked: %s: %s", res.Record.Block.Reason, res.Record.Block.Saw)
		}
		if res.Waiting() {
			f.consume(b, 0)
			f.advance(b, min(max(res.Step.NotBefore.Sub(f.session.Now()), time.Second), 6*time.Hour))
		}
	}
	b.Fatal("the rotation did not end")
	return nil
}

// BenchmarkPasses lets one Keytend take passes, one after another: package
// rotation on the real SDK, a SQLite journal that syncs each commit, age and
// dotenv files; AWS is simulated in this process. Each pass of begin takes a new
// rotation on towards the overlap, and most write. One op of overlap looks once
// at each of 1,000 rotations that are there, where a rotation spends its days.
//
//	passes/s      of one worker, the simulated AWS's own time left out
//	passes/s+sim  the same with it
//	calls/pass    requests to AWS
//	trail-s/pass  what CloudTrail's limit of two look-ups a second alone makes
//	              a pass take; it is waited for in virtual time
//	passes        of one rotation, up to the overlap
//	×trail        that, over what we take for a pass: so many accounts can be
//	              served at once before we, and not CloudTrail, are the bound
//	decide/pass   the share of a pass that deciding takes
func BenchmarkPasses(b *testing.B) {
	b.Run("begin", func(b *testing.B) {
		f := newHousehold(b, 500)
		f.begin(b, accesskey.DefaultTerms())
		var sum toll
		n := 0
		for b.Loop() {
			sum.add(f.untilOverlap(b, f.subjects[n%len(f.subjects)]))
			n++
		}
		sum.report(b)
		b.ReportMetric(float64(sum.passes)/float64(min(n, len(f.subjects))), "passes")
	})
	b.Run("overlap", func(b *testing.B) {
		f := newHousehold(b, 1000)
		f.beginInOverlap(b)
		var sum toll
		for b.Loop() {
			b.StopTimer()
			f.advance(b, time.Hour)
			b.StartTimer()
			for _, subject := range f.subjects {
				sum.add(f.pass(b, subject))
			}
		}
		sum.report(b)
	})
}

func (t toll) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(t.passes)/(t.took-t.sim).Seconds(), "passes/s")
	b.ReportMetric(float64(t.passes)/t.took.Seconds(), "passes/s+sim")
	b.ReportMetric(float64(t.calls)/float64(t.passes), "calls/pass")
	trail := float64(t.lookups) * lookupEvery.Seconds()
	b.ReportMetric(trail/float64(t.passes), "trail-s/pass")
	b.ReportMetric(trail/(t.took-t.sim).Seconds(), "×trail")
	b.ReportMetric(t.decided.Seconds()/(t.took-t.sim).Seconds(), "decide/pass")
}

// toll is what passes came to.
type toll struct {
	passes, calls, lookups int           // of calls, in CloudTrail
	took, sim, decided     time.Duration // in all; of it in the simulated AWS; of it in Decide
}

func (t *toll) add(u toll) {
	t.passes, t.calls, t.lookups = t.passes+u.passes, t.calls+u.calls, t.lookups+u.lookups
	t.took, t.sim, t.decided = t.took+u.took, t.sim+u.sim, t.decided+u.decided
}

// household is a Keytend and its users, each with one key in a dotenv file.
type household struct {
	folder   string
	sim      *fakeaws.AWS
	network  *timed
	session  *awsapi.Session
	rotator  *rotation.Rotator
	decided  time.Duration
	subjects []accesskey.Subject
	last     rotation.Result
}

const householdAccount = "123456789012"

func newHousehold(b *testing.B, users int) *household {
	b.Helper()
	start := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	f := &household{folder: b.TempDir(), sim: fakeaws.New(fakeaws.Config{Start: start, Seed: 7, LastUsedLag: 4 * time.Hour})}
	f.sim.AddAccount(householdSpec(start, users))
	f.network = &timed{sim: f.sim, next: f.sim.RoundTripper()}
	id, secret := f.sim.AdminKey(householdAccount)
	f.session = awsapi.OpenWithKey(b.Context(), accesskey.ID(id), accesskey.NewSecret(secret),
		awsapi.Options{Region: "us-east-1", HTTPClient: &http.Client{Transport: f.network}, Unpaced: true})
	f.advance(b, 0)
	f.assemble(b)
	return f
}

func householdSpec(now time.Time, users int) fakeaws.AccountSpec {
	spec := fakeaws.AccountSpec{ID: householdAccount, Admin: "admin", Created: now.AddDate(-2, 0, 0), Users: []fakeaws.UserSpec{{
		Name: "admin", ManagedPolicies: []string{"arn:aws:iam::aws:policy/AdministratorAccess"}, Keys: []fakeaws.KeySpec{{Created: now.AddDate(0, -1, 0)}},
	}}}
	for i := range users {
		spec.Users = append(spec.Users, fakeaws.UserSpec{Name: fmt.Sprintf("app-%04d", i), Created: now.AddDate(-1, 0, 0), Keys: []fakeaws.KeySpec{{
			Created: now.AddDate(0, 0, -80), LastUsed: &fakeaws.KeyUse{At: now.Add(-time.Hour), Service: "s3", Region: "us-east-1"},
		}}})
	}
	return spec
}

// assemble puts the rotator together as the command line does.
func (f *household) assemble(b *testing.B) {
	state, err := journal.Open(b.Context(), filepath.Join(f.folder, "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = state.Close() })
	holder, err := state.Enter("bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = holder.Leave() })
	sealed, err := escrow.OpenAge(filepath.Join(f.folder, "identity.age"), true)
	if err != nil {
		b.Fatal(err)
	}
	places := all.Surroundings{Folder: f.folder, Locks: filepath.Join(f.folder, "locks")}
	account, n := onaws.New(f.session, onaws.Options{Journal: "jbench"}), 0
	f.rotator = &rotation.Rotator{
		Journal: state, Escrow: sealed, Keys: account, Mutations: account, Tags: account, Rights: account, Prover: account,
		Trail: account, Signer: account, Clock: level{account}, Holders: state, Decide: f.decide,
		Destination: func(_ accesskey.Subject, name string) (rotation.Destination, error) { return all.Open(name, places) },
		Random:      func() string { n++; return fmt.Sprintf("t%d", n) },
		Gate:        policy.Gate{Mode: policy.Enforce}, Regions: []string{"us-east-1"}, JournalName: "jbench", Holder: holder.Name(),
	}
}

// level is the clock of a simulated AWS, which is never off.
type level struct{ *onaws.Account }

// Skew implements rotation.Clock.
func (l level) Skew(context.Context) accesskey.Fact[time.Duration] {
	return accesskey.Observed(time.Duration(0), l.Now(), "simulated AWS")
}

// decide is policy.Decide, timed.
func (f *household) decide(in policy.Input, now time.Time) policy.Step {
	start := time.Now()
	defer func() { f.decided += time.Since(start) }()
	return policy.Decide(in, now)
}

func (f *household) place(i int) string {
	return filepath.Join(f.folder, fmt.Sprintf("app-%04d.env", i))
}

// begin puts a rotation of each user's key on record.
func (f *household) begin(b *testing.B, terms accesskey.Terms) {
	b.Helper()
	for i, user := range f.sim.Snapshot(householdAccount).Users[1:] {
		old := user.Keys[0]
		f.write(b, i, old)
		subject := accesskey.Subject{Account: householdAccount, User: user.Name, UserID: user.ID}
		_, err := f.rotator.Begin(b.Context(), rotation.Request{
			Work: accesskey.Rotation, Subject: subject, Key: accesskey.ID(old.ID), Terms: terms, Destinations: []string{"dotenv:" + f.place(i)},
		})
		if err != nil {
			b.Fatal(err)
		}
		f.subjects = append(f.subjects, subject)
	}
}

// beginInOverlap puts rotations on record that have come as far as the overlap.
func (f *household) beginInOverlap(b *testing.B) {
	b.Helper()
	f.begin(b, accesskey.DefaultTerms())
	now := f.session.Now()
	for i, subject := range f.subjects {
		fresh := f.colleague(b, subject.User)
		f.write(b, i, fresh)
		record, err := f.rotator.Journal.Fetch(b.Context(), subject)
		if err != nil {
			b.Fatal(err)
		}
		next := record.Clone()
		next.Phase, next.Since, next.New, next.Claim.Untaggable = accesskey.Overlap, now, accesskey.ID(fresh.ID), true
		next.Proof = accesskey.Proof{First: now, Last: now, Passed: now, Count: 3}
		next.Deliveries[0].Done, next.Deliveries[0].ReadBack = now, now
		next.Claim.Keys, next.Claim.Read, next.Claim.At = []accesskey.ID{next.Old}, now, now
		next.Watch.Waiting, next.Watch.WaitingFrom = policy.WhyOverlap, now // as the latest pass noted
		if _, err := f.rotator.Journal.Replace(b.Context(), record, next, accesskey.Event{At: now, What: "put there"}); err != nil {
			b.Fatal(err)
		}
	}
}

// colleague makes a key.
func (f *household) colleague(b *testing.B, user string) fakeaws.KeySpec {
	id, secret := f.sim.AdminKey(householdAccount)
	client := iam.New(iam.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""), HTTPClient: &http.Client{Transport: f.sim.RoundTripper()},
	})
	out, err := client.CreateAccessKey(b.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(user)})
	if err != nil {
		b.Fatal(err)
	}
	return fakeaws.KeySpec{ID: aws.ToString(out.AccessKey.AccessKeyId), Secret: aws.ToString(out.AccessKey.SecretAccessKey)}
}

// write puts a key into a user's dotenv file.
func (f *household) write(b *testing.B, i int, key fakeaws.KeySpec) {
	text := fmt.Sprintf("AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n", key.ID, key.Secret)
	if err := os.WriteFile(f.place(i), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

// consume is a consumer's call with the newest key that works.
func (f *household) consume(b *testing.B, i int) {
	b.Helper()
	keys := f.sim.Snapshot(householdAccount).Users[1+i].Keys
	key := keys[len(keys)-1]
	client := sts.New(sts.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(key.ID, key.Secret, ""), HTTPClient: &http.Client{Transport: f.sim.RoundTripper()},
	})
	if _, err := client.GetCallerIdentity(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
}

// advance moves AWS's clock, and lets the session notice.
func (f *household) advance(b *testing.B, by time.Duration) {
	b.Helper()
	f.sim.Advance(by)
	if err := f.session.AskTime(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// untilOverlap takes a rotation that far; nothing where it is there.
func (f *household) untilOverlap(b *testing.B, subject accesskey.Subject) toll {
	b.Helper()
	var sum toll
	for range 100 {
		record, err := f.rotator.Journal.Fetch(b.Context(), subject)
		if err != nil {
			b.Fatal(err)
		}
		if record.Phase == accesskey.Overlap {
			return sum
		}
		sum.add(f.pass(b, subject))
		if f.last.Waiting() {
			b.StopTimer()
			f.advance(b, max(f.last.Step.NotBefore.Sub(f.session.Now()), 0)+time.Second)
			b.StartTimer()
		}
	}
	b.Fatalf("%s did not reach the overlap", subject.User)
	return sum
}

// pass gives one rotation a pass.
func (f *household) pass(b *testing.B, subject accesskey.Subject) toll {
	b.Helper()
	start, before, decided := time.Now(), f.network.count(), f.decided
	res, err := f.rotator.Pass(b.Context(), subject)
	took, after := time.Since(start), f.network.count()
	if err != nil || res.Record.Phase == accesskey.Blocked {
		b.Fatalf("%s: %s %s: %v", subject.User, res.Step.Kind, res.Step.Reason, err)
	}
	f.last = res
	return toll{passes: 1, calls: after.calls - before.calls, lookups: after.lookups - before.lookups, took: took, sim: after.sim - before.sim, decided: f.decided - decided}
}

// lookupEvery is the pace that CloudTrail bears.
const lookupEvery = 500 * time.Millisecond

// timed counts calls and how long they take, and lets AWS's time pass where
// CloudTrail would have to be waited for.
type timed struct {
	sim  *fakeaws.AWS
	next http.RoundTripper

	lock           sync.Mutex
	calls, lookups int
	took           time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t *timed) RoundTrip(r *http.Request) (*http.Response, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	start := time.Now()
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".LookupEvents") {
		t.sim.Advance(lookupEvery)
		t.lookups++
	}
	defer func() { t.calls, t.took = t.calls+1, t.took+time.Since(start) }()
	return t.next.RoundTrip(r)
}

// count is what has been counted so far.
func (t *timed) count() toll {
	t.lock.Lock()
	defer t.lock.Unlock()
	return toll{calls: t.calls, lookups: t.lookups, sim: t.took}
}
