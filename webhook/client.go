package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// ContentType of every call, exactly as the Smaregi documents print it for their callbacks: no space after the semicolon.
const ContentType = "application/json;charset=UTF-8"

const (
	defaultTimeout     = 10 * time.Second
	maxAnswerHeader    = 16 << 10 // bytes
	maxIdlePerHost     = 4
	maxIdle            = 64
	idleConnectionLife = 15 * time.Second // shorter than most servers': a call on a connection just closed fails
)

// Config is how a Client calls. The zero Config calls public addresses only.
type Config struct {
	Allow          []netip.Prefix // called although private or reserved
	Version        string         // of Noren, for the User-Agent
	Timeout        time.Duration  // of the whole call, from the look-up to the end of the answer; 0: 10 seconds
	MaxAnswerBytes int            // how much of an answer is read
}

// Client makes guarded calls over HTTP/1.1. It is safe for concurrent use.
type Client struct {
	transport *http.Transport
	agent     string
	timeout   time.Duration
	late      error // what a call that took longer than timeout ends with
	maxAnswer int64
}

// NewClient makes a Client. It heeds no proxy of the environment: a proxy would dial in our place, unguarded.
func NewClient(c Config) *Client {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	dialer := &net.Dialer{Control: newGuard(c.Allow).control}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &Client{
		transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dialer.DialContext,
			Protocols:              protocols,
			MaxIdleConns:           maxIdle,
			MaxIdleConnsPerHost:    maxIdlePerHost,
			IdleConnTimeout:        idleConnectionLife,
			MaxResponseHeaderBytes: maxAnswerHeader,
			DisableCompression:     true, // a few hundred bytes could unpack into gigabytes
		},
		agent:     "Noren/" + c.Version,
		timeout:   c.Timeout,
		late:      fmt.Errorf("no answer within %v", c.Timeout),
		maxAnswer: int64(c.MaxAnswerBytes),
	}
}

// Close closes the connections that are kept for the next call.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Delivery is one call to make.
type Delivery struct {
	URL    string
	Body   []byte // JSON, sent as it is
	ID     string // webhook-id: the same for every try, so that a receiver can tell a repetition
	Secret string // whsec_…; empty: the call is not signed
	Time   time.Time
}

// Outcome is what became of a call. Err is nil if a status came back, whichever it was and even if the rest of the
// answer did not.
type Outcome struct {
	Status   int
	Answer   []byte // the first bytes of the body
	Duration time.Duration
	Err      error
}

// Post makes the call once. A redirect is not followed: its 3xx is the outcome. A user name and password in the URL
// are not sent: they would stand in logs and consoles wherever the URL does, and the signature says who calls.
func (c *Client) Post(ctx context.Context, d Delivery) Outcome {
	begin := time.Now()
	out := c.post(ctx, d)
	out.Duration = time.Since(begin)
	return out
}

func (c *Client) post(ctx context.Context, d Delivery) Outcome {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, c.late)
	defer cancel()
	request, err := c.request(ctx, d)
	if err != nil {
		return Outcome{Err: err}
	}
	// The transport itself rather than an http.Client: no redirects, no cookies, no credentials out of the URL.
	answer, err := c.transport.RoundTrip(request)
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return Outcome{Err: refused} // without the dialler's words around it
	}
	if err != nil {
		return Outcome{Err: err}
	}
	defer answer.Body.Close() // closes the connection too where there is more than was read
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return Outcome{Status: answer.StatusCode} // what follows is no body, and no timeout would end reading it
	}
	// An error here is no failure: the status alone decides, even if the body breaks off.
	begun, _ := io.ReadAll(io.LimitReader(answer.Body, c.maxAnswer))
	return Outcome{Status: answer.StatusCode, Answer: begun}
}

func (c *Client) request(ctx context.Context, d Delivery) (*http.Request, error) {
	target, err := url.Parse(d.URL)
	if err != nil {
		// url.Error repeats the whole URL, which may hold a password.
		return nil, fmt.Errorf("the callback URL is malformed: %w", errors.Unwrap(err))
	}
	if target.Scheme != "http" && target.Scheme != "https" || target.Hostname() == "" {
		return nil, errors.New("the callback URL is not an http or https URL with a host")
	}
	target.User = nil
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(d.Body))
	if err != nil {
		return nil, fmt.Errorf("preparing the call: %w", err)
	}
	request.Header.Set("Content-Type", ContentType)
	request.Header.Set("User-Agent", c.agent)
	request.Header.Set(HeaderID, d.ID)
	request.Header.Set(HeaderTimestamp, strconv.FormatInt(d.Time.Unix(), 10))
	if d.Secret != "" {
		signature, err := Sign(d.Secret, d.ID, d.Time, d.Body)
		if err != nil {
			return nil, err
		}
		request.Header.Set(HeaderSignature, signature)
	}
	return request, nil
}
