package web

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"noren"
)

// Bodies bounds the memory that the bodies of all requests take together, from their first byte until the response. Bodies
// may be slow to arrive, so without a bound a client within its rate limit could fill the memory with them. What does not
// fit is refused rather than made to wait: what waits would hold a part of the memory, too.
type Bodies struct {
	most int64 // bytes; 0: any number

	mu   sync.Mutex
	held int64
	by   map[string]int64 // whose bodies, see holder
}

// NewBodies makes a Bodies of that many bytes; 0 for any number.
func NewBodies(most int64) *Bodies { return &Bodies{most: most, by: make(map[string]int64)} }

// shareOfBodies is the part of the memory that the bodies of one tenant may take: one of so many.
const shareOfBodies = 4

// LeastBodies is the least memory in which a tenant's share has room for the largest body, and for its copy while it grows.
const LeastBodies = shareOfBodies * 40 << 20

// bodiesWait is what a client is told to wait: bodies on their way have a minute, but most take no time.
const bodiesWait = 2 * time.Second

// take reserves memory. Unavailable if it does not fit.
func (b *Bodies) take(holder string, n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.most > 0 && (b.held+n > b.most || b.by[holder]+n > b.most/shareOfBodies) {
		return &noren.Error{Kind: noren.Unavailable, RetryAfter: bodiesWait, Message: "too much is being sent to this server at the same time"}
	}
	b.held += n
	b.by[holder] += n
	return nil
}

// give returns memory.
func (b *Bodies) give(holder string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held -= n
	if b.by[holder] -= n; b.by[holder] <= 0 {
		delete(b.by, holder)
	}
}

// Held is how much memory bodies take now.
func (b *Bodies) Held() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}

// firstPiece is the memory that a body takes when it begins to arrive. It is doubled as often as the body needs it.
const firstPiece = 4 << 10

// read reads a body of at most that many bytes as they arrive, within the memory. held is what it takes then, also after
// an error; the caller gives it back. An error of r is translated for the client.
func (b *Bodies) read(r io.Reader, most int64, holder string) (body []byte, held int64, err error) {
	for size := int64(firstPiece); ; size = min(2*size, most+1) { // one more than most, to see its end without growing
		if err := b.take(holder, size); err != nil {
			return nil, held, err
		}
		// The new memory is reserved before the old is given back, since both are there while the body is copied.
		body = append(make([]byte, 0, size), body...)
		b.give(holder, held)
		held = size
		for len(body) < cap(body) {
			n, err := r.Read(body[len(body):cap(body)])
			body = body[:len(body)+n]
			if errors.Is(err, io.EOF) {
				return body, held, nil
			}
			if err != nil {
				return nil, held, bodyError(err)
			}
		}
	}
}

// heldBody is the memory that the body of one request takes, and in whose share.
type heldBody struct {
	holder string
	bytes  int64
}

// holder is in whose share a request's body is: the tenant's, or the client's address where nobody is known yet.
func (x *Request) holder() string {
	if x.Caller.Tenant.ID != 0 {
		return fmt.Sprint("tenant ", x.Caller.Tenant.ID)
	}
	return "address " + x.Address
}
