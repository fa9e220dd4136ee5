package crashtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

	"noren/storetest"
)

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	defer func() {
		if built.path != "" {
			os.RemoveAll(filepath.Dir(built.path))
		}
	}()
	return storetest.Main(m)
}

// built is the binary that all tests of this process run.
var built struct {
	once sync.Once
	path string
	err  error
}

// binary builds the server at its first call.
func binary(t *testing.T) string {
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

// The size of a shop. It is small, so that requests meet at the same rows.
const (
	members  = 10
	products = 6
)

// installation is a database with shops in it, and an address to serve them at.
type installation struct {
	t        *testing.T
	binary   string
	database string
	address  string
	clients  []client
}

// client holds the credentials of a shop's only client.
type client struct {
	Tenant        string `json:"tenant"`
	AccessToken   string `json:"access_token"`
	WebhookSecret string `json:"webhook_secret"`
}

// install applies a shop file with so many shops to an empty database.
func install(t *testing.T, database string, shops int) *installation {
	t.Helper()
	in := &installation{t: t, binary: binary(t), database: database, address: freeAddress(t)}
	file := filepath.Join(t.TempDir(), "shop.yaml")
	if err := os.WriteFile(file, shopFile(shops), 0o600); err != nil {
		t.Fatal(err)
	}
	var report struct{ Clients []client }
	if err := json.Unmarshal(in.run("apply", "-f", file, "--json"), &report); err != nil {
		t.Fatal(err)
	}
	in.clients = report.Clients
	return in
}

func shopFile(shops int) []byte {
	var b bytes.Buffer
	b.WriteString("tenants:\n")
	for i := range shops {
		fmt.Fprintf(&b, "  - id: shop%d\n    name: 暖簾%d\n    plan: premium_plus\n", i+1, i+1)
		b.WriteString("    stores: [{id: 1, code: \"001\", name: 本店, kind: shop}]\n    products:\n")
		for id := range products {
			fmt.Fprintf(&b, "      - {id: %d, code: P%03d, name: 緑茶%d}\n", id+1, id+1, id+1)
		}
		b.WriteString("    members:\n")
		for id := range members {
			fmt.Fprintf(&b, "      - {id: %d, code: M%03d, last_name: 山田, first_name: 花子, status: ACTIVE, email: m%d@example.com}\n",
				id+1, id+1, id+1)
		}
		fmt.Fprintf(&b, "    shopify: {webhook_secret: %s}\n", shopifySecret(fmt.Sprintf("shop%d", i+1)))
		b.WriteString("    clients:\n      - {name: pos, dialect: smaregi, kind: user, scopes: [\"pos.customers:write\", " +
			"\"pos.customers:read\", \"pos.stock:write\", \"pos.stock:read\"]}\n")
	}
	return b.Bytes()
}

// shopifySecret is what Shopify signs with for the tenant.
func shopifySecret(tenant string) string { return "secret-of-" + tenant }

// freeAddress answers an address on loopback that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// run runs a command that has to succeed, and answers what it printed.
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
	return cmd
}

// server is a running `noren serve`.
type server struct {
	t   *testing.T
	cmd *exec.Cmd
	log bytes.Buffer // may be read once the process has ended
	end error
	off chan struct{} // closed when the process has ended
}

// serve starts the server and waits until it takes requests.
func (in *installation) serve() *server {
	in.t.Helper()
	s := &server{t: in.t, cmd: in.command("serve"), off: make(chan struct{})}
	s.cmd.Stderr = &s.log
	if err := s.cmd.Start(); err != nil {
		in.t.Fatal(err)
	}
	go func() {
		s.end = s.cmd.Wait()
		close(s.off)
	}()
	in.t.Cleanup(s.kill)
	for !in.answers("/healthz") {
		select {
		case <-s.off:
			in.t.Fatalf("the server ended at once: %v\n%s", s.end, s.log.Bytes())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return s
}

// answers reports whether a GET of the path is answered 200.
func (in *installation) answers(path string) bool {
	answer, err := http.Get("http://" + in.address + path)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// kill ends the server as a power cut would, as far as the process is concerned.
func (s *server) kill() {
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Error(err)
	}
	<-s.off
}

// stop ends the server as an operator would; it has to end well and soon.
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
