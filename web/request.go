package web

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"noren"
)

// MaxBody is the largest body that is read, in bytes. A hundred rows with every field full are well below 2 MiB.
const MaxBody = 4 << 20

// maxRequestID bounds an X-Request-Id that is taken over from a client.
const maxRequestID = 128

// Request is one request to a dialect, as far as it has come: the later fields are filled in one after another.
type Request struct {
	HTTP    *http.Request
	ID      string // X-Request-Id
	BaseURL string // scheme and host by which the client reached the server, without a slash at the end
	Claim   Claim
	Route   *Route            // nil where the dialect has no such path or method
	Vars    map[string]string // the segments that the pattern's {names} stand for
	Caller  noren.Caller      // zero on public routes
	Body    []byte

	once *onceUse
}

// Address is the host part of the client's network address.
func (x *Request) Address() string {
	host := x.HTTP.RemoteAddr
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	return host
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

// readBody reads the whole body. TooLarge where it is over MaxBody, at once where Content-Length says so.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	tooLarge := &noren.Error{Kind: noren.TooLarge, Message: "the body is over 4 MiB"}
	if r.ContentLength > MaxBody {
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, tooLarge
	}
	if err != nil {
		return nil, &noren.Error{Kind: noren.Invalid, Field: FieldBody, Message: "the body could not be read", Err: err}
	}
	return body, nil
}

// FieldBody is the Field of errors that concern the body as a whole.
const FieldBody = "body"
