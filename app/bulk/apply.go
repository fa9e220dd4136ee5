package bulk

import (
	"context"
	"maps"
	"slices"

	"noren"
	"noren/app/members"
	"noren/app/stock"
	"noren/app/unit"
)

// lane applies requests of one tenant, one after another in one transaction.
type lane struct {
	tx Tx
	unit.Unit
	named   members.Named          // what the requests name
	members map[int64]noren.Member // those that the requests name, as the requests so far leave them
}

// look reads what the requests for members name, once for all of them, and locks the members: all before anything that comes
// behind members in the order of locks. If there are requests for stock as well, they lock levels before what the others
// lock next.
func (l *lane) look(ctx context.Context, requests []noren.BulkRequest) error {
	var patches []noren.MemberPatch
	named, levels := make(map[int64]bool), false
	for _, r := range requests {
		patches, levels = append(patches, r.Rows.Members...), levels || r.Kind == noren.BulkStock
		for _, p := range r.Rows.Members {
			named[p.ID] = true
		}
	}
	if len(named) == 0 {
		return nil
	}
	// All in one round trip, whatever the requests name.
	read := append(l.named.Reads(ctx, l.tx, members.NamedBy(patches)), func() (err error) {
		l.members, err = unit.MembersByID(ctx, l.tx, slices.Sorted(maps.Keys(named)), true)
		return err
	})
	if levels {
		read = append(read, func() error { return l.tx.Raise(ctx, noren.CounterMovement, 0) })
	}
	return l.tx.Together(ctx, read...)
}

// apply applies one request. Rows that break a rule are failures in the Outcome; an error is something unexpected.
func (l *lane) apply(ctx context.Context, r noren.BulkRequest) (Outcome, error) {
	if r.Kind == noren.BulkStock {
		return l.applyStock(ctx, r)
	}
	return l.applyMembers(ctx, r)
}

func (l *lane) applyMembers(ctx context.Context, r noren.BulkRequest) (Outcome, error) {
	out := Outcome{ID: r.ID, Kind: r.Kind}
	// For each request, because they may come from clients of different stores.
	in := l.named.Context(l.Unit, r.StoreID)
	changes := make([]noren.MemberChange, 0, len(r.Rows.Members))
	for i, p := range r.Rows.Members {
		// Also of rows that fail: the list is thrown away with any failure.
		out.Members = append(out.Members, p.ID)
		before, ok := l.members[p.ID]
		// A member of another store looks like one that does not exist.
		if !ok || !before.VisibleTo(r.StoreID) {
			out.Failures = append(out.Failures, noren.Failure{Row: i + 1, Reason: noren.ReasonMemberUnknown})
			continue
		}
		after, broken := p.Apply(before, in)
		for _, err := range broken {
			out.Failures = append(out.Failures, noren.Failure{Row: i + 1, Reason: err.Reason})
		}
		changes = append(changes, noren.MemberChange{Before: before, After: after})
	}
	// All or nothing, and not an error: the failures are the result that the callback reports.
	if len(out.Failures) > 0 {
		return out, nil
	}
	err := members.Change(ctx, l.tx, l.Unit, changes, l.by(r))
	for _, c := range changes {
		// What the next request of the lane finds, without reading it again.
		l.members[c.After.ID] = c.After
	}
	return out, err
}

func (l *lane) applyStock(ctx context.Context, r noren.BulkRequest) (Outcome, error) {
	out := Outcome{ID: r.ID, Kind: r.Kind}
	productIDs, storeIDs := make([]int64, len(r.Rows.Stock)), make([]int64, len(r.Rows.Stock))
	for i, c := range r.Rows.Stock {
		productIDs[i], storeIDs[i] = c.ProductID, c.StoreID
	}
	var products []noren.Product
	var stores []noren.Store
	err := l.tx.Together(ctx, func() (err error) {
		products, _, err = l.tx.Products(ctx, noren.CatalogueFilter{IDs: productIDs})
		return err
	}, func() (err error) {
		stores, _, err = l.tx.Stores(ctx, noren.CatalogueFilter{IDs: storeIDs})
		return err
	})
	if err != nil {
		return out, err
	}
	for i, c := range r.Rows.Stock {
		for _, reason := range stock.Judge(c, products, stores, r.StoreID) {
			out.Failures = append(out.Failures, noren.Failure{Row: i + 1, Reason: reason})
		}
	}
	if len(out.Failures) > 0 {
		return out, nil
	}
	out.Movements, err = stock.SetLevels(ctx, l.tx, l.Unit, r.Rows.Stock, noren.StockDivisionAPI, l.by(r))
	return out, err
}

// by is the entry of the audit log for what a request has done: who sent it and from where, not who applies it.
func (l *lane) by(r noren.BulkRequest) noren.AuditEntry {
	return noren.AuditEntry{
		At: l.Now, ClientID: &r.ClientID, Dialect: string(r.Dialect), RequestID: r.RequestID,
		Address: r.Address, ClientRequestID: r.ClientRequestID,
	}
}
