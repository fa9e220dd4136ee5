package web

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"noren"
)

// MaxBody is the largest body of a route without a limit of its own, in bytes. A hundred rows with every field full
// take well below 2 MiB.
const MaxBody = 4 << 20

// maxRequestID is the longest X-Request-Id that is accepted from a client.
const maxRequestID = 128

// Request is one request to a dialect. Its later fields are filled in step by step.
type Request struct {
	HTTP    *http.Request
	ID      string // ours
	Theirs  string // the client's X-Request-Id; "": it sent none that is safe to log
	Address string // network address of the client, without its port
	Guesser string // the address by which wrong credentials are counted
	BaseURL string // scheme and host by which the client reached the server, without a trailing slash
	Claim   Claim
	Route   *Route            // nil if the dialect has no such path or method
	Vars    map[string]string // the values of the pattern's {names}
	Caller  noren.Caller      // zero on public routes, until the handler authenticates the caller itself
	Body    []byte            // nil on routes with a Stream
	Stream  Stream            // the body of those routes
	// Issued is the Authorization header with the credential that the handler of a guarded route has issued. It is right before it was
	// presented for the first time, so wrong ones from its neighbours do not hold it up.
	Issued string

	held    heldBody
	once    *onceUse
	counted bool // for the caller's rate limit
	guessed bool // as a wrong credential
}

// clientAddress returns the network address that the request comes from. If that is a trusted proxy, it is the address
// that the proxy reports in X-Forwarded-For. Each proxy appends to that header, so reading stops at the first address
// from the right that is not a trusted proxy, and entries written by the client further left are never used.
func clientAddress(r *http.Request, proxies []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := plain(peer.Addr())
	// The header may occur several times, which means the same as one list.
	told := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(told) - 1; i >= 0 && within(proxies, address); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(told[i]))
		if err != nil {
			break
		}
		address = plain(next)
	}
	return address.String()
}

// plain returns the address in one form, however it was written.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func within(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// requestID makes the ID by which we know the request. A client cannot choose it: entries of the audit log must not be taken
// for those of another request.
func requestID() string { return uuid.Must(uuid.NewV7()).String() }

// theirRequestID returns the client's X-Request-Id if it is safe to log, so that the client can find its request in our log.
func theirRequestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	sane := id != "" && len(id) <= maxRequestID
	for _, c := range []byte(id) {
		sane = sane && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._:-", c) >= 0)
	}
	if sane {
		return id
	}
	return ""
}

// Reference is the ID that the response has: the client's, if it sent one. The log has both.
func (x *Request) Reference() string { return cmp.Or(x.Theirs, x.ID) }

// loggedPath is the request's path without people's data: easyPoints addresses customers by their e-mail address, too.
func loggedPath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if hasAddress(segment) {
			segments[i] = "***"
		}
	}
	return strings.Join(segments, "/")
}

// hasAddress reports whether a part of a path may be an e-mail address, as a client may write one: escaped, even twice, or full-width.
func hasAddress(segment string) bool {
	for {
		if strings.ContainsAny(segment, "@＠﹫") || strings.Contains(segment, "%40") {
			return true
		}
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == segment {
			return false
		}
		segment = plain
	}
}

// baseURL returns the address by which clients reach the server. Headers such as X-Forwarded-Proto are not trusted: behind a
// proxy the operator configures the base URL. Nor is the Host header, unless it names one of the hosts that the operator
// lists: links that are made of it would lead whoever gets them to any machine. Otherwise the address is that of the
// connection.
func baseURL(configured string, hosts []string, r *http.Request) string {
	if configured != "" {
		return strings.TrimSuffix(configured, "/")
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	known := slices.ContainsFunc(hosts, func(host string) bool { return strings.EqualFold(host, r.Host) })
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && !known {
		return scheme + local.String()
	}
	return scheme + r.Host
}

// takeBody reads the whole body, or prepares it for a route that reads it itself. TooLarge if it is over the route's
// limit, at once if Content-Length says so. Unavailable if the bodies of all requests take too much memory.
func (h *Handler) takeBody(w http.ResponseWriter, x *Request) (err error) {
	limit := x.Route.bodyLimit()
	// Before anything is read, so that a client that sends Expect: 100-continue never sends the body.
	if x.HTTP.ContentLength > limit {
		return bodyError(&http.MaxBytesError{Limit: limit})
	}
	limited := http.MaxBytesReader(w, x.HTTP.Body, limit)
	x.held.holder = x.holder() // now: a handler may find out who the caller is
	if x.Route.Stream != nil {
		extend(w)
		x.HTTP.Body = body{limited}
		if h.files == nil {
			return nil
		}
		if err = h.bodies.take(x.held.holder, h.files.Buffer()); err == nil {
			x.held.bytes = h.files.Buffer()
		}
		return err
	}
	x.Body, x.held.bytes, err = h.bodies.read(limited, limit, x.held.holder)
	return err
}

// bodyError translates an error of reading the body for the client.
func bodyError(err error) error {
	if over, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &noren.Error{Kind: noren.TooLarge, Message: fmt.Sprintf("the body must be at most %g MiB", float64(over.Limit)/(1<<20))}
	}
	return &noren.Error{Kind: noren.Invalid, Field: FieldBody, Message: "the body could not be read", Err: err}
}

// FieldBody is the Field of errors about the body as a whole.
const FieldBody = "body"
