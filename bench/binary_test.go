package bench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// build compiles the command as it is released and returns the binary's path.
func build(b *testing.B, env ...string) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "keytend")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "../cmd/keytend")
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// BenchmarkStart is a whole process: `keytend version`, from exec to exit. MB
// is the size of the stripped binary.
func BenchmarkStart(b *testing.B) {
	binary := build(b)
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := exec.CommandContext(context.Background(), binary, "version").Run(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1e3/float64(b.N), "ms/start")
}

// BenchmarkColdBuild compiles everything from an empty build cache (modules
// already downloaded), once. It takes minutes, so it wants to be asked for.
func BenchmarkColdBuild(b *testing.B) {
	if os.Getenv("KEYTEND_BENCH_COLD") == "" {
		b.Skip("skipped: a cold build takes minutes: set KEYTEND_BENCH_COLD=1")
	}
	start := time.Now()
	build(b, "GOCACHE="+b.TempDir())
	b.ReportMetric(time.Since(start).Seconds(), "s/cold-build")
	b.ReportMetric(float64(runtime.NumCPU()), "cores")
}
