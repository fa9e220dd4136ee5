package storetest

import (
	"fmt"
	"testing"
)

// durable are the settings in which a server for measurements differs from one for tests: what is committed is on
// disk, as on any server that somebody's data is kept on.
var durable = [...]string{"fsync = on", "full_page_writes = on", "shared_buffers = '256MB'", "max_wal_size = '1GB'"}

// DurablePostgres starts a throw-away server that flushes every commit to disk, to measure on. It answers the URL
// of a database to send CREATE DATABASE to. stop ends the server and removes its files.
func DurablePostgres() (admin string, stop func(), err error) {
	c, err := startCluster()
	if err != nil {
		return "", nil, err
	}
	s := &Server{admin: c.url(), cluster: c}
	for _, setting := range durable {
		if err := s.exec("ALTER SYSTEM SET " + setting); err != nil {
			c.remove()
			return "", nil, err
		}
	}
	if err := c.control("restart", "-m", "fast"); err != nil {
		c.remove()
		return "", nil, fmt.Errorf("restarting PostgreSQL with fsync: %w", err)
	}
	return s.admin, c.remove, nil
}

// SharedPostgres answers what Postgres makes its databases on, for tests that have to make them themselves, such as
// copies of one another. The test is skipped, or fails, as Postgres does.
func SharedPostgres(t testing.TB) (admin string) {
	t.Helper()
	s, err := sharedServer()
	if err != nil {
		giveUp(t, err)
	}
	return s.admin
}
