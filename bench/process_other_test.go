//go:build !linux

package bench

import "runtime/metrics"

// processor returns the seconds that this process has computed, as the garbage
// collector last estimated them.
func processor() float64 {
	samples := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(samples)
	return samples[0].Value.Float64() - samples[1].Value.Float64()
}
