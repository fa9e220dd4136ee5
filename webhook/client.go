package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// ContentType is the content type of every call, exactly as the Smaregi documents print it for callbacks: without a space
// after the semicolon.
const ContentType = "application/json;charset=UTF-8"

const (
	defaultTimeout     = 10 * time.Second
	maxAnswerHeader    = 16 << 10 // bytes
	maxIdlePerHost     = 4
	maxIdle            = 64
	longestWait        = 7 * 24 * time.Hour // of a Retry-After: longer ones are a mistake, and their number could overflow
	idleConnectionLife = 15 * time.Second   // shorter than most servers': a call on a connection that was just closed fails
)

// Config configures a Client. The zero Config calls public addresses only.
type Config struct {
	Allow          []netip.Prefix // private or reserved networks that may be called
	Version        string         // version of Noren, for the User-Agent
	Timeout        time.Duration  // limit of a call from name resolution to the end of the response; 0: 10 seconds
	MaxAnswerBytes int            // bytes of a response body that are read
}

// Client makes guarded calls over HTTP/1.1. It is safe for concurrent use.
type Client struct {
	transport *http.Transport
	guard     guard
	agent     string
	timeout   time.Duration
	late      error // the error of a call that took longer than timeout
	maxAnswer int64
}

// NewClient returns a Client. It ignores proxies set in the environment: a proxy would dial for us, without the guard.
func NewClient(c Config) *Client {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	g := newGuard(c.Allow)
	// The guard sees the address that is dialled, after the name was resolved.
	dialer := &net.Dialer{Control: g.control}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &Client{
		guard: g,
		transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dialer.DialContext,
			Protocols:              protocols,
			MaxIdleConns:           maxIdle,
			MaxIdleConnsPerHost:    maxIdlePerHost,
			IdleConnTimeout:        idleConnectionLife,
			MaxResponseHeaderBytes: maxAnswerHeader,
			DisableCompression:     true, // a few hundred bytes could decompress into gigabytes
		},
		agent:     "Noren/" + c.Version,
		timeout:   c.Timeout,
		late:      fmt.Errorf("no response within %v", c.Timeout),
		maxAnswer: int64(c.MaxAnswerBytes),
	}
}

// Close closes idle connections. Calls in progress are not affected.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Delivery is one call to make.
type Delivery struct {
	URL    string
	Body   []byte // JSON, sent as it is
	ID     string // webhook-id: the same for every attempt, so that a receiver can recognise repeats
	Secret string // whsec_…; empty: the call is not signed
	// PreviousSecret signs too, so that a receiver may still verify with the secret before; empty: there is none.
	PreviousSecret string
	Time           time.Time
}

// Outcome is the result of a call. Err is nil if a status was received, whatever it was and even if the body broke off.
// Otherwise its text may be shown to the client, and what it wraps, if anything, is for the log.
type Outcome struct {
	Status   int
	Answer   []byte // the beginning of the response body; nil from an address that is not public
	Duration time.Duration
	Address  string // host and port that were dialled last, or that the connection in use leads to; "": none
	// RetryAfter is how long the receiver asks to be left alone; 0: it does not say.
	RetryAfter time.Duration
	Err        error
}

// Post makes the call once. A redirect is not followed: its 3xx is the outcome. A user name and password in the URL are
// not sent. New requests with such a URL are refused; this is for those that were accepted before.
func (c *Client) Post(ctx context.Context, d Delivery) Outcome {
	begin := time.Now()
	var address atomic.Pointer[string] // dialling may go on after the call
	out := c.post(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectStart: func(_, dialled string) { address.Store(&dialled) },
		GotConn: func(info httptrace.GotConnInfo) {
			used := info.Conn.RemoteAddr().String()
			address.Store(&used)
		},
	}), d)
	if dialled := address.Load(); dialled != nil {
		out.Address = *dialled
	}
	out.Duration = time.Since(begin)
	return out
}

// post is Post without the duration.
func (c *Client) post(ctx context.Context, d Delivery) Outcome {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, c.late)
	defer cancel()
	request, err := c.request(ctx, d)
	if err != nil {
		return Outcome{Err: err}
	}
	// What a machine inside responds is not for the client, who could otherwise read pages of the network by calling them.
	public := false
	request = request.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { public = c.guard.public(info.Conn.RemoteAddr()) },
	}))
	// The transport instead of an http.Client: no redirects, no cookies, no credentials taken from the URL.
	answer, err := c.transport.RoundTrip(request)
	if err != nil {
		return Outcome{Err: fault(ctx, err)}
	}
	defer answer.Body.Close() // also closes the connection if the body was not read to its end
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return Outcome{Status: answer.StatusCode} // what follows is not a body, and no timeout would end reading it
	}
	out := Outcome{Status: answer.StatusCode, RetryAfter: retryAfter(answer.Header.Get("Retry-After"), d.Time)}
	// Read in any case, so that the connection is kept. An error is ignored: the status alone decides, even if the body
	// breaks off.
	if begun, _ := io.ReadAll(io.LimitReader(answer.Body, c.maxAnswer)); public {
		out.Answer = begun
	}
	return out
}

// retryAfter parses a Retry-After header: seconds, or a date; 0 if it is neither or has passed.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 64); err == nil {
		return time.Duration(max(0, min(seconds, int64(longestWait/time.Second)))) * time.Second
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(now), longestWait))
}

// request prepares the signed request.
func (c *Client) request(ctx context.Context, d Delivery) (*http.Request, error) {
	target, err := url.Parse(d.URL)
	if err != nil {
		// url.Error repeats the whole URL, which may contain a password.
		return nil, fmt.Errorf("the callback URL is malformed: %w", errors.Unwrap(err))
	}
	if target.Scheme != "http" && target.Scheme != "https" || target.Hostname() == "" {
		return nil, errors.New("the callback URL is not an http or https URL with a host")
	}
	target.User = nil
	target.RawQuery = escaped(target.RawQuery)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(d.Body))
	if err != nil {
		return nil, fmt.Errorf("preparing the call: %w", err)
	}
	request.Header.Set("Content-Type", ContentType)
	request.Header.Set("User-Agent", c.agent)
	request.Header.Set(HeaderID, d.ID)
	// Of this attempt, so that a receiver with a tolerance takes retries too.
	request.Header.Set(HeaderTimestamp, strconv.FormatInt(d.Time.Unix(), 10))
	if d.Secret != "" {
		signature, err := Sign(d.Secret, d.ID, d.Time, d.Body)
		if err != nil {
			return nil, err
		}
		if d.PreviousSecret != "" {
			previous, err := Sign(d.PreviousSecret, d.ID, d.Time, d.Body)
			if err != nil {
				return nil, err
			}
			signature += " " + previous
		}
		request.Header.Set(HeaderSignature, signature)
	}
	return request, nil
}

// escaped returns the query with what is not printable ASCII percent-encoded. net/http escapes paths, but sends queries as
// they are, and a server may reject a request line with such bytes.
func escaped(query string) string {
	var b strings.Builder
	for _, c := range []byte(query) {
		if c > ' ' && c < 0x7f {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
