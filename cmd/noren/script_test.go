package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/japanese"

	"noren/pgtest"
)

// suite runs the tests and then stops the browser and the PostgreSQL server that they shared.
type suite struct{ *testing.M }

func (s suite) Run() int {
	defer stopBrowser()
	return pgtest.Main(s.M)
}

// TestMain lets scripts run this test binary as the program noren.
func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"noren": main})
}

// TestScripts runs every script of testdata/script on both engines.
func TestScripts(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			database := func(dir string) string { return "sqlite:" + filepath.Join(dir, "noren.db") }
			if engine == "postgres" {
				pgtest.Database(t) // skips the test without PostgreSQL
				database = func(string) string { return pgtest.Database(t) }
			}
			testscript.Run(t, testscript.Params{
				Dir:                filepath.Join("testdata", "script"),
				RequireUniqueNames: true,
				Setup: func(e *testscript.Env) error {
					temporary := filepath.Join(e.WorkDir, "tmp")
					e.Setenv("TMPDIR", temporary)
					e.Setenv("NOREN_DATABASE", database(e.WorkDir))
					return os.MkdirAll(temporary, 0o755)
				},
				Condition: func(name string) (bool, error) { return name == engine, nil },
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"exits": exits, "freeport": freePort, "ready": ready, "receiver": startReceiver, "bulk": sendBulk,
					"eventually": eventually, "sql": runSQL, "recore": callReCORE, "field": field, "download": download, "sjis": toShiftJIS,
					"shopify": sendShopify,
				},
			})
		})
	}
}

// patience limits every wait for another process.
const patience = 30 * time.Second

// exits runs a command and checks its exit code: exits 2 noren frob.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("the exit code is %d, not %d", got, want)
	}
}

// freePort sets variables to free addresses: freeport ADDR.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(name, l.Addr().String())
		ts.Check(l.Close())
	}
}

// until calls f repeatedly until it returns true.
func until(ts *testscript.TestScript, what string, f func() bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !f() {
		select {
		case <-tick.C:
		case <-end:
			ts.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// ready waits until the server at an address is ready for requests: ready $ADDR.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	until(ts, "ready", func() bool {
		answer, err := http.Get("http://" + args[0] + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// startReceiver sets a variable to the URL of a receiver that accepts every callback: receiver CALLBACK.
func startReceiver(ts *testscript.TestScript, _ bool, args []string) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL+"/callback")
}

// sendBulk sends a bulk update of member 1 with the credentials that apply --json printed: bulk $ADDR clients.json URL.
func sendBulk(ts *testscript.TestScript, _ bool, args []string) {
	var printed struct {
		Clients []struct {
			Tenant string `json:"tenant"`
			Key    string `json:"client_id"`
			Secret string `json:"client_secret"`
		} `json:"clients"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &printed))
	client, base := printed.Clients[0], "http://"+args[0]
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client.Key}, "client_secret": {client.Secret}}
	var token struct {
		Secret string `json:"access_token"`
	}
	ts.Check(json.Unmarshal(send(ts, http.MethodPost, base+"/app/"+client.Tenant+"/token", form.Encode(), "", 200), &token))
	body := fmt.Sprintf(`{"customers":[{"customerId":"1","note":"x"}],"callbackUrl":%q}`, args[2])
	send(ts, http.MethodPatch, base+"/customers/bulk", body, token.Secret, 202)
}

func send(ts *testscript.TestScript, method, target, body, token string, want int) []byte {
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return exchange(ts, method, target, body, header, want)
}

// exchange sends a request and returns the body of the response, which must have the wanted status.
func exchange(ts *testscript.TestScript, method, target, body string, header http.Header, want int) []byte {
	request, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	ts.Check(err)
	request.Header = header
	answer, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if answer.StatusCode != want {
		ts.Fatalf("%s %s: %s: %s", method, target, answer.Status, got)
	}
	return got
}

// answerFile holds the response to the last request to the ReCORE API.
const answerFile = "answer.json"

// callReCORE sends a file with the first API key that apply --json printed, and keeps the response for field. Variables in
// JSON files are replaced: recore $ADDR clients.json PUT /members/point body.json 200.
func callReCORE(ts *testscript.TestScript, _ bool, args []string) {
	var printed struct {
		Clients []struct {
			Identification string `json:"identification"`
		} `json:"clients"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &printed))
	want, err := strconv.Atoi(args[5])
	ts.Check(err)
	body, header := ts.ReadFile(args[4]), http.Header{}
	if strings.HasSuffix(args[4], ".json") {
		body = os.Expand(body, ts.Getenv)
		header.Set("Content-Type", "application/json")
	}
	header.Set("X-Identification", printed.Clients[0].Identification)
	got := exchange(ts, args[2], "http://"+args[0]+args[3], body, header, want)
	ts.Check(os.WriteFile(ts.MkAbs(answerFile), got, 0o600))
}

// sendShopify posts a file as Shopify does, signed with the shop's secret: shopify $ADDR t1 secret orders/paid w1 order.json 200.
func sendShopify(ts *testscript.TestScript, _ bool, args []string) {
	body := ts.ReadFile(args[5])
	want, err := strconv.Atoi(args[6])
	ts.Check(err)
	sum := hmac.New(sha256.New, []byte(args[2]))
	sum.Write([]byte(body))
	header := http.Header{}
	header.Set("X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	header.Set("X-Shopify-Topic", args[3])
	header.Set("X-Shopify-Webhook-Id", args[4])
	exchange(ts, http.MethodPost, "http://"+args[0]+"/webhooks/shopify/"+args[1], body, header, want)
}

// field sets a variable to a text field of the last response: field KEY file_key.
func field(ts *testscript.TestScript, _ bool, args []string) {
	var fields map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(answerFile)), &fields))
	text, ok := fields[args[1]].(string)
	if !ok {
		ts.Fatalf("the response has no text %s", args[1])
	}
	ts.Setenv(args[0], text)
}

// download checks that a temporary address returns the bytes of a file: download $URL photo.gif.
func download(ts *testscript.TestScript, _ bool, args []string) {
	if got := exchange(ts, http.MethodGet, args[0], "", http.Header{}, http.StatusOK); string(got) != ts.ReadFile(args[1]) {
		ts.Fatalf("%s returned %q", args[0], got)
	}
}

// eventually runs a command until its output matches: eventually 'delivered' noren callbacks list.
func eventually(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[0])
	until(ts, strings.Join(args, " "), func() bool {
		return ts.Exec(args[1], args[2:]...) == nil && pattern.MatchString(ts.ReadFile("stdout"))
	})
}

// toShiftJIS converts UTF-8 files to Shift_JIS: sjis orders.csv.
func toShiftJIS(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		data, err := japanese.ShiftJIS.NewEncoder().Bytes([]byte(ts.ReadFile(name)))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name), data, 0o600))
	}
}

// runSQL changes the database without Noren: sql 'UPDATE …'.
func runSQL(ts *testscript.TestScript, _ bool, args []string) {
	driver, source := "pgx", ts.Getenv("NOREN_DATABASE")
	if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
		driver, source = "sqlite", path
	}
	db, err := sql.Open(driver, source)
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[0])
	ts.Check(err)
}

// TestRunWithoutAProcess checks that run uses nothing of the process: environment and streams are arguments.
func TestRunWithoutAProcess(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	env := map[string]string{"NOREN_DATABASE": "sqlite:" + filepath.Join(t.TempDir(), "a.db")}
	file := strings.NewReader("tenants: [{id: t1, name: 店}]")
	code := run(t.Context(), []string{"apply", "-f", "-"}, func(name string) string { return env[name] }, file, &out, &errs)
	if want := "t1\n  tenant  1 created\n"; code != exitOK || out.String() != want || errs.Len() > 0 {
		t.Errorf("run = %d, %q, %q; want %q", code, out.String(), errs.String(), want)
	}
}

// TestStopsOnTerminate sends this process the signal that service managers send.
func TestStopsOnTerminate(t *testing.T) {
	t.Parallel()
	ctx, stop := untilSignal(t.Context())
	defer stop()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if t.Context().Err() != nil {
		t.Error("the test ended before the signal came")
	}
}
