package pgtest

import (
	"fmt"
	"testing"
)

// durable are the settings in which a server for measurements differs from one for tests: a commit is on disk, as on
// every server in production.
var durable = [...]string{"fsync = on", "full_page_writes = on", "shared_buffers = '256MB'", "max_wal_size = '1GB'"}

// StartDurable starts a throw-away server that flushes every commit to disk, to measure on. It returns the URL
// of a database to send CREATE DATABASE to. stop ends the server and removes its files.
func StartDurable() (admin string, stop func(), err error) {
	s, err := startDurable("")
	if err != nil {
		return "", nil, err
	}
	return s.admin, s.cluster.remove, nil
}

// NewDurableServer is NewServer for one that flushes every commit to disk, and keeps its data in a directory, which is
// empty: on a disk whose power a test cuts.
func NewDurableServer(t testing.TB, data string) *Server {
	t.Helper()
	s, err := startDurable(data)
	if err != nil {
		giveUp(t, err)
	}
	t.Cleanup(s.cluster.remove)
	return s
}

func startDurable(data string) (*Server, error) {
	c, err := startCluster(data)
	if err != nil {
		return nil, err
	}
	s := &Server{admin: c.url(), cluster: c}
	for _, setting := range durable {
		if err := s.exec("ALTER SYSTEM SET " + setting); err != nil {
			c.remove()
			return nil, err
		}
	}
	// Some of the settings take effect only at the start.
	if err := c.control("restart", "-m", "fast"); err != nil {
		c.remove()
		return nil, fmt.Errorf("restarting PostgreSQL with fsync: %w", err)
	}
	return s, nil
}

// Admin returns the URL of the database on which Database creates the others, for tests that have to create them
// themselves, such as copies of one another. The test is skipped, or fails, as with Database.
func Admin(t testing.TB) (admin string) {
	t.Helper()
	s, err := sharedServer()
	if err != nil {
		giveUp(t, err)
	}
	return s.admin
}
