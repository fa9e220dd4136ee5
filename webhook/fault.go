package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
)

// Fault is the error of a call that got no status. Its text is shown to the client that gave the URL, so it says nothing
// about the network that the server is in: neither an address nor a name that a resolver returned, nor what a machine sent
// that does not speak HTTP. The cause has all that; it is for the server's log.
type Fault struct {
	words string
	cause error
}

// Error returns what a client may know.
func (f *Fault) Error() string { return f.words }

// Unwrap returns the cause, for the log.
func (f *Fault) Unwrap() error { return f.cause }

// What a client is told. A name that cannot be resolved and one that leads to a private address get the same words:
// otherwise a client could find out which names the network has.
const (
	wordsNoAddress = "the host has no address that may be called; the operator finds more in the log"
	wordsNoTLS     = "the receiver's certificate or its TLS cannot be used"
	wordsBroken    = "the connection broke off before there was a response"
	wordsNotHTTP   = "the response is not valid HTTP"
)

// fault is the Fault of a failed round trip. The errors of ctx, a call that took too long or was stopped, are returned as
// they are.
func fault(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	dial, dialling := errors.AsType[*net.OpError](err)
	_, refused := errors.AsType[*RefusedError](err)
	_, unresolved := errors.AsType[*net.DNSError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	number, known := errors.AsType[syscall.Errno](err)
	switch {
	case refused, unresolved:
		return &Fault{wordsNoAddress, err}
	case untrusted, notTLS, alert:
		return &Fault{wordsNoTLS, err}
	case dialling && dial.Op == "dial" && known:
		return &Fault{"the connection could not be made: " + number.Error(), err}
	case dialling, known, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Fault{wordsBroken, err}
	}
	return &Fault{wordsNotHTTP, err}
}
