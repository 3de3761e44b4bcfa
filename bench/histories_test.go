package bench

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// BenchmarkHistories lives through histories of rotation's simulation, with
// every invariant checked at every event, one after another on one core. The
// simulation is part of its room's tests, so their binary is built and run.
//
//	histories/s   of one core
//	×real         virtual time over the time it takes
func BenchmarkHistories(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "rotation.test")
	if out, err := exec.CommandContext(b.Context(), "go", "test", "-c", "-o", binary, "../internal/rotation").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	var histories, real float64
	n := 0
	for b.Loop() {
		cmd := exec.CommandContext(context.Background(), binary, "-test.run=^$", "-test.bench=^BenchmarkHistories$", "-test.benchtime=200x", "-test.cpu=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		histories, real, n = histories+metric(b, out, "histories/s"), real+metric(b, out, "×real"), n+1
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(histories/float64(n), "histories/s")
	b.ReportMetric(real/float64(n), "×real")
}

// metric finds one in what a benchmark prints.
func metric(b *testing.B, printed []byte, unit string) float64 {
	b.Helper()
	found := regexp.MustCompile(`([0-9.e+]+) ` + regexp.QuoteMeta(unit)).FindSubmatch(printed)
	if found == nil {
		b.Fatalf("no %s in\n%s", unit, printed)
	}
	v, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return v
}
