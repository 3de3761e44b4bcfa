package rotation

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage pile up: a history is thrown away as soon as it is over.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}
