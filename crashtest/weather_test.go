//go:build linux

package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"noren/pgtest"
)

// addNodeFaults adds what strikes one node.
func (s *storm) addNodeFaults(n *node) {
	s.add("kill", n.name, "killed", func(ctx context.Context, r *round) {
		n.kill(r.t)
		sleep(ctx, between(0, time.Second))
		n.start(r.t)
	})
	s.add("stop", n.name, "stopped and started", func(ctx context.Context, r *round) {
		n.stop(r.t)
		sleep(ctx, between(0, time.Second))
		n.start(r.t)
	})
	s.add("freeze", n.name, "frozen", func(ctx context.Context, r *round) {
		n.signal(r.t, syscall.SIGSTOP)
		sleep(ctx, between(100*time.Millisecond, 25*time.Second))
		n.signal(r.t, syscall.SIGCONT)
	})
	if s.clocks {
		s.add("clock", n.name, "clock set", func(ctx context.Context, r *round) {
			step := between(-maxStep, maxStep)
			if err := os.WriteFile(n.step, fmt.Append(nil, int64(step/time.Second)), 0o600); err != nil {
				r.t.Error(err)
			}
			sleep(ctx, between(0, 10*time.Second))
		})
	}
}

// maxStep is how far a clock may be wrong: less than half a day, because two of them are then off by less than the day for
// which an Idempotency-Key is remembered.
const maxStep = 6 * time.Hour

// addServerFaults adds what strikes PostgreSQL.
func (s *storm) addServerFaults(server *pgtest.Server) {
	s.add("restart", "PostgreSQL", "crashed", func(_ context.Context, r *round) { server.Restart(r.t, "immediate") })
	s.add("restart", "PostgreSQL", "restarted", func(_ context.Context, r *round) { server.Restart(r.t, "fast") })
	s.add("restart", "PostgreSQL", "away", func(ctx context.Context, r *round) {
		server.Stop(r.t, "fast")
		sleep(ctx, between(time.Second, 8*time.Second))
		server.Start(r.t)
	})
}

// addNetworks puts networks between the nodes and what they call, and lets them fail: PostgreSQL, Redis, and receivers.
func (s *storm) addNetworks(t *testing.T) {
	if !chosen("cut") {
		return
	}
	for _, n := range s.nodes {
		var postgres *link
		n.database, postgres = overNetwork(t, s.in.database)
		s.addCut(n.name+" and PostgreSQL", postgres)
	}
	redis := newLink(t, "tcp", miniredis.RunT(t).Addr())
	s.in.settings = append(s.in.settings, "NOREN_REDIS=redis://"+redis.address)
	s.addCut("nodes and Redis", redis)
	s.receivers = newLink(t, "tcp", "")
	s.addCut("nodes and receivers", s.receivers)
}

// addCut lets a network fail.
func (s *storm) addCut(ends string, l *link) {
	s.add("cut", "network between "+ends, "cut", func(ctx context.Context, _ *round) {
		l.cut()
		sleep(ctx, between(100*time.Millisecond, 15*time.Second))
		l.heal()
	})
}

// add adds a fault of a kind to those that strike the target, if that kind was chosen.
func (s *storm) add(kind, target, name string, strike func(ctx context.Context, r *round)) {
	if chosen(kind) {
		s.skies[target] = append(s.skies[target], fault{target + " " + name, strike})
	}
}

// addCommonFaults adds what strikes no process of ours.
func (s *storm) addCommonFaults() {
	s.add("receiver", "receivers", "away", func(ctx context.Context, r *round) {
		r.load.hangUp()
		sleep(ctx, between(time.Second, 8*time.Second))
		r.load.listen()
	})
}

// disk is a file system of its own, which can be filled.
type disk struct{ dir string }

// diskSize is more than a storm of hours writes between two sweeps. It takes memory only as it is used.
const diskSize = "8g"

// mount makes the directory of the installation's files, and of a SQLite database. Where that is permitted, it is a file
// system in memory, that gets no larger than what it holds when the disk is to be full.
func (s *storm) mount(t *testing.T, what string) disk {
	t.Helper()
	d := disk{dir: filepath.Join(t.TempDir(), "disk")}
	s.files = filepath.Join(d.dir, "files")
	s.in.settings = append(s.in.settings, "NOREN_FILES="+s.files, "NOREN_RATE_LIMITS=documented", "NOREN_LOG_LEVEL=error")
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if !chosen("disk") {
		return d
	}
	name := s.name + ": disk of " + what + " full"
	if err := command("mount", "-t", "tmpfs", "-o", "mode=700,size="+diskSize, "noren-storm", d.dir); err != nil {
		s.skip(name, fmt.Errorf("mounting a file system of a limited size: %w", err))
		return d
	}
	t.Cleanup(func() {
		if err := command("umount", d.dir); err != nil {
			t.Error(err)
		}
	})
	s.add("disk", "disk of "+what, "full", func(ctx context.Context, r *round) {
		if err := d.fill(); err != nil {
			r.t.Errorf("filling a disk: %v", err)
		}
		sleep(ctx, between(100*time.Millisecond, 3*time.Second))
		if err := command("mount", "-o", "remount,size="+diskSize, d.dir); err != nil {
			r.t.Errorf("a disk stays full: %v", err)
		}
	})
	return d
}

// fill makes the file system as small as what it holds. More may be written meanwhile, and then it has to be larger.
func (d disk) fill() (err error) {
	for range 20 {
		var used int64
		if used, err = usedBytes(d.dir); err != nil {
			return err
		}
		if err = command("mount", "-o", fmt.Sprintf("remount,size=%d", used+64<<10), d.dir); err == nil {
			return nil
		}
	}
	return err
}

// usedBytes is how much the file system of the directory holds.
func usedBytes(dir string) (int64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(dir, &s)
	return int64(s.Blocks-s.Bfree) * s.Bsize, err
}

// command runs a program of the system.
func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// between is a random time.
func between(least, most time.Duration) time.Duration { return least + rand.N(most-least) }

// sleep waits. It returns false if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
