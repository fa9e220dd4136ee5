package imports

import (
	"fmt"
	"slices"
	"strings"

	"noren"
)

// shopifyOrder is what a line of orders says beside the purchase. Shopify writes a line for each item, of which only the first has
// the order's amounts.
type shopifyOrder struct {
	name      string
	status    string // financial status
	refunded  int64  // in all
	cancelled bool
	named     bool // somebody in a column, whether that could be read or not
	bare      bool // neither amount nor status
}

// refundedColumn is how Shopify calls the column of what was refunded.
const refundedColumn = "Refunded Amount"

// skips reports whether nothing of the line counts.
func (o shopifyOrder) skips() bool { return o.name != "" && o.bare || o.unpaid() }

// unpaid reports whether the order is not paid.
func (o shopifyOrder) unpaid() bool {
	return slices.Contains([]string{"pending", "authorized", "expired", "voided", "unpaid", "partially_paid"}, o.state())
}

// guest reports whether the order names no customer: somebody bought without an account, and webhooks leave such orders out too.
func (o shopifyOrder) guest() bool { return o.name != "" && !o.named }

// leftOut says why the order is left out; nothing of a further item of the order above.
func (o shopifyOrder) leftOut(line int) []noren.ImportProblem {
	switch {
	case o.unpaid():
		return []noren.ImportProblem{problem{noren.ReasonUnpaid, "", "the order is not paid and is left out"}.in(line, fieldFinancial, o.status)}
	case o.guest() && !o.bare:
		return []noren.ImportProblem{problem{noren.ReasonNoCustomer, "", "the order has no customer and is left out"}.in(line, fieldEmail, "")}
	}
	return nil
}

// state is the financial status in small letters.
func (o shopifyOrder) state() string { return strings.ToLower(strings.TrimSpace(o.status)) }

// become puts into e what the order says of refunds and cancellations, and returns what is wrong with that.
func (o shopifyOrder) become(e *noren.PurchaseEvent, given map[string]bool, t noren.Tenant) (field string, wrong *problem) {
	switch state := o.state(); {
	case given[fieldRefunded]:
	case state == "refunded":
		o.refunded = e.Amount
	case state == "partially_refunded":
		return fieldRefunded, &problem{
			noren.ReasonMissing, refundedColumn, "is required: a part of the order was refunded; export the column " + refundedColumn + " too",
		}
	}
	switch {
	case o.refunded < 0:
		return fieldRefunded, &problem{noren.ReasonNegative, "", "must not be negative"}
	case o.refunded > max(e.Amount, 0):
		refunded, paid := noren.FormatMoney(o.refunded, t.Currency), noren.FormatMoney(e.Amount, t.Currency)
		return fieldRefunded, &problem{
			noren.ReasonOverRefunded, refunded + " > " + paid, fmt.Sprintf("%s would be refunded, but %s was paid", refunded, paid),
		}
	}
	e.State.Refunded, e.State.Cancelled = o.refunded, o.cancelled
	return "", nil
}
