package imports

import (
	"context"
	"sync"

	"noren"
)

// ready is a piece of an import that was read and taken apart while the piece before it was written: where there is one
// writer, nobody else waits for that. What it says stays true whatever others do, because pieces never change and are
// applied in order.
type ready struct {
	tenant   noren.TenantID
	importID int64
	before   int // lines of the import before it
	piece    noren.ImportPiece
	members  []memberLine // of an import of members
}

// is reports whether it is the next piece of the import.
func (r *ready) is(i *noren.Import) bool {
	return r != nil && r.importID == i.ID && r.before == i.Processed
}

// ahead keeps at most one ready piece of each tenant.
type ahead struct {
	mu     sync.Mutex
	pieces map[noren.TenantID]*ready
}

// take removes the tenant's ready piece and returns it; nil if there is none.
func (a *ahead) take(tenant noren.TenantID) *ready {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.pieces[tenant]
	delete(a.pieces, tenant)
	return r
}

// put keeps a piece, which may be nil.
func (a *ahead) put(r *ready) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case r == nil:
		return
	case a.pieces == nil:
		a.pieces = make(map[noren.TenantID]*ready)
	}
	a.pieces[r.tenant] = r
}

// lookAhead reads the import's next piece, or the one behind last if that is not nil. nil if there is none, or it
// cannot be read: the transaction that needs it reads it then, and says what is wrong.
func (s *Service) lookAhead(ctx context.Context, tenant noren.TenantID, importID int64, last *ready) (next *ready) {
	defer func() {
		if recover() != nil {
			next = nil
		}
	}()
	var i *noren.Import
	var pieces []noren.ImportPiece
	behind := int64(0)
	if last != nil {
		behind = last.piece.Number
	}
	err := s.run.View(ctx, tenant, func(tx Tx) (err error) {
		if i, err = tx.Import(ctx, importID, false); err != nil || i == nil {
			return err
		}
		pieces, err = tx.ImportPieces(ctx, importID, behind, 1)
		return err
	})
	if err != nil || i == nil || len(pieces) == 0 {
		return nil
	}
	next = &ready{tenant: tenant, importID: importID, before: i.Processed, piece: pieces[0]}
	if last != nil { // which the snapshot may or may not have as applied
		next.before = last.before + len(last.piece.Lines)
	}
	if i.Kind == noren.ImportMembers {
		next.members = readMembers(i, next.piece.Lines)
	}
	return next
}
