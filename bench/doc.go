// Package bench measures Keytend and prints ratios: beside the loop that most
// scripts use, beside the lower bound of the call graph, beside encoding/csv.
// It holds benchmarks only, which never fail for being slow:
//
//	go test -bench . ./bench
package bench
