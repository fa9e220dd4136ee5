//go:build race

package worker_test

import (
	"runtime"
	"testing"
)

// TestMain keeps the race detector from crashing. The timers of a synctest bubble share one context of the detector, and Go 1.26 lets
// several goroutines that find a channel timer due run it there at the same time. On one processor they cannot meet; what the detector
// reports does not depend on the number of processors.
func TestMain(m *testing.M) {
	runtime.GOMAXPROCS(1)
	m.Run()
}
