package noren

import (
	"context"
	"encoding/json"
	"time"
)

// BulkKind says what a bulk request changes.
type BulkKind string

// The kinds of bulk request.
const (
	BulkMembers BulkKind = "members" // PATCH /customers/bulk
	BulkStock   BulkKind = "stock"   // PATCH /stock/bulk
)

// BulkState is where a bulk request stands: accepted → succeeded | failed.
type BulkState string

// The states of a bulk request. The last two are final.
const (
	BulkAccepted  BulkState = "accepted"
	BulkSucceeded BulkState = "succeeded"
	BulkFailed    BulkState = "failed"
)

// BulkRequest is an accepted asynchronous request (一括更新). Requests of one tenant take effect in the order of
// their ids, each all or nothing, exactly once.
type BulkRequest struct {
	ID                       int64  // requestId: counts up per tenant, in the order of acceptance
	Token                    string // identifies the request if the commit is in doubt and the transaction runs again
	Kind                     BulkKind
	Dialect                  Dialect
	ClientID                 int64
	StoreID                  *int64 // the caller's restriction when it was accepted
	RequestID                string // of the HTTP request
	Address, ClientRequestID string // those of its Origin
	CallbackURL              string
	Rows                     BulkRows
	State                    BulkState
	Tries                    int // how often applying it failed unexpectedly
	Failures                 []Failure
	AcceptedAt               time.Time
	AppliedAt                *time.Time
}

// BulkRows are the rows of a request; only the slice of its kind is set.
type BulkRows struct {
	Members []MemberPatch `json:"members,omitempty"`
	Stock   []StockChange `json:"stock,omitempty"`
	// CallbackLeft is what stays of the callback URL once the callback has been delivered or given up, because somebody whom the
	// URL names was erased while the request waited; "": all of it.
	CallbackLeft string `json:"callback_left,omitempty"`
}

// Len is the number of rows.
func (r BulkRows) Len() int { return len(r.Members) + len(r.Stock) }

// Encode returns the rows in the form in which they are stored.
func (r BulkRows) Encode() ([]byte, error) { return json.Marshal(r) }

// DecodeBulkRows reads what Encode wrote.
func DecodeBulkRows(data []byte) (BulkRows, error) {
	var r BulkRows
	err := json.Unmarshal(data, &r)
	return r, err
}

// Failure is one rule that one row breaks, found when the request was applied to stored data.
type Failure struct {
	Row    int    `json:"row"` // from 1
	Reason Reason `json:"reason"`
}

// BulkTx accepts and applies bulk requests, and holds the tenant's lane.
type BulkTx interface {
	// AcceptBulk stores new requests, numbers them in order and creates the tenant's lane if it has none. Where Again is
	// true it first looks for their tokens, and returns the same numbers for those that are already stored. rows are the
	// requests' encoded Rows.
	AcceptBulk(ctx context.Context, requests []BulkRequest, rows [][]byte) (ids []int64, err error)
	// LockLane locks the tenant's lane until this transaction ends, so that only one process at a time applies its
	// requests. It returns false at once if another transaction holds it. It never blocks AcceptBulk.
	LockLane(ctx context.Context) (bool, error)
	// NextBulk returns up to limit accepted requests in order of id, with their rows.
	NextBulk(ctx context.Context, limit int) ([]BulkRequest, error)
	// BulkWaiting counts the accepted requests that are not finished, up to most.
	BulkWaiting(ctx context.Context, most int) (int, error)
	// FinishBulk stores state, failures and time of requests that were waiting, and their callbacks. What is left of the URL of one
	// whose Rows say so replaces it in the request, and in the callback when that ends.
	FinishBulk(ctx context.Context, requests []BulkRequest, callbacks []Callback) error
	// CountBulkTry records that applying the request failed unexpectedly.
	CountBulkTry(ctx context.Context, id int64) error
	// SweepBulk removes requests, with their callbacks and attempts, that were applied before that time and whose callbacks are
	// pending no more: at most limit, the oldest first, up to the first that has to stay. The newest always stays, and so does
	// the number of the first that is left. It returns how many.
	SweepBulk(ctx context.Context, before time.Time, limit int) (int, error)
}

// BulkListTx tells what became of bulk requests.
type BulkListTx interface {
	// BulkByID returns the request with its rows, its callback (nil until the request is finished) and every attempt.
	BulkByID(ctx context.Context, id int64) (BulkRequest, *Callback, []Attempt, error)
	// BulkRequests returns one page, newest first.
	BulkRequests(ctx context.Context, f BulkFilter) ([]BulkSummary, error)
	// BulkQueue counts what is waiting, and what was ever accepted.
	BulkQueue(ctx context.Context) (BulkQueue, error)
	// BulkFlows counts the requests accepted since from, by steps of time.
	BulkFlows(ctx context.Context, from time.Time, step time.Duration) ([]BulkFlow, error)
}

// BulkDirectory finds what is waiting in any tenant: bulk requests to apply and callbacks to send.
type BulkDirectory interface {
	// TenantsWithBulk lists the tenants that have accepted bulk requests waiting.
	TenantsWithBulk(ctx context.Context) ([]TenantID, error)
	// TenantsWithCallbacks lists the tenants that have callbacks due which nobody has claimed.
	TenantsWithCallbacks(ctx context.Context, now time.Time) ([]TenantID, error)
	// CallbackHosts returns the next limit hosts after the given one, in a fixed order, that the tenant has pending callbacks
	// for, whether or not one of them can be claimed.
	CallbackHosts(ctx context.Context, tenant TenantID, now time.Time, after string, limit int) ([]CallbackHost, error)
	// ClaimCallbacks leases callbacks of the tenant that are due until the given time: of each host as many as its share says,
	// the longest due first. It fills in their clients' signing secrets. No callback is claimed twice.
	ClaimCallbacks(ctx context.Context, tenant TenantID, now, until time.Time, shares []HostShare) ([]Callback, error)
	// HastenCallbacks makes pending callbacks due at now whose next attempt is later than retries, and ends leases that end
	// later than leases. It returns how many callbacks it changed.
	HastenCallbacks(ctx context.Context, now, retries, leases time.Time) (int, error)
	// QueueStats counts what is waiting, over all tenants.
	QueueStats(ctx context.Context) (QueueStats, error)
}

// QueueStats counts what is waiting, over all tenants; a zero time means that nothing waits.
type QueueStats struct {
	BulkWaiting      int
	BulkOldest       time.Time // when it was accepted
	CallbacksWaiting int
	CallbacksOldest  time.Time // when it became pending
}

// BulkFilter selects bulk requests.
type BulkFilter struct {
	IDs      []int64       // nil: any; empty: none
	State    BulkState     // "": any
	Kind     BulkKind      // "": any
	ClientID int64         // 0: any
	StoreID  *int64        // of the callers' restriction; nil: any
	Delivery DeliveryState // of the callback; "": any
	After    int64         // only larger numbers
	Before   int64         // only smaller numbers; 0: any
	Limit    int           // 0: no limit
}

// BulkSummary is a bulk request as a list shows it.
type BulkSummary struct {
	Request  BulkRequest // without its Rows and Failures
	Size     int         // number of rows; 0: unknown, for a request of an earlier version
	Delivery DeliveryState
	Attempts int        // at delivering its callback
	NextAt   *time.Time // when the next attempt is due; nil: there is none
}

// SeenBy narrows the filter to what the caller may see. A client restricted to one store sees only what it sent itself; a person
// restricted to one store sees what was sent under the same restriction, whichever client it was.
func (f BulkFilter) SeenBy(c Caller) BulkFilter {
	switch own := c.Client.StoreID; {
	case own == nil:
	case c.Login != "":
		f.StoreID = own
	case f.ClientID != 0 && f.ClientID != c.Client.ID:
		f.IDs = []int64{} // none: it asks for what another client sent
	default:
		f.ClientID = c.Client.ID
	}
	return f
}

// VisibleTo reports whether the caller may see the request.
func (b BulkRequest) VisibleTo(c Caller) bool {
	f := BulkFilter{}.SeenBy(c)
	return (f.StoreID == nil || b.StoreID != nil && *b.StoreID == *f.StoreID) && (f.ClientID == 0 || f.ClientID == b.ClientID)
}

// BulkQueue counts what one tenant has waiting; a zero time means that nothing waits.
type BulkQueue struct {
	Accepted         int64 // the number of the newest request, which counts all that were ever accepted
	Waiting          int
	WaitingSince     time.Time // when the oldest was accepted
	CallbacksWaiting int
	CallbacksSince   time.Time // when the oldest became pending
	GivenUp          int       // number of callbacks
	Failed           int       // number of requests that could not be applied
}

// BulkFlow counts the requests that were accepted in one step of time and finished in another.
type BulkFlow struct {
	Accepted int // the step, from 0
	Applied  int // the step; -1: still waiting
	State    BulkState
	Requests int
}
