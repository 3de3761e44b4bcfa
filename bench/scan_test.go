package bench

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
	"github.com/keytend/keytend/internal/inventory"
	"github.com/keytend/keytend/internal/policy"
)

const latency = 50 * time.Millisecond

// BenchmarkScan scans accounts whose AWS is 50 ms away, in virtual time.
//
//	calls          requests sent
//	calls/allowed  calls over 20 + findings: the aim is 1 at most
//	s/scan         virtual seconds
//	×bound         s/scan over the lower bound of the call graph: the aim is 1.2
//	loop-calls     requests of the loop that most scripts use (list users, list
//	               each one's keys, ask each key's last use, one after another)
//	×loop          its virtual seconds over ours
func BenchmarkScan(b *testing.B) {
	for _, users := range []int{100, 1000, 5000} {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			var ours, loop cost
			for b.Loop() {
				virtually(b, func(t *testing.T) { ours = scanCost(t, users) })
			}
			virtually(b, func(t *testing.T) { loop = loopCost(t, users) })
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(ours.calls), "calls")
			b.ReportMetric(float64(ours.calls)/float64(20+ours.findings), "calls/allowed")
			b.ReportMetric(ours.took.Seconds(), "s/scan")
			b.ReportMetric(ours.took.Seconds()/ours.bound.Seconds(), "×bound")
			b.ReportMetric(float64(loop.calls), "loop-calls")
			b.ReportMetric(loop.took.Seconds()/ours.took.Seconds(), "×loop")
		})
	}
}

// cost is what looking at an account came to.
type cost struct {
	calls, findings int
	took, bound     time.Duration
}

// account starts a simulated AWS of one account, with a fresh network.
func account(users int, wait time.Duration) (*fakeaws.AWS, fakeaws.AccountSpec) {
	sim := fakeaws.New(fakeaws.Config{Start: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), Latency: wait, Seed: 7})
	spec := population.Account(7, 0, users, sim.Now())
	sim.AddAccount(spec)
	return sim, spec
}

func scanCost(t testing.TB, users int) cost {
	sim, spec := account(users, latency)
	start := time.Now()
	found := collect(t, sim, spec, sim.RoundTripper())
	c := cost{findings: len(found), took: time.Since(start)}
	calls := sim.Calls()
	for _, n := range calls {
		c.calls += n
	}
	c.bound = bound(users, calls, reportTime(t, users))
	return c
}

// reportTime is how long this AWS takes to make a credential report: nobody can
// have it sooner.
func reportTime(t testing.TB, users int) time.Duration {
	sim, spec := account(users, 0)
	client := client(sim, spec)
	start := time.Now()
	if _, err := client.GenerateCredentialReport(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := client.GetCredentialReport(t.Context(), nil); err == nil {
			return time.Since(start)
		}
		time.Sleep(time.Millisecond)
	}
}

// collect observes and judges the account as `keytend scan` does.
func collect(t testing.TB, sim *fakeaws.AWS, spec fakeaws.AccountSpec, network http.RoundTripper) []policy.Finding {
	inv := observed(t, sim, spec, network)
	found := policy.Findings(inv, policy.DefaultRules(), inv.ObservedAt)
	if len(found) == 0 {
		t.Fatal("no findings: nothing was measured")
	}
	return found
}

func observed(t testing.TB, sim *fakeaws.AWS, spec fakeaws.AccountSpec, network http.RoundTripper) accesskey.Inventory {
	id, secret := sim.AdminKey(spec.ID)
	session := awsapi.OpenWithKey(t.Context(), accesskey.ID(id), accesskey.NewSecret(secret),
		awsapi.Options{Region: "us-east-1", HTTPClient: &http.Client{Transport: network}})
	rules := policy.DefaultRules()
	inv, err := inventory.Collect(t.Context(), session, inventory.Options{
		Wanted: func(inv accesskey.Inventory) []string { return policy.Wanted(inv, rules, session.Now()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Failures) > 0 {
		t.Fatalf("could not be read: %+v", inv.Failures)
	}
	return inv
}

// bound is the shortest time in which these answers can be had: a page of users
// tells where the next begins, the report takes its time to be made, both must
// be there before anybody knows whom to look up, and look-ups go
// DefaultConcurrency at a time.
func bound(users int, calls map[string]int, report time.Duration) time.Duration {
	pages := time.Duration((users+999)/1000) * latency
	lookups := calls["iam:ListAccessKeys"] + calls["iam:GetAccessKeyLastUsed"]
	rounds := (lookups + inventory.DefaultConcurrency - 1) / inventory.DefaultConcurrency
	return max(pages, report+latency) + time.Duration(rounds)*latency
}

// client is the SDK's own, with an administrator's key.
func client(sim *fakeaws.AWS, spec fakeaws.AccountSpec) *iam.Client {
	id, secret := sim.AdminKey(spec.ID)
	return iam.New(iam.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
		HTTPClient: &http.Client{Transport: sim.RoundTripper()}, RetryMaxAttempts: 1,
	})
}

// loopCost is the usual script, with the SDK's own paginators.
func loopCost(t testing.TB, users int) cost {
	sim, spec := account(users, latency)
	client := client(sim, spec)
	start := time.Now()
	for pages := iam.NewListUsersPaginator(client, nil); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Users {
			keys, err := client.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: u.UserName})
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range keys.AccessKeyMetadata {
				if _, err := client.GetAccessKeyLastUsed(t.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String(*k.AccessKeyId)}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	c := cost{took: time.Since(start)}
	for _, n := range sim.Calls() {
		c.calls += n
	}
	return c
}

// BenchmarkScanCPU is what the scan of 5,000 users costs this machine, without
// the simulated AWS: its answers are kept from a first scan and played back.
// s/op is the figure; the aim is half a second.
func BenchmarkScanCPU(b *testing.B) {
	sim, spec := account(5000, 0)
	tape := &tape{next: sim.RoundTripper(), answers: map[[32]byte]answer{}}
	collect(b, sim, spec, tape)
	collect(b, sim, spec, tape) // the first waited for the report, and was refused it meanwhile
	tape.missed = 0
	b.ReportAllocs()
	for b.Loop() {
		collect(b, sim, spec, tape)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/op")
	if tape.missed > 0 {
		b.Fatalf("%d requests were not on the tape", tape.missed)
	}
}

// tape answers a request that it has seen before with the same answer.
type tape struct {
	next http.RoundTripper

	mu      sync.Mutex
	answers map[[32]byte]answer
	missed  int
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// RoundTrip implements http.RoundTripper. Requests are told apart by what they
// ask, not by when they were signed.
func (t *tape) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	name := sha256.Sum256(append([]byte(r.Host+r.Header.Get("X-Amz-Target")+"\n"), body...))
	t.mu.Lock()
	kept, ok := t.answers[name]
	t.mu.Unlock()
	if !ok {
		return t.record(name, r)
	}
	return &http.Response{
		StatusCode: kept.status, Header: kept.header, Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(kept.body)), ContentLength: int64(len(kept.body)),
	}, nil
}

func (t *tape) record(name [32]byte, r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.missed++
	if resp.StatusCode == http.StatusOK {
		t.answers[name] = answer{resp.StatusCode, resp.Header.Clone(), body}
	}
	return resp, nil
}
