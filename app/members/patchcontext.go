package members

import (
	"context"
	"slices"
	"time"

	"noren"
	"noren/app/unit"
)

// PatchNames is what patches name, and so what has to be read to judge them.
type PatchNames struct {
	ranks, staffRanks bool
	stores            []int64
	All               bool // everything: lines of files name things in many ways
}

// NamedBy returns what the patches name.
func NamedBy(patches []noren.MemberPatch) (n PatchNames) {
	for _, p := range patches {
		_, rank := p.Rank.Value()
		_, minimum := p.MinimumRank.Value()
		_, staff := p.StaffRank.Value()
		n.ranks, n.staffRanks = n.ranks || rank || minimum, n.staffRanks || staff
		if id, named := p.Store.Value(); named && !slices.Contains(n.stores, id) {
			n.stores = append(n.stores, id)
		}
	}
	return n
}

// PatchContext reads what patches are judged against. store is the one that their caller is restricted to, nil for
// none. The parameter has no default, because a patch judged without it could move a member out of its caller's sight.
func PatchContext(ctx context.Context, tx Tx, u unit.Unit, store *int64, names PatchNames) (noren.PatchContext, error) {
	var named Named
	err := tx.Together(ctx, named.Reads(ctx, tx, names)...)
	return named.Context(u, store), err
}

// Named is what patches name, as stored: what of a patch context is the same for all callers of a tenant.
type Named struct {
	ranks      []noren.Rank
	staffRanks []noren.StaffRank
	stores     []noren.Store
}

// Context returns the context of the patches of one caller. store is as for [PatchContext].
func (n *Named) Context(u unit.Unit, store *int64) noren.PatchContext {
	return noren.PatchContext{
		Ranks: n.ranks, StaffRanks: n.staffRanks, Stores: n.stores,
		HeadquartersLinked: u.Tenant.HeadquartersLinked, CallerStore: store, Today: u.Today(),
	}
}

// Reads returns functions for Tx.Together that read what is named, each with one statement.
func (n *Named) Reads(ctx context.Context, tx Tx, names PatchNames) (read []func() error) {
	if names.All || names.ranks {
		read = append(read, func() (err error) {
			n.ranks, err = tx.Ranks(ctx)
			return err
		})
	}
	if names.All || names.staffRanks {
		read = append(read, func() (err error) {
			n.staffRanks, err = tx.StaffRanks(ctx)
			return err
		})
	}
	if names.All || len(names.stores) > 0 {
		read = append(read, func() (err error) {
			n.stores, _, err = tx.Stores(ctx, noren.CatalogueFilter{IDs: names.stores})
			return err
		})
	}
	return read
}

// Blank returns a member about whom nothing is known yet: the code is generated, e-mail is allowed, and a caller
// restricted to one store creates a member of that store. id 0 means that it is numbered later.
func Blank(in noren.PatchContext, id int64, status noren.Status, now time.Time) noren.Member {
	return noren.Member{
		ID: id, Code: NewCode(), Status: status, MailOptIn: true, StoreID: in.CallerStore, CreatedAt: now, UpdatedAt: now,
	}
}
