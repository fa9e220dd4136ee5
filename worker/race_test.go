//go:build race

package worker_test

import "runtime"

// The timers of a synctest bubble share one context of the race detector, and Go 1.26 lets several goroutines that find a channel
// timer due run it at the same time: now and then the detector itself crashed. On one processor they cannot meet there; what the
// detector reports does not depend on the number of processors.
func init() { runtime.GOMAXPROCS(1) }
