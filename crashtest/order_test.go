package crashtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
)

// order is one bulk request that was sent, and what is known about it. Its mark is in everything that it writes and in its
// callback URL, so its effects can be recognised everywhere.
type order struct {
	mark   string
	client client
	stock  bool  // PATCH /stock/bulk, else PATCH /customers/bulk
	ids    []int // of the products or members, each once
	amount int
	fate   fate

	mu        sync.Mutex
	status    int // of the response; 0: none, or lost
	requestID int64
	bodies    []string // of the callbacks that were accepted
}

// fate is the result that a request is meant to have.
type fate int

const (
	succeeds fate = iota
	refused       // it names a row twice, which gets a 400
	fails         // its last row does not exist, which the callback reports
)

// newOrder generates a request.
func newOrder(c client, mark string) *order {
	o := &order{mark: mark, client: c, stock: rand.IntN(2) == 0, amount: rand.IntN(1000)}
	most := members
	if o.stock {
		most = products
	}
	for _, i := range rand.Perm(most)[:1+rand.IntN(most-1)] {
		o.ids = append(o.ids, i+1)
	}
	switch rand.IntN(8) {
	case 0:
		o.fate = refused
	case 1:
		o.fate = fails
	}
	return o
}

// path is the path of the request.
func (o *order) path() string {
	if o.stock {
		return "/" + o.client.Tenant + "/pos/stock/bulk"
	}
	return "/" + o.client.Tenant + "/pos/customers/bulk"
}

// body is the request's JSON.
func (o *order) body(callbackURL string) []byte {
	ids := o.ids
	switch o.fate {
	case succeeds:
	case refused:
		ids = append(slices.Clip(ids), ids[0])
	case fails:
		ids = append(slices.Clip(ids), 999)
	}
	var b bytes.Buffer
	list, separator := "customers", ""
	if o.stock {
		list = "stock"
	}
	fmt.Fprintf(&b, `{"callbackUrl":%q,%q:[`, callbackURL, list)
	for _, id := range ids {
		b.WriteString(separator)
		separator = ","
		if o.stock {
			fmt.Fprintf(&b, `{"productId":"%d","storeId":"1","stockAmount":"%d","stockHistory":{"memo":%q}}`, id, o.amount, o.mark)
		} else {
			fmt.Fprintf(&b, `{"customerId":"%d","note":%q}`, id, o.mark)
		}
	}
	b.WriteString("]}")
	return b.Bytes()
}

// answered records the response to the request.
func (o *order) answered(status int, requestID int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status, o.requestID = status, requestID
}

// calledBack records a callback.
func (o *order) calledBack(body string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bodies = append(o.bodies, body)
}

// outcome is the content of a callback.
type outcome struct {
	RequestID int64             `json:"requestId"`
	Result    []json.RawMessage `json:"result"`
	Message   string            `json:"message"`
}

// told returns the content of the order's callbacks, which must all be equal; nil if there were none.
func (o *order) told() (*outcome, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.bodies) == 0 {
		return nil, nil
	}
	for _, body := range o.bodies[1:] {
		if body != o.bodies[0] {
			return nil, fmt.Errorf("%s was called back with %s and with %s", o.mark, o.bodies[0], body)
		}
	}
	var out outcome
	if err := json.Unmarshal([]byte(o.bodies[0]), &out); err != nil {
		return nil, fmt.Errorf("%s was called back with %s: %w", o.mark, o.bodies[0], err)
	}
	return &out, nil
}
