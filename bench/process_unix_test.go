//go:build unix

package bench

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

// BenchmarkFleetProcess is a whole `keytend scan --organization` of 50 and of
// 200 accounts of 100 users, in a process of its own, over HTTP. The simulated
// AWS is in this one, so that the figures are keytend's alone.
//
//	peak-MiB  its resident memory at the most: the aim is 256, whatever the number of accounts
//	cpu-s     its processor seconds
func BenchmarkFleetProcess(b *testing.B) {
	binary := build(b)
	for _, n := range []int{50, 200} {
		b.Run("accounts="+strconv.Itoa(n), func(b *testing.B) {
			sim := fakeaws.New(fakeaws.Config{Seed: 7, Latency: latency})
			population.Fill(sim, population.Options{Seed: 7, Accounts: n, Users: fleetUsers})
			server := httptest.NewServer(sim)
			defer server.Close()
			id, secret := sim.AdminKey(population.AccountID(0))
			var used *syscall.Rusage
			for b.Loop() {
				scan := exec.CommandContext(b.Context(), binary, "scan", "--organization", "--quiet", "--output", "ndjson", "--out", os.DevNull)
				scan.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+server.URL, "AWS_REGION=us-east-1", "AWS_PROFILE=",
					"AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+secret, "AWS_SESSION_TOKEN=")
				if out, err := scan.CombinedOutput(); err != nil {
					b.Fatalf("scan: %v\n%s", err, out)
				}
				used = scan.ProcessState.SysUsage().(*syscall.Rusage)
			}
			b.ReportMetric(mebi(resident(used)), "peak-MiB")
			b.ReportMetric(seconds(used.Utime)+seconds(used.Stime), "cpu-s")
		})
	}
}

// resident is in bytes: macOS counts so, the others in KiB.
func resident(used *syscall.Rusage) uint64 {
	if runtime.GOOS == "darwin" {
		return uint64(used.Maxrss)
	}
	return uint64(used.Maxrss) << 10
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
