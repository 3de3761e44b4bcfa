// Package bench measures Keytend and prints ratios: beside the loop that most
// scripts use, beside the lower bound of the call graph, beside encoding/csv.
// It holds benchmarks only, which never fail for being slow:
//
//	go test -bench . ./bench
//
// How many histories a second the simulation of rotations lives through is
// measured where the simulation is:
//
//	go test -run '^$' -bench Histories ./internal/rotation
package bench
