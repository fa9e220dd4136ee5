package bulk

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// rare reports whether the filter selects by a state that few requests are in, so that an index finds them.
func rare(f noren.BulkFilter) bool {
	return f.State == noren.BulkAccepted || f.State == noren.BulkFailed || f.Delivery == noren.CallbackGivenUp
}

// narrow reports whether the filter excludes anything.
func narrow(f noren.BulkFilter) bool {
	return f.State != "" || f.Kind != "" || f.ClientID != 0 || f.StoreID != nil || f.Delivery != ""
}

// MaxList bounds a page of bulk requests, and how many callbacks one call sends again.
const MaxList = 200

// List is one page of bulk requests.
type List struct {
	Items   []noren.BulkSummary
	Clients map[int64]string // the names of the clients that sent them, by id
	Next    int64            // number before which the next page begins; 0: this is the last page
	Queue   noren.BulkQueue  // what the tenant has waiting; zero for a caller restricted to one store
}

// List lists the bulk requests that match and that the caller may see, newest first. A page may be short, or
// even empty, and still have a next one, because one call reads a bounded number of requests.
func (s *Service) List(ctx context.Context, c noren.Caller, f noren.BulkFilter) (out List, err error) {
	if f.Limit <= 0 || f.Limit > MaxList {
		f.Limit = MaxList
	}
	f = f.SeenBy(c)
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		// Read in any case, for the highest number, from which the look back is counted.
		queue, err := tx.BulkQueue(ctx)
		if err != nil {
			return err
		}
		if c.WholeTenant() == nil {
			out.Queue = queue
		}
		if f.Before == 0 || f.Before > queue.Accepted {
			f.Before = queue.Accepted + 1
		}
		// Such a filter may match nothing for a long way down the list, so the look back is bounded.
		if narrow(f) && !rare(f) {
			f.After = max(f.After, f.Before-1-noren.LookBack)
		}
		limit := f.Limit
		f.Limit++ // one more than asked for shows whether there is a next page
		if out.Items, err = tx.BulkRequests(ctx, f); err != nil {
			return err
		}
		out.Next = f.After + 1 // everything above f.After was read
		if len(out.Items) > limit {
			out.Items = out.Items[:limit]
			out.Next = out.Items[limit-1].Request.ID
		}
		if out.Next == 1 {
			out.Next = 0 // there is no request with a smaller number
		}
		out.Clients, err = audit.ClientNames(ctx, tx)
		return err
	})
	return out, err
}

// SendAgain makes the callbacks of these bulk requests due again at once, whatever their state, and returns how many.
// NotFound, naming the request, if the caller may not see one of them. once may be nil; its Render gets the number.
func (s *Service) SendAgain(ctx context.Context, c noren.Caller, ids []int64, once *unit.Once) (n int, kept *noren.KeptAnswer, err error) {
	if len(ids) == 0 || len(ids) > MaxList {
		return 0, nil, noren.Refusals{{
			Kind: noren.Invalid, Reason: noren.ReasonMissing, Field: "ids", Message: fmt.Sprintf("must name 1 to %d requests", MaxList),
		}}
	}
	// Without repetitions, because each request gets one audit entry.
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	kept, err = s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		found, err := tx.BulkRequests(ctx, noren.BulkFilter{IDs: ids}.SeenBy(c))
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if !slices.ContainsFunc(found, func(b noren.BulkSummary) bool { return b.Request.ID == id }) {
				return nil, noren.Missing("bulk request", id)
			}
		}
		if n, err = tx.ResendCallbacks(ctx, noren.CallbackFilter{RequestIDs: ids}, by.At); err != nil || n == 0 {
			return n, err
		}
		entries := make([]noren.AuditEntry, len(ids))
		for i, id := range ids {
			entries[i] = by
			entries[i].Subject, entries[i].SubjectID = "callbacks", strconv.FormatInt(id, 10)
			entries[i].Changes = audit.Change("sent again", nil, 1)
		}
		return n, tx.AddAudit(ctx, entries)
	})
	if err != nil {
		return 0, nil, err
	}
	if n > 0 {
		s.callbackReady.Give()
	}
	return n, kept, nil
}
