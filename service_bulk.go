package noren

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// MaxBulkList bounds a page of bulk requests, and how many are sent again in one go.
const MaxBulkList = 200

// lookBack bounds how many numbers of a list one call looks at for what no index leads to. Where it finds too few, the
// list says where to go on.
const lookBack = 20_000

// BulkList is one page of bulk requests.
type BulkList struct {
	Items   []BulkSummary
	Clients map[int64]string // the names of those who sent them
	Next    int64            // the number that the next page begins before; 0: this is the end
	Queue   BulkQueue        // what of the tenant's waits; zero for a caller who is bound to a store
}

// BulkRequests lists the bulk requests that match and that the caller may see, newest first. A page may be short, or
// empty, and yet have a next one: how far one call looks is bounded.
func (s *Service) BulkRequests(ctx context.Context, c Caller, f BulkFilter) (out BulkList, err error) {
	if f.Limit <= 0 || f.Limit > MaxBulkList {
		f.Limit = MaxBulkList
	}
	f = f.visible(c)
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		queue, err := tx.BulkQueue(ctx)
		if err != nil {
			return err
		}
		if c.Client.StoreID == nil {
			out.Queue = queue
		}
		if f.Before == 0 || f.Before > queue.Accepted {
			f.Before = queue.Accepted + 1
		}
		if f.narrow() && !f.rare() {
			f.After = max(f.After, f.Before-1-lookBack)
		}
		limit := f.Limit
		f.Limit++ // one more than asked for tells whether there is one more
		if out.Items, err = tx.BulkRequests(ctx, f); err != nil {
			return err
		}
		out.Next = f.After + 1 // where everything after it was looked at
		if len(out.Items) > limit {
			out.Items = out.Items[:limit]
			out.Next = out.Items[limit-1].Request.ID
		}
		if out.Next == 1 {
			out.Next = 0 // no request has a smaller number
		}
		out.Clients, err = clientNames(ctx, tx)
		return err
	})
	return out, err
}

// BulkHealth is how a tenant's bulk requests and callbacks fare: what waits now, and the last day hour by hour.
type BulkHealth struct {
	Queue BulkQueue
	Hours []BulkHour // the last is not over
}

// BulkHealth answers how the tenant's queue fares. Forbidden for a caller who is bound to a store: it is the tenant's.
func (s *Service) BulkHealth(ctx context.Context, c Caller) (out BulkHealth, err error) {
	if c.Client.StoreID != nil {
		return BulkHealth{}, wholeTenantOnly()
	}
	now := s.now().In(c.Tenant.Location())
	first := time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), 0, 0, 0, now.Location()).Add(-(bulkHours - 1) * time.Hour)
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Queue, err = tx.BulkQueue(ctx); err != nil {
			return err
		}
		flows, err := tx.BulkFlows(ctx, first.Add(-earlierHours*time.Hour), time.Hour)
		if err != nil {
			return err
		}
		deliveries, err := tx.DeliveryFlows(ctx, first, time.Hour)
		out.Hours = hoursOf(first, flows, deliveries)
		return err
	})
	return out, err
}

// SendAgain makes the callbacks of those bulk requests due again at once, whatever became of them; it answers of how
// many. NotFound, naming it, where the caller may not see one of them. once may be nil; its Render gets the number.
func (s *Service) SendAgain(ctx context.Context, c Caller, ids []int64, once *Once) (n int, kept *KeptAnswer, err error) {
	if len(ids) == 0 || len(ids) > MaxBulkList {
		return 0, nil, Refusals{{
			Kind: Invalid, Reason: ReasonMissing, Field: "ids", Message: fmt.Sprintf("are not 1 to %d requests", MaxBulkList),
		}}
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	kept, err = s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		found, err := tx.BulkRequests(ctx, BulkFilter{IDs: ids}.visible(c))
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if !slices.ContainsFunc(found, func(b BulkSummary) bool { return b.Request.ID == id }) {
				return nil, notFound("bulk request", id)
			}
		}
		if n, err = tx.ResendCallbacks(ctx, CallbackFilter{RequestIDs: ids}, by.At); err != nil || n == 0 {
			return n, err
		}
		entries := make([]AuditEntry, len(ids))
		for i, id := range ids {
			entries[i] = by
			entries[i].Subject, entries[i].SubjectID = "callbacks", fmt.Sprint(id)
			entries[i].Changes = change("sent again", nil, 1)
		}
		return n, lane{tx: tx}.audit(ctx, entries)
	})
	if err != nil {
		return 0, nil, err
	}
	if n > 0 {
		s.callbackReady.give()
	}
	return n, kept, nil
}

// wholeTenantOnly refuses a caller who is bound to a store what is about all of the tenant.
func wholeTenantOnly() error {
	return &Error{Kind: Forbidden, Reason: ReasonScope, Message: "this is for those who are not bound to a store"}
}
