package noren

import (
	"encoding/json"
	"fmt"
	"time"
)

// Limits of one bulk request, from the Smaregi documents.
const (
	MaxBulkRows       = 100
	MaxCallbackURLLen = 511 // characters
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
	ID          int64  // requestId: counts up per tenant, in the order of acceptance
	Token       string // recognises the request after a commit whose answer was lost
	Kind        BulkKind
	Dialect     Dialect
	ClientID    int64
	StoreID     *int64 // the caller's restriction at the time
	RequestID   string // of the HTTP request
	CallbackURL string
	Rows        BulkRows
	State       BulkState
	Tries       int // how often applying met an unexpected error
	Failures    []Failure
	AcceptedAt  time.Time
	AppliedAt   *time.Time
}

// BulkRows are the rows of a request; the slice of its kind is set.
type BulkRows struct {
	Members []MemberPatch `json:"members,omitempty"`
	Stock   []StockChange `json:"stock,omitempty"`
}

// Len is the number of rows.
func (r BulkRows) Len() int { return len(r.Members) + len(r.Stock) }

// Encode writes the rows as they are stored.
func (r BulkRows) Encode() ([]byte, error) { return json.Marshal(r) }

// DecodeBulkRows reads what Encode wrote.
func DecodeBulkRows(data []byte) (BulkRows, error) {
	var r BulkRows
	err := json.Unmarshal(data, &r)
	return r, err
}

// Failure is one rule that one row breaks, found when the request met stored data.
type Failure struct {
	Row    int    `json:"row"` // from 1
	Reason Reason `json:"reason"`
}

// BulkOutcome is what a callback tells: ids of what changed, or why nothing did.
type BulkOutcome struct {
	ID        int64
	Kind      BulkKind
	Members   []int64         // in the order of the rows
	Movements []StockMovement // in the order of the rows
	Failures  []Failure       // not empty: nothing was changed
}

// CallbackEncoder writes the body of a callback in a dialect's words. It is implemented by the dialect.
type CallbackEncoder interface {
	EncodeCallback(BulkOutcome) []byte
}

// Validate judges everything that can be judged without stored data: pairs of fields row by row, then duplicates,
// then status with leave date. The shape (at least one row, the limit, equal keys, types, lengths and required
// columns) is the dialect's to check before, because only it knows the words.
func (b BulkRequest) Validate() error {
	for i, p := range b.Rows.Members {
		if err := p.checkUnitPair(); err != nil {
			err.Row = i + 1
			return err
		}
	}
	seen := make(map[StockKey]bool, b.Rows.Len())
	for i, p := range b.Rows.Members {
		if key := (StockKey{ProductID: p.ID}); seen[key] {
			return &Error{Kind: Invalid, Reason: ReasonDuplicate, Row: i + 1, Field: "id", Value: fmt.Sprint(p.ID)}
		} else {
			seen[key] = true
		}
	}
	for i, c := range b.Rows.Stock {
		if seen[c.StockKey] {
			return &Error{
				Kind: Invalid, Reason: ReasonDuplicate, Row: i + 1, Field: "product",
				Value: fmt.Sprintf("%d:%d", c.ProductID, c.StoreID),
			}
		}
		seen[c.StockKey] = true
	}
	for i, p := range b.Rows.Members {
		if err := p.checkLeaveDate(); err != nil {
			err.Row, err.Value = i+1, fmt.Sprint(p.ID)
			return err
		}
	}
	return nil
}
