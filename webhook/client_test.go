package webhook_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"noren/webhook"
)

// setup returns a client that may call the tests' own receivers.
func setup(t *testing.T, change func(*webhook.Config)) *webhook.Client {
	t.Helper()
	c := webhook.Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Version: "1.2.3", MaxAnswerBytes: 512,
		Timeout: time.Minute,
	}
	if change != nil {
		change(&c)
	}
	client := webhook.NewClient(c)
	client.CountAsPublic()
	t.Cleanup(client.Close)
	return client
}

func delivery(url string) webhook.Delivery {
	return webhook.Delivery{URL: url, Body: []byte(`{"requestId":700}`), ID: "bulk-7-700", Secret: secret, Time: time.Now()}
}

// TestPostOnTheWire pins every byte that a receiver sees.
func TestPostOnTheWire(t *testing.T) {
	t.Parallel()
	raw := make(chan string, 1)
	address := listen(t, func(conn net.Conn, request string) {
		raw <- request
		io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	client := setup(t, nil)
	d := delivery("http://user:pass@" + address + "/hook?a=b#fragment")
	d.Time = time.Unix(1_800_000_000, 0)
	out := client.Post(t.Context(), d)
	if out.Err != nil || out.Status != 204 {
		t.Fatalf("Post = %+v", out)
	}
	signature, err := webhook.Sign(secret, d.ID, d.Time, d.Body)
	if err != nil {
		t.Fatal(err)
	}
	want := "POST /hook?a=b HTTP/1.1\r\n" +
		"Host: " + address + "\r\n" +
		"User-Agent: Noren/1.2.3\r\n" +
		"Content-Length: 17\r\n" +
		"Content-Type: application/json;charset=UTF-8\r\n" +
		"Webhook-Id: bulk-7-700\r\n" +
		"Webhook-Signature: " + signature + "\r\n" +
		"Webhook-Timestamp: 1800000000\r\n" +
		"\r\n" +
		`{"requestId":700}`
	if diff := cmp.Diff(want, <-raw); diff != "" {
		t.Errorf("request on the wire (-want +got):\n%s", diff)
	}
}

// TestPostVerifies has the reference library check a call as a receiver would.
func TestPostVerifies(t *testing.T) {
	t.Parallel()
	verdict := make(chan error, 2)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		library, err := standardwebhooks.NewWebhook(secret)
		if err == nil {
			err = library.Verify(body, r.Header)
		}
		verdict <- errors.Join(err, webhook.Verify(secret, r.Header, body, time.Now()))
	}))
	t.Cleanup(receiver.Close)
	client := setup(t, nil)
	if out := client.Post(t.Context(), delivery(receiver.URL)); out.Status != 200 || out.Duration <= 0 {
		t.Errorf("Post = %+v", out)
	}
	if err := <-verdict; err != nil {
		t.Error(err)
	}
	// While a secret is being replaced, receivers verify with either.
	both := delivery(receiver.URL)
	both.Secret, both.PreviousSecret = "whsec_"+strings.Repeat("QUJD", 8), secret
	if out := client.Post(t.Context(), both); out.Status != 200 {
		t.Errorf("Post = %+v", out)
	}
	if err := <-verdict; err != nil {
		t.Errorf("with the secret before: %v", err)
	}
	unsigned := delivery(receiver.URL)
	unsigned.Secret = ""
	if out := client.Post(t.Context(), unsigned); out.Status != 200 {
		t.Errorf("Post without a secret = %+v", out)
	}
	if err := <-verdict; !errors.Is(err, webhook.ErrHeaders) {
		t.Errorf("an unsigned call verifies as %v", err)
	}
}

// TestPostAnswers has receivers that respond in all the wrong ways.
func TestPostAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		status int
		body   string
		err    string // part of it; "": none
	}{
		"plain":               {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok"},
		"error with a reason": {answer: "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops", status: 500, body: "oops"},
		"redirect":            {answer: "HTTP/1.1 307 Go\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", status: 307},
		"half a body":         {answer: "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", status: 200, body: "half"},
		"half a status line":  {answer: "HTTP/1.1 20", err: "not valid HTTP"},
		"nothing":             {answer: "", err: "broke off"},
		"not HTTP":            {answer: "220 smtp.example.com ready\r\n", err: "not valid HTTP"},
		"switching protocols": {answer: "HTTP/1.1 101 Switch\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc", status: 101},
		"early hints first":   {answer: "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 204 No\r\n\r\n", status: 204},
		"long body": {
			answer: "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + strings.Repeat("x", 9000),
			status: 200, body: strings.Repeat("x", 512),
		},
		"long header": {
			answer: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n",
			err:    "not valid HTTP",
		},
		"packed body stays packed": {
			answer: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
			status: 200, body: "\x1f\x8b\x08",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := listen(t, func(conn net.Conn, _ string) { io.WriteString(conn, c.answer) })
			out := setup(t, nil).Post(t.Context(), delivery("http://"+address))
			if out.Status != c.status || string(out.Answer) != c.body {
				t.Errorf("Post = %d %q (%v), want %d %q", out.Status, out.Answer, out.Err, c.status, c.body)
			}
			if (out.Err == nil) != (c.err == "") || out.Err != nil && !strings.Contains(out.Err.Error(), c.err) {
				t.Errorf("error %v, want one with %q", out.Err, c.err)
			}
		})
	}
}

// TestPostIsBoundedInTime lets receivers stall at each stage.
func TestPostIsBoundedInTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		status int
	}{
		"before the status line": {"", 0},
		"within the header":      {"HTTP/1.1 200 OK\r\nX: ", 0},
		"within the body":        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 200},
		"after switching":        {"HTTP/1.1 101 Switch\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 101},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			address := listen(t, func(conn net.Conn, _ string) {
				io.WriteString(conn, c.answer)
				<-release
			})
			t.Cleanup(func() { close(release) })
			client := setup(t, func(c *webhook.Config) { c.Timeout = 50 * time.Millisecond })
			out := client.Post(t.Context(), delivery("http://"+address))
			if out.Status != c.status || out.Duration > 20*time.Second {
				t.Errorf("Post = %+v", out)
			}
			if c.status == 0 && (out.Err == nil || out.Err.Error() != "no response within 50ms") {
				t.Errorf("error %v", out.Err)
			}
		})
	}
}

func TestPostStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	address := listen(t, func(net.Conn, string) {
		cancel()
		<-release
	})
	t.Cleanup(func() { close(release) })
	if out := setup(t, nil).Post(ctx, delivery("http://"+address)); !errors.Is(out.Err, context.Canceled) {
		t.Errorf("Post = %+v", out)
	}
}

// TestPostRefusesAddresses dials literal addresses, so it needs no network.
func TestPostRefusesAddresses(t *testing.T) {
	t.Parallel()
	client := setup(t, func(c *webhook.Config) { c.Allow = nil })
	for _, host := range []string{
		"127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1",
		"203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", "[fe80::1]", "[fc00::1]", "[fd12::1]",
		"[fec0::1]", "[ff02::1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[100::1]", "[2001::1]", "[2001:db8::1]",
		"[2002:7f00:1::]", "[3fff::1]",
	} {
		for _, scheme := range []string{"http", "https"} {
			out := client.Post(t.Context(), delivery(fmt.Sprintf("%s://%s:8080/", scheme, host)))
			refused, ok := errors.AsType[*webhook.RefusedError](out.Err)
			if !ok || out.Status != 0 {
				t.Errorf("%s %s: Post = %+v", scheme, host, out)
			} else if want, _ := netip.ParseAddr(strings.Trim(host, "[]")); refused.Addr != want.Unmap() {
				t.Errorf("%s %s: refused %v", scheme, host, refused.Addr)
			}
		}
	}
}

// TestFaultsKeepTheNetworkToThemselves has every kind of failure, and looks for what a client could learn from its words: that
// a name exists, what it resolves to, and what a machine says that does not speak HTTP.
func TestFaultsKeepTheNetworkToThemselves(t *testing.T) {
	t.Parallel()
	silent := listen(t, func(conn net.Conn, _ string) { io.WriteString(conn, "220 smtp.internal.example ready\r\n") })
	encrypted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(encrypted.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	closed := listen(t, func(net.Conn, string) {})
	nowhere := "the host has no address that may be called; the operator finds more in the log"
	for name, c := range map[string]struct {
		url, want, cause string
		strict           bool
	}{
		"private by name":    {"http://localhost:1/", nowhere, "private address 127.0.0.1", true},
		"private by address": {"http://10.1.2.3:1/", nowhere, "private address 10.1.2.3", true},
		"reserved":           {"http://198.51.100.7/", nowhere, "reserved address 198.51.100.7", true},
		"unknown name":       {"http://no.such.name.invalid/", nowhere, "no.such.name.invalid", true},
		"refused":            {"http://127.0.0.1:1/", "the connection could not be made: connection refused", "127.0.0.1", false},
		"broken off":         {"http://" + closed, "the connection broke off before there was a response", "EOF", false},
		"not HTTP":           {"http://" + silent, "the response is not valid HTTP", "smtp.internal.example", false},
		"certificate":        {encrypted.URL, "the receiver's certificate or its TLS cannot be used", "x509", false},
		"no TLS":             {strings.Replace(plain.URL, "http:", "https:", 1), "the receiver's certificate or its TLS cannot be used", "first record", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := setup(t, func(config *webhook.Config) {
				if c.strict {
					config.Allow = nil
				}
			})
			out := client.Post(t.Context(), delivery(c.url))
			if out.Err == nil || out.Err.Error() != c.want {
				t.Fatalf("Post = %+v, want the error %q", out, c.want)
			}
			if cause := errors.Unwrap(out.Err); cause == nil || !strings.Contains(cause.Error(), c.cause) {
				t.Errorf("the cause for the log is %v, want one with %q", cause, c.cause)
			}
		})
	}
}

// TestPostKeepsNoPrivateAnswers calls a receiver on a network that only the operator's setting allows.
func TestPostKeepsNoPrivateAnswers(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "internal page")
	}))
	t.Cleanup(receiver.Close)
	client := webhook.NewClient(webhook.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, MaxAnswerBytes: 512})
	t.Cleanup(client.Close)
	if out := client.Post(t.Context(), delivery(receiver.URL)); out.Status != http.StatusTeapot || len(out.Answer) != 0 || out.Err != nil {
		t.Errorf("Post = %+v, want the status alone", out)
	}
}

// TestPostEscapesTheQuery sends what is not ASCII in each part of a URL.
func TestPostEscapesTheQuery(t *testing.T) {
	t.Parallel()
	raw := make(chan string, 1)
	address := listen(t, func(conn net.Conn, request string) {
		raw <- request
		io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	if out := setup(t, nil).Post(t.Context(), delivery("http://"+address+"/通知?q=暖簾&r=%2f+a#印")); out.Status != 204 {
		t.Fatalf("Post = %+v", out)
	}
	line, _, _ := strings.Cut(<-raw, "\r\n")
	if want := "POST /%E9%80%9A%E7%9F%A5?q=%E6%9A%96%E7%B0%BE&r=%2f+a HTTP/1.1"; line != want {
		t.Errorf("the request line is %s, want %s", line, want)
	}
}

// TestPostReadsRetryAfter has both forms of the header, and those that mean nothing.
func TestPostReadsRetryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "99999999999999999": 7 * 24 * time.Hour, "99999999999999999999999": 0,
		"Fri, 15 Jan 2027 08:01:00 GMT": time.Minute, "Fri, 15 Jan 2027 07:00:00 GMT": 0,
	} {
		address := listen(t, func(conn net.Conn, _ string) {
			io.WriteString(conn, "HTTP/1.1 429 Slow\r\nRetry-After: "+header+"\r\nContent-Length: 0\r\n\r\n")
		})
		d := delivery("http://" + address)
		d.Time = time.Unix(1_800_000_000, 0) // 08:00:00
		if out := setup(t, nil).Post(t.Context(), d); out.Status != 429 || out.RetryAfter != want {
			t.Errorf("Retry-After %q: Post = %+v, want to wait %v", header, out, want)
		}
	}
}

// TestPostAllows lets the operator's prefixes through, and nothing beside them.
func TestPostAllows(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(receiver.Close)
	target, err := url.Parse(receiver.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		allow, host string
		called      bool
	}{
		{"127.0.0.0/8", "127.0.0.1", true},
		{"127.0.0.1/32", "127.0.0.1", true},
		{"::ffff:127.0.0.0/104", "127.0.0.1", true},
		{"127.0.0.0/8", "[::ffff:127.0.0.1]", true},
		{"::/0", "127.0.0.1", false},
		{"127.0.0.0/8", "0.0.0.0", false},
		{"127.0.0.2/32", "127.0.0.1", false},
		{"10.0.0.0/8", "127.0.0.1", false},
	} {
		t.Run(c.allow+" "+c.host, func(t *testing.T) {
			t.Parallel()
			client := setup(t, func(config *webhook.Config) { config.Allow = []netip.Prefix{netip.MustParsePrefix(c.allow)} })
			out := client.Post(t.Context(), delivery("http://"+net.JoinHostPort(strings.Trim(c.host, "[]"), target.Port())))
			if called := out.Status == 200; called != c.called {
				t.Errorf("Post = %+v, want called %v", out, c.called)
			}
		})
	}
}

func TestPostRefusesURLs(t *testing.T) {
	t.Parallel()
	client := setup(t, nil)
	for _, bad := range []string{"", "ftp://example.com/", "http://", "http:///path", "https://:443/", "http://a:b:c/", "%zz", "//host/"} {
		if out := client.Post(t.Context(), delivery(bad)); out.Err == nil || out.Status != 0 {
			t.Errorf("Post to %q = %+v", bad, out)
		}
	}
	out := client.Post(t.Context(), delivery("http://user:hunter2@exa mple/"))
	if out.Err == nil || strings.Contains(out.Err.Error(), "hunter2") {
		t.Errorf("the error is %v, which should not repeat the password", out.Err)
	}
}

// TestPostKeepsConnections counts the connections that a series of calls takes.
func TestPostKeepsConnections(t *testing.T) {
	t.Parallel()
	opened := make(chan struct{}, 100)
	receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "taken")
	}))
	receiver.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened <- struct{}{}
		}
	}
	receiver.Start()
	t.Cleanup(receiver.Close)
	client := setup(t, nil)
	for range 20 {
		if out := client.Post(t.Context(), delivery(receiver.URL)); out.Status != 200 {
			t.Fatalf("Post = %+v", out)
		}
	}
	if n := len(opened); n != 1 {
		t.Errorf("20 calls took %d connections", n)
	}
}

// listen serves one raw connection after another: it reads a request whole, hands it to play and closes the
// connection, without a reset, when play is done.
func listen(t *testing.T, play func(conn net.Conn, request string)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				var raw strings.Builder
				request, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &raw)))
				if err != nil {
					return
				}
				if _, err := io.Copy(io.Discard, request.Body); err != nil {
					return
				}
				play(conn, raw.String())
			}()
		}
	}()
	return listener.Addr().String()
}
