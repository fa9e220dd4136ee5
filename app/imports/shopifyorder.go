package imports

import (
	"context"
	"slices"
	"strconv"
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
	bare      bool // neither amount nor status
}

// skips reports whether nothing of the line counts.
func (o shopifyOrder) skips() bool { return o.name != "" && o.bare || o.unpaid() }

// unpaid reports whether the order is not paid.
func (o shopifyOrder) unpaid() bool {
	return slices.Contains([]string{"pending", "authorized", "expired", "voided", "unpaid", "partially_paid"}, strings.ToLower(o.status))
}

// withRefunds adds to the events what the orders say of refunds and cancellations. An export has one sum for all refunds of an
// order; what webhooks have told of them before is taken off it.
func (r run) withRefunds(
	ctx context.Context, events []noren.PurchaseEvent, places []int, orders []shopifyOrder,
) ([]noren.PurchaseEvent, []int, error) {
	var ids []string
	for i, n := range places {
		if orders[n].refunded > 0 {
			ids = append(ids, events[i].ExternalID)
		}
	}
	known := make(map[string]int64)
	if len(ids) > 0 {
		slices.Sort(ids)
		_, refunds, err := r.tx.PurchasesByExternalID(ctx, r.Source, slices.Compact(ids))
		if err != nil {
			return nil, nil, err
		}
		for _, refund := range refunds {
			known[refund.PurchaseID] += refund.Amount
		}
	}
	for i, n := range slices.Clone(places) {
		id, total := events[i].ExternalID, orders[n].refunded
		if left := total - known[id]; left > 0 {
			events, places = append(events, noren.PurchaseEvent{
				Kind: noren.PurchaseRefunded, ExternalID: id, RefundID: "export:" + strconv.FormatInt(total, 10), Amount: left,
				Currency: events[i].Currency,
			}), append(places, n)
		}
		if orders[n].cancelled {
			events, places = append(events, noren.PurchaseEvent{Kind: noren.PurchaseCancelled, ExternalID: id}), append(places, n)
		}
	}
	return events, places, nil
}
