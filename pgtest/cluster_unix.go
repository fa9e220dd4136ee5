//go:build unix

package pgtest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// settings of a throw-away server. Nothing has to survive the machine, so nothing is flushed to disk; a crash of the
// server alone still loses no commit, because synchronous_commit stays on and the kernel keeps what was written.
// It listens on a socket in its own directory: no port can be taken, and no other user can connect.
const settings = `
listen_addresses = ''
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 64MB
max_wal_size = 256MB
log_min_messages = warning
`

// watch waits for its standard input to end, which happens when the process of the tests ends in whatever way, and then
// stops the server and removes its files. Its arguments are pg_ctl, the data directory, and the directory of all files.
const watch = `cat >/dev/null; "$0" stop -w -m immediate -D "$1" >/dev/null 2>&1; rm -rf "$2"`

// cluster is a PostgreSQL server of our own with all its files in one directory.
type cluster struct {
	dir    string
	bin    string // the directory of initdb and pg_ctl
	as     *syscall.Credential
	watch  *exec.Cmd
	hold   io.Closer // closing it lets watch go on
	remove func()
}

// startCluster makes a server and starts it. Its data is in the directory data, which is empty, unless that is "". It
// returns errNoPostgres if PostgreSQL is not installed.
func startCluster(data string) (*cluster, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	// A socket's path has at most 107 bytes, which the system's temporary directory may already use up.
	parent := os.TempDir()
	if len(parent) > 40 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "noren-pg-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for PostgreSQL: %w", err)
	}
	c := &cluster{dir: dir, bin: bin, as: as}
	c.remove = sync.OnceFunc(func() {
		_ = c.hold.Close()
		_ = c.watch.Wait() // the operating system cleans up what rm could not remove
	})
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return nil, fmt.Errorf("giving PostgreSQL its directory: %w", err)
		}
	}
	if err := c.keepData(data); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	// Before the server starts, so that there is no moment in which it could be left behind.
	if err := c.watchOver(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := c.initialise(); err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

// keepData lets the data be in another directory.
func (c *cluster) keepData(data string) error {
	if data == "" {
		return nil
	}
	if c.as != nil {
		if err := os.Chown(data, int(c.as.Uid), int(c.as.Gid)); err != nil {
			return fmt.Errorf("giving PostgreSQL its directory: %w", err)
		}
	}
	return os.Symlink(data, c.data())
}

// initialise creates the data directory and starts the server. The locale sorts by a language, as on most servers, so that
// a query that relies on the order of bytes without saying so fails its test.
func (c *cluster) initialise() error {
	err := c.run("initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
		"--locale=C", "--locale-provider=icu", "--icu-locale=en-US")
	if err != nil {
		return err
	}
	// Of a setting that is there twice, the last one counts.
	conf, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("writing PostgreSQL's settings: %w", err)
	}
	_, err = fmt.Fprintf(conf, "%sunix_socket_directories = '%s'\n", settings, c.dir)
	if err := cmp.Or(err, conf.Close()); err != nil {
		return fmt.Errorf("writing PostgreSQL's settings: %w", err)
	}
	return c.control("start")
}

// watchOver starts the watching process in a process group of its own, which signals to the tests do not reach.
func (c *cluster) watchOver() error {
	c.watch = c.command("sh", "-c", watch, filepath.Join(c.bin, "pg_ctl"), c.data(), c.dir)
	c.watch.SysProcAttr.Setpgid = true
	hold, err := c.watch.StdinPipe()
	if err != nil {
		return fmt.Errorf("watching over PostgreSQL: %w", err)
	}
	c.hold = hold
	if err := c.watch.Start(); err != nil {
		return fmt.Errorf("watching over PostgreSQL: %w", err)
	}
	return nil
}

// control runs pg_ctl and waits until it is done.
func (c *cluster) control(args ...string) error {
	wait := strconv.Itoa(int(stopWait.Seconds()))
	return c.run("pg_ctl", append(args, "-w", "-t", wait, "-D", c.data(), "-l", filepath.Join(c.dir, "log"))...)
}

// log is what the server has logged.
func (c *cluster) log() ([]byte, error) { return os.ReadFile(filepath.Join(c.dir, "log")) }

// run runs one of PostgreSQL's programs; the error holds what it printed and the end of the server's log.
func (c *cluster) run(program string, args ...string) error {
	var out bytes.Buffer
	cmd := c.command(filepath.Join(c.bin, program), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		log, _ := os.ReadFile(filepath.Join(c.dir, "log")) // missing before the first start
		return fmt.Errorf("%s %s: %w\n%s%s", program, args[0], err, out.Bytes(), log[max(0, len(log)-2000):])
	}
	return nil
}

// command prepares a program to run as the cluster's user, in a directory that user may read.
func (c *cluster) command(program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), program, args...) // pg_ctl limits its own time
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as}
	return cmd
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

// url names the maintenance database, through the socket.
func (c *cluster) url() string {
	return "postgres://postgres@/postgres?sslmode=disable&host=" + url.QueryEscape(c.dir)
}

// findPostgres returns the directory of initdb and pg_ctl: that of the PATH, else the newest that Debian installed,
// which it keeps off the PATH.
func findPostgres() (string, error) {
	candidates, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well formed
	slices.SortFunc(candidates, func(a, b string) int { return cmp.Compare(majorVersion(b), majorVersion(a)) })
	if onPath, err := exec.LookPath("initdb"); err == nil {
		// The link alone may stand in a directory without pg_ctl.
		if target, err := filepath.EvalSymlinks(onPath); err == nil {
			candidates = slices.Insert(candidates, 0, target)
		}
	}
	for _, c := range candidates {
		if _, err := exec.LookPath(filepath.Join(filepath.Dir(c), "pg_ctl")); err == nil {
			return filepath.Dir(c), nil
		}
	}
	return "", errNoPostgres
}

// majorVersion returns the 15 of /usr/lib/postgresql/15/bin/initdb, or 0 if there is no number.
func majorVersion(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

// unprivileged returns the user to run PostgreSQL as: nil for the current one. PostgreSQL refuses to run as root, so root
// gets the user that its package made, or nobody.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("reading the id of user %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("reading the group of user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody")
}
