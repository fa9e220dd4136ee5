package crashtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
)

// order is one bulk request that was sent, and what is known of it. Its mark stands in everything that it writes and
// in its callback URL, so it is recognised wherever it shows.
type order struct {
	mark   string
	client client
	stock  bool  // PATCH /stock/bulk, else PATCH /customers/bulk
	ids    []int // of the products or members, each once
	amount int
	fate   fate

	mu        sync.Mutex
	status    int // of the answer; 0: there was none, or it was lost
	requestID int64
	bodies    []string // of the callbacks that were taken
}

// fate is what a request is made for.
type fate int

const (
	succeeds fate = iota
	refused       // it names a row twice, which is answered 400
	fails         // its last row does not exist, which the callback tells
)

// newOrder makes up a request.
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

// path is where the request goes, behind the host.
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
	case refused:
		ids = append(ids[:len(ids):len(ids)], ids[0])
	case fails:
		ids = append(ids[:len(ids):len(ids)], 999)
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

// answered notes the answer to the request.
func (o *order) answered(status int, requestID int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status, o.requestID = status, requestID
}

// calledBack notes a callback.
func (o *order) calledBack(body string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bodies = append(o.bodies, body)
}

// outcome is what a callback tells.
type outcome struct {
	RequestID int64             `json:"requestId"`
	Result    []json.RawMessage `json:"result"`
	Message   string            `json:"message"`
}

// told answers what the order's callbacks said, which is the same each time; nil where there was none.
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
