//go:build linux

package crashtest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"noren"
	"noren/pgtest"
)

// TestPowerCut cuts the power of the disk under a server that is written to as fast as it can: what the kernel has not
// written to the disk is lost, and everything starts again on what is there. Nothing that was acknowledged may be missing.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		disk := newPowered(t)
		cutPower(t, disk, "sqlite:"+filepath.Join(disk.dir, "noren.db"), nil)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		disk := newPowered(t)
		data := filepath.Join(disk.dir, "postgres")
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		postgres := pgtest.NewDurableServer(t, data)
		disk.sync(t) // its own programs did not
		cutPower(t, disk, postgres.Database(t), postgres)
	})
	// Without this the test might pass because nothing is ever lost.
	t.Run("what is not synced is lost", func(t *testing.T) {
		t.Parallel()
		disk := newPowered(t)
		in := install(t, "sqlite:"+filepath.Join(disk.dir, "noren.db"), 1)
		disk.sync(t)
		l := newLoad(t, in)
		unsafe := *in
		unsafe.database += "?_pragma=synchronous(0)"
		s := unsafe.serve()
		stop := l.start()
		l.awaitMore(50, http.StatusAccepted)
		accepted := disk.cut(t, s, l.acknowledged)
		disk.on(t)
		if missing := in.missing(accepted); len(missing) == 0 {
			t.Errorf("none of %d requests is missing", len(accepted))
		}
		stop()
	})
}

// cutPower cuts the power several times. server is PostgreSQL, whose data is on the disk; nil: SQLite.
func cutPower(t *testing.T, disk *powered, database string, server *pgtest.Server) {
	t.Helper()
	in := install(t, database, 1)
	in.settings = []string{"NOREN_FILES=" + filepath.Join(disk.dir, "files")}
	key := ""
	for _, c := range in.apply(stormClients("shop", 1)) {
		if c.Dialect == noren.ReCORE {
			key = c.Identification
		}
	}
	l := newLoad(t, in)
	s := in.serve()
	stop := l.start()
	times := 3
	if testing.Short() {
		times = 1
	}
	for i := range times {
		up := newUploads(t, in.address, key)
		up.mayEnd.Store(true)
		l.awaitMore(100+50*i, http.StatusAccepted)
		var files map[string]string
		accepted := disk.cut(t, s, func() []int64 {
			files = up.all()
			return l.acknowledged()
		})
		if server != nil {
			server.Stop(t, "immediate")
		}
		disk.on(t)
		if server != nil {
			// It names a process of before the power cut; here its number may still be there.
			if err := os.Remove(filepath.Join(disk.dir, "postgres", "postmaster.pid")); err != nil {
				t.Fatal(err)
			}
			server.Start(t)
		}
		t.Logf("the power was cut after %d requests and %d files", len(accepted), len(files))
		if missing := in.missing(accepted); len(missing) > 0 {
			t.Errorf("%d of %d requests are missing: %v", len(missing), len(accepted), missing)
		}
		for name, content := range files {
			got, err := os.ReadFile(filepath.Join(disk.dir, "files", "shop1", name))
			if err != nil || string(got) != content {
				t.Errorf("the file %s has %d bytes, want %d: %v", name, len(got), len(content), err)
			}
		}
		in.run("verify")
		up.stop()
		s = in.serve()
	}
	l.awaitMore(20, http.StatusAccepted)
	stop()
	l.settle()
	s.stop()
	l.check(t)
}

// powered is a disk whose power can be cut: a file system in a file. What the kernel has not written to the file is not on
// the disk, so a copy of the file is the disk as it is after a power cut.
type powered struct{ dir, image, copied string }

// newPowered makes a disk, or skips the test where that is not permitted.
func newPowered(t *testing.T) *powered {
	t.Helper()
	// Not below the test's own directory, which only root may enter: PostgreSQL is somebody else.
	dir, err := os.MkdirTemp("/tmp", "noren-power-")
	if err != nil {
		t.Fatal(err)
	}
	p := &powered{filepath.Join(dir, "disk"), filepath.Join(dir, "image"), filepath.Join(dir, "copy")}
	t.Cleanup(func() { os.RemoveAll(dir) })
	image, err := os.Create(p.image)
	if err != nil {
		t.Fatal(err)
	}
	err = image.Truncate(1 << 30) // of which only what is used takes room
	image.Close()
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err == nil {
		err = os.Mkdir(p.dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := command("mkfs.ext4", "-q", "-F", p.image); err != nil {
		t.Skip("no disk can be made: ", err)
	}
	if err := p.mount(); err != nil {
		t.Skip("no disk can be mounted: ", err)
	}
	t.Cleanup(func() { _ = command("umount", "-l", p.dir) }) // processes end after this
	return p
}

// mount mounts the disk. The kernel is told to write what nobody syncs as late as it can.
func (p *powered) mount() error { return command("mount", "-o", "loop,commit=300", p.image, p.dir) }

// sync writes everything to the disk.
func (p *powered) sync(t *testing.T) {
	t.Helper()
	if err := command("sync", "-f", p.dir); err != nil {
		t.Fatal(err)
	}
}

// cut freezes the server, calls acknowledged, takes what is on the disk at that moment, and kills the server.
func (p *powered) cut(t *testing.T, s *server, acknowledged func() []int64) []int64 {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	list := acknowledged()
	for end := time.Now().Add(time.Minute); ; {
		before := changed(t, p.image)
		if err := command("cp", "--sparse=always", p.image, p.copied); err != nil {
			t.Fatal(err)
		}
		if changed(t, p.image) == before {
			break // otherwise the kernel wrote meanwhile, and the copy is of no moment
		}
		if time.Now().After(end) {
			t.Fatal("the disk does not come to rest")
		}
	}
	s.kill()
	return list
}

// changed says when the file was changed last.
func changed(t *testing.T, name string) string {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Sys().(*syscall.Stat_t).Ctim)
}

// on starts the machine again, with the disk as it was when the power was cut.
func (p *powered) on(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := command("umount", p.dir)
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	if err := os.Rename(p.copied, p.image); err != nil {
		t.Fatal(err)
	}
	if err := p.mount(); err != nil {
		t.Fatal(err)
	}
}
