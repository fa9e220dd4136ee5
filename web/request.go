package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"

	"noren"
)

// MaxBody is the largest body of a route that names no limit, in bytes. A hundred rows with every field full are well below 2 MiB.
const MaxBody = 4 << 20

// maxRequestID bounds an X-Request-Id that is taken over from a client.
const maxRequestID = 128

// Request is one request to a dialect, as far as it has come: the later fields are filled in one after another.
type Request struct {
	HTTP    *http.Request
	ID      string // X-Request-Id
	Address string // network address of the client, without its port
	BaseURL string // scheme and host by which the client reached the server, without a slash at the end
	Claim   Claim
	Route   *Route            // nil where the dialect has no such path or method
	Vars    map[string]string // the segments that the pattern's {names} stand for
	Caller  noren.Caller      // zero on public routes, until the handler proves somebody
	Body    []byte            // nil on routes that read it by themselves
	Stream  Stream            // what those read

	once *onceUse
}

// clientAddress is the network address that the request comes from. Where that is a trusted proxy's, it is the one that
// the proxy tells of in X-Forwarded-For, whose last entry each proxy adds; what a client itself wrote there stands further
// to the left and is never reached.
func clientAddress(r *http.Request, proxies []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := plain(peer.Addr())
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

// plain is one form for every way in which an address can be written.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func within(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// requestID takes over a sane X-Request-Id, so that a client can find its request in our log, or makes one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	sane := id != "" && len(id) <= maxRequestID
	for _, c := range []byte(id) {
		sane = sane && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._:-", c) >= 0)
	}
	if sane {
		return id
	}
	return uuid.Must(uuid.NewV7()).String()
}

// baseURL is the address by which the client reached the server. Headers such as X-Forwarded-Proto are not believed:
// behind a proxy the operator sets the base URL.
func baseURL(configured string, r *http.Request) string {
	if configured != "" {
		return strings.TrimSuffix(configured, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// takeBody reads the whole body, or makes it ready for a route that reads it by itself. TooLarge where it is over the
// route's limit, at once where Content-Length says so.
func (x *Request) takeBody(w http.ResponseWriter) error {
	limit := x.Route.bodyLimit()
	if x.HTTP.ContentLength > limit {
		return bodyError(&http.MaxBytesError{Limit: limit})
	}
	limited := http.MaxBytesReader(w, x.HTTP.Body, limit)
	if x.Route.Stream != nil {
		extend(w)
		x.HTTP.Body = body{limited}
		return nil
	}
	var err error
	if x.Body, err = io.ReadAll(limited); err != nil {
		return bodyError(err)
	}
	return nil
}

// bodyError is what an error of reading the body means to the client.
func bodyError(err error) error {
	if over, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &noren.Error{Kind: noren.TooLarge, Message: fmt.Sprintf("the body is over %g MiB", float64(over.Limit)/(1<<20))}
	}
	return &noren.Error{Kind: noren.Invalid, Field: FieldBody, Message: "the body could not be read", Err: err}
}

// FieldBody is the Field of errors that concern the body as a whole.
const FieldBody = "body"
