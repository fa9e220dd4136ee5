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
	in := EmptyContext(u, store)
	err := tx.Together(ctx, Reads(ctx, tx, &in, names)...)
	return in, err
}

// EmptyContext is a patch context of which Reads has read nothing yet.
func EmptyContext(u unit.Unit, store *int64) noren.PatchContext {
	return noren.PatchContext{HeadquartersLinked: u.Tenant.HeadquartersLinked, CallerStore: store, Today: u.Today()}
}

// Reads returns functions for Tx.Together that read what is named into the context, each with one statement.
func Reads(ctx context.Context, tx Tx, in *noren.PatchContext, names PatchNames) (read []func() error) {
	if names.All || names.ranks {
		read = append(read, func() (err error) {
			in.Ranks, err = tx.Ranks(ctx)
			return err
		})
	}
	if names.All || names.staffRanks {
		read = append(read, func() (err error) {
			in.StaffRanks, err = tx.StaffRanks(ctx)
			return err
		})
	}
	if names.All || len(names.stores) > 0 {
		read = append(read, func() (err error) {
			in.Stores, _, err = tx.Stores(ctx, noren.CatalogueFilter{IDs: names.stores})
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
