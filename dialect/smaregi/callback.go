package smaregi

import (
	"strconv"

	"noren/app/bulk"
	"noren/wire"
)

// Callbacks encodes the bodies of callbacks as on the two bulk pages. It implements bulk.Encoder.
type Callbacks struct{}

// EncodeCallback returns {"requestId":…,"result":[…]}, or {"requestId":…,"message":…} with the first reason of the
// first row that failed.
func (Callbacks) EncodeCallback(o bulk.Outcome) []byte {
	id := wire.P("requestId", o.ID)
	// Failures are in the order of the rows, and within a row in the order of the document's table.
	if len(o.Failures) > 0 {
		return wire.JSON(wire.Map{id, wire.P("message", wordsOf(o.Kind).failure(o.Failures[0], o.ID))})
	}
	// Only the list of the request's kind has entries; both are in the order of the rows.
	// Never nil, which would be written as null where the document has a list.
	result := make([]wire.Map, 0, len(o.Members)+len(o.Movements))
	for _, member := range o.Members {
		result = append(result, wire.Map{wire.P("customerId", decimal(member))})
	}
	for _, m := range o.Movements {
		result = append(result, wire.Map{
			wire.P("id", decimal(m.ID)), wire.P("productId", decimal(m.ProductID)), wire.P("storeId", decimal(m.StoreID)),
		})
	}
	return wire.JSON(wire.Map{id, wire.P("result", result)})
}

// decimal writes a number as a string, as this API does.
func decimal(n int64) string { return strconv.FormatInt(n, 10) }
