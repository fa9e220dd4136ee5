package storetest

import (
	"testing"

	"noren"
)

func pointListChecks() []check {
	return []check{
		{"a member's lots in the order in which they expire", pointListLots},
		{"movements by member, time, kind and dialect, in both directions", pointListEntries},
		{"sums of movements by kind, and of what expires by month", pointSums},
		{"no tenant lists another's", pointListIsolation},
	}
}

func pointListLots(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2))
	b.grant(t,
		lot(1, 1, noren.DefaultPoint, "", 5), lot(2, 1, noren.PaidPoint, "2026-12-31", 5), lot(3, 1, noren.DefaultPoint, "2026-05-01", 5),
		lot(4, 1, noren.DefaultPoint, "2026-12-31", 5), lot(5, 2, noren.DefaultPoint, "", 5), lot(6, 1, noren.DefaultPoint, "2026-04-30", 5))
	// Of lot 6 nothing is left, which takes it off the list; of lot 3 some is.
	b.movePoints(t, use(10, 1, noren.DefaultPoint, noren.PointBurn{LotID: 6, Amount: 5}, noren.PointBurn{LotID: 3, Amount: 1}))
	for _, c := range []struct {
		name   string
		filter noren.PointLotFilter
		want   []int64
	}{
		{"all", noren.PointLotFilter{MemberID: 1}, []int64{3, 2, 4, 1}},
		{"a page", noren.PointLotFilter{MemberID: 1, Page: noren.Page{Limit: 2, Offset: 1}}, []int64{2, 4}},
		{"of nobody", noren.PointLotFilter{}, []int64{}},
		{"a month of everybody's", noren.PointLotFilter{Expires: "2026-12-01", Till: "2027-01-01"}, []int64{2, 4}},
		{"to the day before", noren.PointLotFilter{Expires: "2026-05-01", Till: "2026-12-31", VisibleTo: new(int64(9))}, []int64{3}},
		{"a member's of some days", noren.PointLotFilter{MemberID: 2, Expires: "2026-05-01", Till: "2027-12-31"}, []int64{}},
	} {
		b.view(t, func(tx noren.Tx) error {
			got, err := tx.PointLots(b.ctx, c.filter)
			same(t, "lots, "+c.name, c.want, lotIDs(got))
			return err
		})
	}
}

// pointListEntries has two movements at the same instant, which their ids put in order.
func pointListEntries(t *testing.T, b *bundle) {
	elsewhere := member(2)
	// All stores see a member of no store, and only its own sees one of a store.
	elsewhere.StoreID = new(int64(2))
	b.insert(t, member(1), elsewhere)
	entries := []noren.PointEntry{
		{ID: 1, MemberID: 1, Type: noren.DefaultPoint, Kind: noren.PointsGranted, Delta: 9, At: at(1), Dialect: "console", Login: "店員", RequestID: "r"},
		{ID: 2, MemberID: 2, Type: noren.PaidPoint, Kind: noren.PointsGranted, Delta: 9, At: at(1), Dialect: "recore", ClientID: new(int64(1))},
		{ID: 3, MemberID: 1, Type: noren.DefaultPoint, Kind: noren.PointsUsed, Delta: -2, At: at(2), Dialect: "recore", StaffID: new(int64(7)), Note: "'注'"},
		{ID: 4, MemberID: 1, Type: noren.DefaultPoint, Kind: noren.PointsExpired, Delta: -1, At: at(3), Dialect: "noren"},
		{ID: 5, MemberID: 1, Type: noren.DefaultPoint, Kind: noren.PointsGranted, Delta: 3, At: at(4), Dialect: "shopify", Purchase: noren.PurchaseRef{
			ID: 1, Source: "till", ExternalID: "o1",
		}},
		{ID: 6, MemberID: 1, Type: noren.DefaultPoint, Kind: noren.PointsReversed, Delta: 2, At: at(5), Dialect: "console", Login: "店長", Reverses: 3},
		{ID: 7, MemberID: 2, Type: noren.PaidPoint, Kind: noren.PointsGranted, Delta: 1, At: at(5), Dialect: "operator", TakenOver: true},
	}
	b.putPurchases(t, purchase(1, 1))
	b.movePoints(t, noren.PointMovement{Entries: entries})
	entries[2].Reversed = true // by the sixth
	entries[5].Undone = noren.PointMark{At: at(2), Kind: noren.PointsUsed, Delta: -2, Note: "'注'"}
	for _, c := range []struct {
		name   string
		filter noren.PointEntryFilter
		want   []int64
	}{
		{"all", noren.PointEntryFilter{}, []int64{1, 2, 3, 4, 5, 6, 7}},
		{"the newest first", noren.PointEntryFilter{Newest: true}, []int64{7, 6, 5, 4, 3, 2, 1}},
		{"a member's", noren.PointEntryFilter{MemberID: 1, Newest: true}, []int64{6, 5, 4, 3, 1}},
		{"one of a member's", noren.PointEntryFilter{ID: 3, MemberID: 1}, []int64{3}},
		{"one of another member's", noren.PointEntryFilter{ID: 3, MemberID: 2}, []int64{}},
		{"of members that a store sees", noren.PointEntryFilter{VisibleTo: new(int64(1))}, []int64{1, 3, 4, 5, 6}},
		{"of members that their own store sees", noren.PointEntryFilter{VisibleTo: new(int64(2))}, []int64{1, 2, 3, 4, 5, 6, 7}},
		{"a stretch of time", noren.PointEntryFilter{At: noren.Span{From: at(1), To: at(2)}}, []int64{1, 2, 3}},
		{"kinds", noren.PointEntryFilter{Kinds: []noren.PointEntryKind{noren.PointsUsed, noren.PointsExpired}}, []int64{3, 4}},
		{"what was given", noren.PointEntryFilter{Flow: noren.PointsGiven}, []int64{1, 2, 5, 7}},
		{"what was used", noren.PointEntryFilter{Flow: noren.PointsSpent, Newest: true}, []int64{6, 3}},
		{"what expired", noren.PointEntryFilter{Flow: noren.PointsLapsed, At: noren.Span{From: at(1)}}, []int64{4}},
		{"no kind", noren.PointEntryFilter{Kinds: []noren.PointEntryKind{}}, []int64{}},
		{"of purchases", noren.PointEntryFilter{Earned: new(true)}, []int64{5}},
		{"of no purchases", noren.PointEntryFilter{Earned: new(false)}, []int64{1, 2, 3, 4, 6, 7}},
		{"dialects", noren.PointEntryFilter{Dialects: []string{"recore"}}, []int64{2, 3}},
		{"a page", noren.PointEntryFilter{Page: noren.Page{Limit: 2, Offset: 1}}, []int64{2, 3}},
		{"behind the end", noren.PointEntryFilter{Page: noren.Page{Limit: 2, Offset: 7}}, []int64{}},
	} {
		b.view(t, func(tx noren.Tx) error {
			got, err := tx.PointEntries(b.ctx, c.filter)
			same(t, "movements, "+c.name, c.want, idsOf(got, func(e noren.PointEntry) int64 { return e.ID }))
			// Whole, because the list also joins what it knows of the purchase.
			for _, e := range got {
				same(t, "a movement", entries[e.ID-1], e)
			}
			return err
		})
	}
}

func pointSums(t *testing.T, b *bundle) {
	elsewhere := member(2)
	elsewhere.StoreID = new(int64(2))
	b.insert(t, member(1), elsewhere)
	b.grant(t,
		lot(1, 1, noren.DefaultPoint, "2026-04-30", 5), lot(2, 2, noren.PaidPoint, "2026-05-01", 7), lot(3, 1, noren.DefaultPoint, "2026-07-01", 9),
		lot(4, 1, noren.DefaultPoint, "", 3), lot(5, 1, noren.DefaultPoint, "2026-03-31", 2))
	taken := use(6, 1, noren.DefaultPoint, noren.PointBurn{LotID: 1, Amount: 1}, noren.PointBurn{LotID: 4, Amount: 3})
	taken.Entries[0].At = at(4)
	b.movePoints(t, taken)
	other := b.other(t)
	other.insert(t, member(1))
	other.grant(t, lot(1, 1, noren.DefaultPoint, "2026-04-30", 100))
	for name, c := range map[string]struct {
		store  *int64
		sums   []noren.PointSum
		months map[noren.Month]int64
	}{
		"of all": {nil, []noren.PointSum{
			{Kind: noren.PointsGranted, Plus: 21, PlusNow: 5}, {Kind: noren.PointsUsed, Minus: -4, MinusNow: -4},
		}, map[noren.Month]int64{"2026-04": 4, "2026-05": 7}},
		"of what a store sees": {new(int64(1)), []noren.PointSum{
			{Kind: noren.PointsGranted, Plus: 14, PlusNow: 5}, {Kind: noren.PointsUsed, Minus: -4, MinusNow: -4},
		}, map[noren.Month]int64{"2026-04": 4}},
	} {
		b.view(t, func(tx noren.Tx) error {
			sums, err := tx.PointSums(b.ctx, at(2), at(4), c.store)
			same(t, "sums "+name, c.sums, sums)
			months, err2 := tx.ExpiringPoints(b.ctx, "2026-04-01", "2026-07-01", c.store)
			same(t, "what expires "+name, c.months, months)
			return firstError(err, err2)
		})
	}
}

func pointListIsolation(t *testing.T, b *bundle) {
	other := b.other(t)
	b.insert(t, member(1))
	b.grant(t, lot(1, 1, noren.DefaultPoint, "", 5))
	other.view(t, func(tx noren.Tx) error {
		lots, err := tx.PointLots(b.ctx, noren.PointLotFilter{MemberID: 1})
		entries, err2 := tx.PointEntries(b.ctx, noren.PointEntryFilter{})
		if len(lots)+len(entries) > 0 {
			t.Errorf("another tenant sees %v and %v", lots, entries)
		}
		return firstError(err, err2)
	})
}
