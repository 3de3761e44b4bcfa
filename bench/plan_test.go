package bench

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/config"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/ranking"
)

// BenchmarkPlan plans a million keys, 200 accounts of 5,000 users with a key
// each: on the first day, when four in ten are due at once, and on an ordinary
// one. The bare ruling is what the plan itself costs; with the policy file,
// expressions are asked about every key too.
//
//	cpu-s/million  processor seconds for a million keys: the aim is 2
//	due/key        share of keys of which something is to be done
//	kept-MiB       memory that the plan holds at its end: what is due, one by one
func BenchmarkPlan(b *testing.B) {
	file, err := config.Load("keytend.yaml", func(string) ([]byte, error) { return []byte(plannedBy), nil })
	if err != nil {
		b.Fatal(err)
	}
	first, ordinary := crowd(5000, 90, 8), crowd(5000, 61, 100)
	inv := first
	user := inv.Users[0]
	keys, _ := user.Keys.Get()
	fixed, err := file.Ruling(&inv.Account, &user, &keys[0], noon)
	if err != nil {
		b.Fatal(err)
	}
	bare := func(*accesskey.Account, *accesskey.User, *accesskey.Key, time.Time) (policy.Ruling, error) {
		return fixed, nil
	}
	for _, c := range []struct {
		name string
		inv  accesskey.Inventory
		rule policy.Rulings
	}{
		{"ordinary day/bare", ordinary, bare}, {"ordinary day/keytend.yaml", ordinary, file.Ruling},
		{"first day/bare", first, bare}, {"first day/keytend.yaml", first, file.Ruling},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			due, used, before := 0, processor(), inUse()
			var schedule *policy.Schedule
			for b.Loop() {
				schedule = policy.NewSchedule(noon, noon.Add(30*policy.Day), ranking.Items)
				for range 200 {
					if err := schedule.Add(policy.Plan(policy.Survey{Inventory: c.inv}, c.rule, noon)); err != nil {
						b.Fatal(err)
					}
				}
				if err := schedule.Allot(nil); err != nil {
					b.Fatal(err)
				}
				t := schedule.Totals()
				due = t.Rotate + t.SwitchOff + t.PutOff
			}
			b.ReportMetric((processor()-used)/float64(b.N), "cpu-s/million")
			b.ReportMetric(float64(due)/1e6, "due/key")
			b.ReportMetric(float64(int64(inUse()-before))/(1<<20), "kept-MiB")
			runtime.KeepAlive(schedule)
		})
	}
}

// inUse is how much memory is reachable, in bytes.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

const plannedBy = `
mode: enforce
destinations: ["secretsmanager:prod/{user}"]
overrides:
  - when: user.path.startsWith("/ci/")
    rules: {max_age: 60d}
exemptions:
  - {when: user.name == "legacy", until: 2027-03-31, reason: vendor, approver: ciso@example.com}
budgets: {total: 20}
`

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// crowd is an account of n users with one key each: so many days old at most, and
// one in so many unused.
func crowd(n, days, unused int) accesskey.Inventory {
	inv := accesskey.Inventory{Account: accesskey.Account{ID: "123456789012", Partition: "aws"}, ObservedAt: noon}
	for i := range n {
		created, used := noon.Add(-time.Duration(i%days)*policy.Day), noon.Add(-time.Hour)
		if i%unused == 0 {
			created, used = noon.Add(-400*policy.Day), noon.Add(-300*policy.Day)
		}
		key := accesskey.Key{
			ID: seen(accesskey.ID(fmt.Sprintf("AKIAIOSFODNN7%07d", i))), Status: seen(accesskey.Active),
			Created: seen(created), LastUsed: seen(accesskey.LastUse{At: used, Service: "s3", Region: "us-east-1"}),
		}
		name := fmt.Sprintf("user-%07d", i)
		inv.Users = append(inv.Users, accesskey.User{
			Name: name, ID: fmt.Sprintf("AIDACKCEV%07d", i), ARN: "arn:aws:iam::123456789012:user/" + name, Path: "/", Created: created,
			Tags: seen(map[string]string{"team": "platform"}), Groups: seen([]string(nil)), Privilege: seen(accesskey.Privilege{}),
			Keys: seen([]accesskey.Key{key}),
		})
	}
	return inv
}

func seen[T any](v T) accesskey.Fact[T] { return accesskey.Observed(v, noon, accesskey.FromReport) }
