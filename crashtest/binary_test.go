package crashtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"noren"
	"noren/pgtest"
)

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	defer func() {
		if built.path != "" {
			os.RemoveAll(filepath.Dir(built.path))
		}
	}()
	return pgtest.Main(m)
}

// built is the binary that all tests of this process run.
var built struct {
	once sync.Once
	path string
	err  error
}

// binary builds the server at its first call.
func binary(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "noren-crashtest-")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "noren")
		if out, err := exec.Command("go", "build", "-o", built.path, "noren/cmd/noren").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("building noren: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// The size of a shop. It is small, so that requests compete for the same rows.
const (
	members  = 10
	products = 6
)

// installation is a database with shops in it, and an address to serve them at.
type installation struct {
	t        testing.TB
	binary   string
	database string
	address  string
	also     []string // addresses of further servers on the database, which requests go to as well
	settings []string // environment variables besides the usual ones
	clients  []client // the Smaregi client of each shop
}

// client holds the credentials of a client.
type client struct {
	Tenant         string        `json:"tenant"`
	Dialect        noren.Dialect `json:"dialect"`
	AccessToken    string        `json:"access_token"`
	WebhookSecret  string        `json:"webhook_secret"`
	Identification string        `json:"identification"`
	SecretKey      string        `json:"secret_key"`
}

// install applies a shop file with that many shops to an empty database.
func install(t testing.TB, database string, shops int) *installation {
	t.Helper()
	in := &installation{t: t, binary: binary(t), database: database, address: freeAddress(t)}
	in.clients = in.apply(shopFile("shop", shops))
	return in
}

// apply applies a shop file and returns its clients.
func (in *installation) apply(shops []byte) []client {
	in.t.Helper()
	file := filepath.Join(in.t.TempDir(), "shop.yaml")
	if err := os.WriteFile(file, shops, 0o600); err != nil {
		in.t.Fatal(err)
	}
	var report struct{ Clients []client }
	if err := json.Unmarshal(in.run("apply", "-f", file, "--json"), &report); err != nil {
		in.t.Fatal(err)
	}
	return report.Clients
}

// anyAddress returns the address of one of the servers.
func (in *installation) anyAddress() string {
	if n := rand.IntN(1 + len(in.also)); n > 0 {
		return in.also[n-1]
	}
	return in.address
}

// shopFile describes shops whose IDs begin with the name. Each has a client of the Smaregi API.
func shopFile(name string, shops int) []byte {
	var b bytes.Buffer
	b.WriteString("tenants:\n")
	for i := range shops {
		fmt.Fprintf(&b, "  - id: %s%d\n    name: 暖簾%d\n    plan: premium_plus\n", name, i+1, i+1)
		b.WriteString("    stores: [{id: 1, code: \"001\", name: 本店, kind: shop}]\n    products:\n")
		for id := range products {
			fmt.Fprintf(&b, "      - {id: %d, code: P%03d, name: 緑茶%d}\n", id+1, id+1, id+1)
		}
		b.WriteString("    members:\n")
		for id := range members {
			fmt.Fprintf(&b, "      - {id: %d, code: M%03d, last_name: 山田, first_name: 花子, status: ACTIVE, email: m%d@example.com}\n",
				id+1, id+1, id+1)
		}
		fmt.Fprintf(&b, "    shopify: {webhook_secret: %s}\n", shopifySecret(fmt.Sprint(name, i+1)))
		b.WriteString("    clients:\n      - {name: pos, dialect: smaregi, kind: user, scopes: [\"pos.customers:write\", " +
			"\"pos.customers:read\", \"pos.stock:write\", \"pos.stock:read\"]}\n")
	}
	return b.Bytes()
}

// shopifySecret is the secret that Shopify signs with for the tenant.
func shopifySecret(tenant string) string { return "the-secret-of-" + tenant }

// freeAddress returns a loopback address that was free a moment ago.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// run runs a command that must succeed, and returns its output.
func (in *installation) run(args ...string) []byte {
	in.t.Helper()
	var errs bytes.Buffer
	cmd := in.command(args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		in.t.Fatalf("noren %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.Bytes())
	}
	return out
}

func (in *installation) command(args ...string) *exec.Cmd {
	cmd := exec.Command(in.binary, args...)
	cmd.Env = append(os.Environ(), "NOREN_DATABASE="+in.database, "NOREN_LISTEN="+in.address,
		"NOREN_CALLBACK_ALLOW=127.0.0.0/8", "NOREN_RATE_LIMITS=off", "NOREN_LOG_LEVEL=warn")
	cmd.Env = append(cmd.Env, in.settings...)
	return cmd
}

// server is a running `noren serve`.
type server struct {
	t   testing.TB
	cmd *exec.Cmd
	log bytes.Buffer // may be read once the process has ended
	end error
	off chan struct{} // closed when the process has ended
}

// serve starts the server and waits until it accepts requests.
func (in *installation) serve() *server {
	in.t.Helper()
	s, err := in.launch()
	if err != nil {
		in.t.Fatal(err)
	}
	return s
}

// launch is serve, which may fail.
func (in *installation) launch() (*server, error) {
	s := &server{t: in.t, cmd: in.command("serve"), off: make(chan struct{})}
	s.cmd.Stderr = &s.log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.end = s.cmd.Wait()
		close(s.off)
	}()
	in.t.Cleanup(s.kill)
	for !in.ready("/healthz") {
		select {
		case <-s.off:
			return nil, fmt.Errorf("the server ended at once: %w\n%s", s.end, s.log.Bytes())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return s, nil
}

// ready reports whether a GET of the path returns 200.
func (in *installation) ready(path string) bool {
	answer, err := http.Get("http://" + in.address + path)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// kill ends the server like a power cut, as far as the process is concerned.
func (s *server) kill() {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Error(err)
	}
	<-s.off
}

// stop ends the server like an operator would; it must exit cleanly and soon.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.off:
	case <-time.After(time.Minute):
		s.kill()
		s.t.Errorf("the server did not stop on SIGTERM")
	}
	if s.end != nil {
		s.t.Errorf("the server ended with %v\n%s", s.end, s.log.Bytes())
	}
}
