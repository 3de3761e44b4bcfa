package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
	"github.com/keytend/keytend/internal/fleet"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/ranking"
	"github.com/keytend/keytend/internal/report"
)

const (
	// accountsVariable says how many accounts BenchmarkFleet scans; the issue's
	// number is 10000, which takes some minutes.
	accountsVariable = "KEYTEND_BENCH_ACCOUNTS"
	fewAccounts      = 200

	fleetUsers    = 100 // in each account
	fleetAtOnce   = 75  // as `keytend scan --organization` has them
	fleetInFlight = 400
)

// BenchmarkFleet scans an organization whose AWS is 50 ms away, in virtual
// time, as `keytend scan --organization --output ndjson` does. With
// KEYTEND_BENCH_ACCOUNTS=10000 it is as large as the largest.
//
//	calls     requests sent
//	s/scan    virtual seconds
//	×bound    s/scan over calls × latency ÷ calls in flight
//	×graph    s/scan over the bound of the call graph: the list of accounts, page by
//	          page, then each account's chain, so many accounts at once. A chain is
//	          long for its few calls: AWS takes its time to make the report
//	cpu-s     processor time, the simulated AWS's share included: see BenchmarkFleetCPU
//	peak-MiB  the most memory that the process had from the system at any account's
//	          end, the simulated AWS's included: the aim is 256 at most
//	heap-MiB  the most that was reachable or not yet collected
//	sim-MiB   what the simulated AWS has of that: as many accounts as are read at once
func BenchmarkFleet(b *testing.B) {
	n := fewAccounts
	if text := os.Getenv(accountsVariable); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // as the command does
	b.Run(fmt.Sprintf("accounts=%d", n), func(b *testing.B) {
		sim := simSize()
		var c fleetCost
		for b.Loop() {
			virtually(b, func(t *testing.T) { c = scanFleet(t, n) })
		}
		bound := time.Duration(c.calls) * latency / fleetInFlight
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(c.calls), "calls")
		b.ReportMetric(float64(c.findings), "findings")
		b.ReportMetric(c.took.Seconds(), "s/scan")
		b.ReportMetric(c.took.Seconds()/bound.Seconds(), "×bound")
		b.ReportMetric(c.took.Seconds()/c.graph.Seconds(), "×graph")
		b.ReportMetric(c.cpu, "cpu-s")
		b.ReportMetric(mebi(c.peak), "peak-MiB")
		b.ReportMetric(mebi(c.heap), "heap-MiB")
		b.ReportMetric(mebi(sim), "sim-MiB")
	})
}

func mebi(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// fleetCost is what going through an organization came to.
type fleetCost struct {
	calls, findings int
	took, graph     time.Duration
	cpu             float64 // seconds
	peak, heap      uint64  // bytes
}

func scanFleet(t testing.TB, accounts int) fleetCost {
	sim := fakeaws.New(fakeaws.Config{Start: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), Latency: latency, Seed: 7})
	population.Fill(sim, population.Options{Seed: 7, Accounts: accounts, Users: fleetUsers})
	id, secret := sim.AdminKey(population.AccountID(0))
	base := awsapi.OpenWithKey(t.Context(), accesskey.ID(id), accesskey.NewSecret(secret),
		awsapi.Options{Region: "us-east-1", HTTPClient: &http.Client{Transport: sim.RoundTripper()}, InFlight: fleetInFlight})
	var c fleetCost
	began, used := time.Now(), processor()
	findings, missing := goThrough(t, base, func(done string) {
		sim.Forget(done, nil)
		peak, heap := memory()
		c.peak, c.heap = max(c.peak, peak), max(c.heap, heap)
	})
	c.took, c.cpu, c.findings = time.Since(began), processor()-used, findings
	calls := sim.Calls()
	for _, n := range calls {
		c.calls += n
	}
	c.graph = graphBound(calls, reportTime(t, fleetUsers))
	if len(missing) > 0 || findings == 0 {
		t.Fatalf("%d findings, missing: %+v", findings, missing)
	}
	return c
}

// graphBound is the shortest time in which these answers can be had with so
// many accounts at once: a page of the list tells where the next begins; in each
// account come the role, the report and what is wanted in its light.
func graphBound(calls map[string]int, report time.Duration) time.Duration {
	accounts := calls["iam:GetAccountSummary"]
	lookups := calls["iam:ListAccessKeys"] + calls["iam:GetAccessKeyLastUsed"]
	rounds := (lookups/accounts + inventory.DefaultConcurrency - 1) / inventory.DefaultConcurrency
	chain := latency + report + latency + time.Duration(rounds)*latency
	return time.Duration(calls["organizations:ListAccounts"])*latency + time.Duration(accounts)*chain/fleetAtOnce
}

// goThrough scans the organization and writes it nowhere.
func goThrough(t testing.TB, base *awsapi.Session, done func(account string)) (findings int, missing []accesskey.Failure) {
	roster, err := fleet.Organization{Base: base}.Roster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rules, at := policy.DefaultRules(), base.Now()
	stream, err := report.NewStream(io.Discard, report.NDJSON, at, rules, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ranked := ranking.New(0)
	defer func() { _ = ranked.Close() }()
	var lock sync.Mutex
	visit := fleet.Visit{AtOnce: fleetAtOnce, Look: func(ctx context.Context, m fleet.Member, session *awsapi.Session) error {
		inv, err := inventory.Collect(ctx, session, inventory.Options{
			Wanted: func(inv accesskey.Inventory) []string { return policy.Wanted(inv, rules, at) },
		})
		if err != nil {
			return err
		}
		found := policy.Findings(inv, rules, at)
		lock.Lock()
		defer lock.Unlock()
		done(m.ID)
		if err := ranked.Add(found); err != nil {
			return err
		}
		return stream.Account(inv, found)
	}}
	missing = visit.Each(t.Context(), roster.Members)
	if err := stream.Finish(ranked.All(), func(policy.Finding) bool { return false }); err != nil {
		t.Fatal(err)
	}
	return stream.Found(), missing
}

// memory returns what the process has from the system, and what of that holds
// objects.
func memory() (total, objects uint64) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
	}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64(), samples[2].Value.Uint64()
}

// simSize is what as many accounts as are read at once take in the simulated
// AWS.
func simSize() uint64 {
	runtime.GC()
	_, before := memory()
	sim := fakeaws.New(fakeaws.Config{Seed: 7})
	population.Fill(sim, population.Options{Seed: 7, Accounts: fleetAtOnce, Users: fleetUsers})
	for _, id := range sim.Accounts() {
		sim.AdminKey(id) // seeds it
	}
	runtime.GC()
	_, after := memory()
	runtime.KeepAlive(sim)
	return after - min(before, after)
}

// BenchmarkFleetCPU is what one account of an organization costs this machine,
// without the simulated AWS, whose answers are played back: reading, judging,
// ranking, writing. The figure is cpu-s/10k, processor seconds for 10,000 such
// accounts of 100 users.
func BenchmarkFleetCPU(b *testing.B) {
	sim, spec := account(fleetUsers, 0)
	tape := &tape{next: sim.RoundTripper(), answers: map[[32]byte]answer{}}
	rules, at := policy.DefaultRules(), sim.Now()
	ranked := ranking.New(0)
	defer func() { _ = ranked.Close() }()
	stream, err := report.NewStream(io.Discard, report.NDJSON, at, rules, report.Options{})
	if err != nil {
		b.Fatal(err)
	}
	one := func() {
		inv := observed(b, sim, spec, tape)
		found := policy.Findings(inv, rules, at)
		if err := ranked.Add(found); err != nil {
			b.Fatal(err)
		}
		if err := stream.Account(inv, found); err != nil {
			b.Fatal(err)
		}
	}
	one()
	one() // the first waited for the report, and was refused it meanwhile
	tape.missed = 0
	b.ReportAllocs()
	used := processor()
	for b.Loop() {
		one()
	}
	if err := stream.Finish(ranked.All(), func(policy.Finding) bool { return false }); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric((processor()-used)/float64(b.N)*10000, "cpu-s/10k")
	if tape.missed > 0 {
		b.Fatalf("%d requests were not on the tape", tape.missed)
	}
}
