// Package pgtest runs throw-away PostgreSQL servers: an empty database for each test on a server that the tests of
// a process share (Database), a server for one test to stop and crash (NewServer), and one that flushes every commit
// to disk, to measure on (StartDurable). A Proxy before a server counts round trips and loses messages. It knows nothing of
// what is stored.
package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// The environment that says which PostgreSQL the tests use.
const (
	// EnvURL is the postgres:// URL of a running server on which databases may be created. Without it a
	// throw-away server is started from the binaries found on this machine.
	EnvURL = "NOREN_TEST_POSTGRES"
	// EnvRequired, set to anything, makes tests fail instead of being skipped if there is no PostgreSQL. So does CI.
	EnvRequired = "NOREN_TEST_POSTGRES_REQUIRED"
)

// errNoPostgres says that this machine has no PostgreSQL to start.
var errNoPostgres = errors.New("PostgreSQL is not installed (apt-get install postgresql), and " + EnvURL +
	" does not name a server")

// stopWait is how long a server may take to start or stop before the test is failed.
const stopWait = time.Minute

// Database returns the URL of a new, empty database, which is dropped when the test ends. All tests of one
// process share a server. If there is no PostgreSQL, the test is skipped, or fails in CI.
func Database(t testing.TB) string {
	t.Helper()
	s, err := sharedServer()
	if err != nil {
		giveUp(t, err)
	}
	return s.Database(t)
}

// NewServer starts a server for this test alone, so that it can be stopped, started and crashed. The test is
// skipped, or fails, as with Database, but never uses the server of NOREN_TEST_POSTGRES.
func NewServer(t testing.TB) *Server {
	t.Helper()
	c, err := startCluster("")
	if err != nil {
		giveUp(t, err)
	}
	t.Cleanup(c.remove)
	return &Server{admin: c.url(), cluster: c}
}

// Main runs the tests of a package, then stops the server that they shared:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// A process that ends in another way, such as by a timeout, leaves no server behind either, but does not wait until it
// is gone.
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil && shared.server.cluster != nil {
		shared.server.cluster.remove()
	}
	return code
}

// giveUp skips the test if the machine merely lacks PostgreSQL, and fails it in CI or if the server is broken.
func giveUp(t testing.TB, err error) {
	t.Helper()
	required := os.Getenv("CI") == "true" || os.Getenv(EnvRequired) != ""
	if errors.Is(err, errNoPostgres) && !required {
		t.Skip(err)
	} else {
		t.Fatal(err)
	}
}

// shared is the one server of this process. It is the only state of the package: a server takes seconds to make,
// and `go test` has no place between packages where it could be handed from test to test.
var shared struct {
	sync.Mutex
	server *Server
	err    error
}

func sharedServer() (*Server, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil || shared.err != nil {
		return shared.server, shared.err
	}
	if given := os.Getenv(EnvURL); given != "" {
		shared.server = &Server{admin: given}
		return shared.server, nil
	}
	c, err := startCluster("")
	if err != nil {
		// Remembered, so that each further test fails at once, and not after trying for seconds.
		shared.err = err
		return nil, err
	}
	shared.server = &Server{admin: c.url(), cluster: c}
	return shared.server, nil
}

// Server is a PostgreSQL server on which tests create databases.
type Server struct {
	admin   string   // URL of a database to connect to for CREATE DATABASE
	cluster *cluster // nil: it is not ours to stop
}

// Database returns the URL of a new, empty database, which is dropped when the test ends.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "noren_test_" + strings.ToLower(rand.Text())
	if err := s.exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	s.dropAfter(t, name)
	u, err := url.Parse(s.admin)
	if err != nil {
		t.Fatalf("reading the URL of the PostgreSQL server: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}

// dropAfter drops the database when the test ends.
func (s *Server) dropAfter(t testing.TB, name string) {
	t.Cleanup(func() {
		// FORCE, because a test that failed may have left connections open.
		if err := s.exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil && s.running() {
			t.Error(err)
		}
	})
}

// Stop ends the server, in one of pg_ctl's modes: "smart", "fast", or "immediate", which is a crash.
func (s *Server) Stop(t testing.TB, mode string) {
	t.Helper()
	s.control(t, "stop", "-m", mode)
}

// Start starts the server after Stop.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.control(t, "start")
}

// Log returns what the server has logged: warnings and errors.
func (s *Server) Log(t testing.TB) string {
	t.Helper()
	log, err := s.cluster.log()
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}

// Restart is Stop and Start.
func (s *Server) Restart(t testing.TB, mode string) {
	t.Helper()
	s.control(t, "restart", "-m", mode)
}

func (s *Server) control(t testing.TB, args ...string) {
	t.Helper()
	if err := s.cluster.control(args...); err != nil {
		t.Fatal(err)
	}
}

// running reports whether the server still runs; a test that stopped its own server need not drop databases.
func (s *Server) running() bool { return s.cluster == nil || s.cluster.control("status") == nil }

// exec runs one statement that no transaction may contain.
func (s *Server) exec(statement string) error {
	// Not the test's context, which has ended by the time that its database is dropped.
	ctx, cancel := context.WithTimeout(context.Background(), stopWait)
	defer cancel()
	db, err := sql.Open("pgx", s.admin)
	if err != nil {
		return fmt.Errorf("opening the PostgreSQL server for tests: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
