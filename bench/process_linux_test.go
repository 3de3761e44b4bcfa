package bench

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/fakeaws"
	"github.com/keytend/keytend/internal/fakeaws/population"
)

// BenchmarkFleetProcess is a whole `keytend scan --organization` of 50 and of
// 150 accounts of 100 users, in a process of its own, over HTTP. The simulated
// AWS is in this one, so that the figures are keytend's alone.
//
//	peak-MiB  its resident memory at the most: the aim is 256, whatever the number of accounts
//	cpu-s     its processor seconds
func BenchmarkFleetProcess(b *testing.B) {
	for _, n := range []int{50, 150} {
		inProcess(b, n, "scan", "--organization", "--quiet", "--output", "ndjson", "--out", os.DevNull)
	}
}

// BenchmarkPlanProcess is a whole `keytend plan --organization` on the worst day,
// the first: more than half of the Active keys are due; as a table and as JSON,
// which has every item. KEYTEND_BENCH_ACCOUNTS says of how many accounts. The
// figures are BenchmarkFleetProcess's.
func BenchmarkPlanProcess(b *testing.B) {
	policy := filepath.Join(b.TempDir(), "keytend.yaml")
	if err := os.WriteFile(policy, []byte(plannedBy), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, format := range []string{"table", "json"} {
		b.Run(format, func(b *testing.B) {
			for _, n := range accountsAsked(b, 50, 150) {
				inProcess(b, n, "plan", "--organization", "--quiet", "--config", policy, "--state", filepath.Join(b.TempDir(), "state.db"),
					"--all", "--output", format)
			}
		})
	}
}

// accountsAsked are the numbers of accounts to measure with.
func accountsAsked(b *testing.B, otherwise ...int) []int {
	b.Helper()
	text := os.Getenv(accountsVariable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return []int{n}
}

// inProcess runs a command of keytend in a process of its own, over n accounts.
func inProcess(b *testing.B, n int, args ...string) {
	binary := build(b)
	b.Run("accounts="+strconv.Itoa(n), func(b *testing.B) {
		sim := fakeaws.New(fakeaws.Config{Seed: 7, Latency: latency})
		population.Fill(sim, population.Options{Seed: 7, Accounts: n, Users: fleetUsers})
		server := httptest.NewServer(sim)
		defer server.Close()
		id, secret := sim.AdminKey(population.AccountID(0))
		var peak uint64
		var used time.Duration
		for b.Loop() {
			command := exec.CommandContext(b.Context(), binary, args...)
			command.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+server.URL, "AWS_REGION=us-east-1", "AWS_PROFILE=",
				"AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+secret, "AWS_SESSION_TOKEN=")
			peak = watched(b, command)
			used = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
		}
		b.ReportMetric(mebi(peak), "peak-MiB")
		b.ReportMetric(used.Seconds(), "cpu-s")
	})
}

// watched runs a command to its end and returns its resident memory at the
// most. The kernel's ru_maxrss would begin with what this process had when it
// forked.
func watched(b *testing.B, command *exec.Cmd) (peak uint64) {
	b.Helper()
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				b.Fatal(err)
			}
			return peak
		case <-time.After(20 * time.Millisecond):
			peak = max(peak, highWater(command.Process.Pid))
		}
	}
}

// highWater reads VmHWM, which is counted from exec on; 0 once the process has
// ended.
func highWater(pid int) uint64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kibi, _ := strconv.ParseUint(fields[0], 10, 64)
	return kibi << 10
}

// processor returns the seconds that this process has computed.
func processor() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return float64(used.Utime.Sec+used.Stime.Sec) + float64(used.Utime.Usec+used.Stime.Usec)/1e6
}
