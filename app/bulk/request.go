package bulk

import (
	"fmt"
	"strconv"

	"noren"
)

// Limits of one bulk request, from the Smaregi documents.
const (
	MaxRows           = 100
	MaxCallbackURLLen = 511 // characters
)

// Outcome is what a callback reports: the ids of what changed, or why nothing did.
type Outcome struct {
	ID        int64
	Kind      noren.BulkKind
	Members   []int64               // in the order of the rows
	Movements []noren.StockMovement // in the order of the rows
	Failures  []noren.Failure       // if not empty, nothing was changed
}

// Encoder encodes the body of a callback in a dialect's words. The dialects implement it.
type Encoder interface {
	EncodeCallback(Outcome) []byte
}

// validate checks everything that can be checked without stored data: pairs of fields row by row, then duplicates, then
// status with leave date. The dialect checks the shape first (at least one row, the limit, equal keys, types, lengths
// and required columns), because only it knows the words.
func validate(b noren.BulkRequest) error {
	for i, p := range b.Rows.Members {
		if err := p.CheckUnitPair(); err != nil {
			err.Row = i + 1
			return err
		}
	}
	seen := make(map[noren.StockKey]bool, b.Rows.Len())
	for i, p := range b.Rows.Members {
		if key := (noren.StockKey{ProductID: p.ID}); seen[key] { // rows are of one kind, so ids cannot mix
			return &noren.Error{Kind: noren.Invalid, Reason: noren.ReasonDuplicate, Row: i + 1, Field: "id", Value: strconv.FormatInt(p.ID, 10)}
		} else {
			seen[key] = true
		}
	}
	for i, c := range b.Rows.Stock {
		if seen[c.StockKey] {
			return &noren.Error{
				Kind: noren.Invalid, Reason: noren.ReasonDuplicate, Row: i + 1, Field: "product",
				Value: fmt.Sprintf("%d:%d", c.ProductID, c.StoreID),
			}
		}
		seen[c.StockKey] = true
	}
	// Only after the duplicates: the documented order of errors is by rule, not by row.
	for i, p := range b.Rows.Members {
		if err := p.CheckLeaveDate(); err != nil {
			err.Row, err.Value = i+1, strconv.FormatInt(p.ID, 10)
			return err
		}
	}
	return nil
}
