package crashtest

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"noren/pgtest"
)

// engines are the databases that tests run on.
var engines = map[string]func(t *testing.T) string{
	"sqlite":   sqliteURL,
	"postgres": func(t *testing.T) string { return pgtest.Database(t) },
}

func sqliteURL(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "noren.db") }

// kills is how often TestKilled kills the server.
func kills(t *testing.T) int {
	if given := os.Getenv("NOREN_CRASH_KILLS"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil {
			t.Fatalf("NOREN_CRASH_KILLS: %v", err)
		}
		return n
	}
	if testing.Short() {
		return 2
	}
	return 6
}

// TestKilled kills the server under load at random moments and starts it again.
func TestKilled(t *testing.T) {
	t.Parallel()
	for name, url := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := install(t, url(t), 2)
			l := newLoad(t, in)
			s := in.serve()
			stop := l.start()
			for range kills(t) {
				time.Sleep(100*time.Millisecond + rand.N(900*time.Millisecond))
				s.kill()
				s = in.serve()
			}
			stop()
			l.settleAfterKill()
			s.stop()
			l.check(t)
		})
	}
}

// TestStopped stops the server under load like an operator would, which must lose nothing either.
func TestStopped(t *testing.T) {
	t.Parallel()
	for name, url := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := install(t, url(t), 2)
			l := newLoad(t, in)
			stop := l.start()
			for range 3 {
				s := in.serve()
				time.Sleep(rand.N(500 * time.Millisecond))
				s.stop()
			}
			stop()
			s := in.serve()
			l.settle()
			s.stop()
			l.check(t)
		})
	}
}

// TestNeighbourKilled runs two servers on one database. One accepts the requests, both apply them and send callbacks, and
// the other is killed again and again.
func TestNeighbourKilled(t *testing.T) {
	t.Parallel()
	in := install(t, pgtest.Database(t), 2)
	neighbour := *in
	neighbour.address = freeAddress(t)
	l := newLoad(t, in)
	s := in.serve()
	stop := l.start()
	for range kills(t) {
		n := neighbour.serve()
		time.Sleep(100*time.Millisecond + rand.N(900*time.Millisecond))
		n.kill()
	}
	stop()
	l.settleAfterKill()
	s.stop()
	l.check(t)
}
