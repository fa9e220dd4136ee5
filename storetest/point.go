package storetest

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"noren"
)

func pointChecks() []check {
	return []check{
		{"members by id, code and alias code, each once", pointLockMembers},
		{"lots come back as they went in", pointLots},
		{"open lots of one type", pointOpenLots},
		{"the lots that an entry took from, and what is given back to them", pointBurntLots},
		{"a lot cannot lose more than it has", pointOverBurnt},
		{"expired lots, in pages", pointExpired},
		{"balances on a day", pointBalances},
		{"balances are what the lots add up to", pointBalancesAddUp},
		{"a thousand members at once", pointThousand},
		{"no tenant sees or moves another's", pointIsolation},
	}
}

// lot is an unused lot that was granted id minutes after Now.
func lot(id, member int64, pointType noren.PointType, expiresOn noren.Date, amount int64) noren.PointLot {
	l := noren.PointLot{
		ID: id, MemberID: member, Type: pointType, GrantedAt: at(int(id)), Amount: amount, Remaining: amount,
	}
	if expiresOn != "" {
		l.ExpiresOn = &expiresOn
	}
	return l
}

// entryOf is the entry that granted the lot, with the lot's number.
func entryOf(l noren.PointLot) noren.PointEntry {
	return noren.PointEntry{
		ID: l.ID, MemberID: l.MemberID, Type: l.Type, Kind: noren.PointsGranted, Delta: l.Amount, At: l.GrantedAt, Dialect: "recore",
	}
}

// grant stores lots with their entries.
func (b *bundle) grant(t rapid.TB, lots ...noren.PointLot) {
	t.Helper()
	m := noren.PointMovement{Lots: lots}
	for _, l := range lots {
		m.Entries = append(m.Entries, entryOf(l))
	}
	b.movePoints(t, m)
}

func (b *bundle) movePoints(t rapid.TB, m noren.PointMovement) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error { return tx.MovePoints(b.ctx, m) })
}

// use is the movement of an entry that takes points from lots of one member.
func use(entry, member int64, pointType noren.PointType, burns ...noren.PointBurn) noren.PointMovement {
	e := noren.PointEntry{ID: entry, MemberID: member, Type: pointType, Kind: noren.PointsUsed, At: at(0), Dialect: "recore"}
	for i := range burns {
		burns[i].EntryID = entry
		e.Delta -= burns[i].Amount
	}
	return noren.PointMovement{Entries: []noren.PointEntry{e}, Burns: burns}
}

func (b *bundle) openLots(t rapid.TB, pointType noren.PointType, members ...int64) (lots []noren.PointLot) {
	t.Helper()
	b.update(t, func(tx noren.Tx) (err error) {
		lots, err = tx.OpenLots(b.ctx, members, pointType, true)
		return err
	})
	return lots
}

func (b *bundle) balances(t rapid.TB, today noren.Date, members ...int64) (list []noren.PointBalance) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, err = tx.PointBalances(b.ctx, members, today)
		return err
	})
	return list
}

func lotIDs(lots []noren.PointLot) []int64 {
	return idsOf(lots, func(l noren.PointLot) int64 { return l.ID })
}

func pointLockMembers(t *testing.T, b *bundle) {
	first, second, third := member(1), member(2), member(3)
	first.AliasCode, second.AliasCode = new("alias"), new(first.Code) // one's alias code may be another's code
	second.StoreID = new(int64(2))
	b.insert(t, third, second, first)
	refs := []noren.MemberRef{
		{ID: 1, Code: first.Code, AliasCode: first.AliasCode},
		{ID: 2, Code: second.Code, AliasCode: second.AliasCode, StoreID: second.StoreID},
		{ID: 3, Code: third.Code},
	}
	for _, c := range []struct {
		name string
		q    noren.MemberQuery
		want []noren.MemberRef
	}{
		{"nobody", noren.MemberQuery{}, nil},
		{"by id", noren.MemberQuery{IDs: []int64{3, 99, 1, 3}}, []noren.MemberRef{refs[0], refs[2]}},
		{"by code", noren.MemberQuery{Codes: []string{third.Code, first.Code}}, []noren.MemberRef{refs[0], refs[2]}},
		{"by alias code", noren.MemberQuery{AliasCodes: []string{"alias", first.Code}}, refs[:2]},
		// Signs that mean something to LIKE, and another case: only equality may find a member.
		{"codes are matched whole and as they are written", noren.MemberQuery{Codes: []string{"mb0000000001", "%"}, AliasCodes: []string{"ALIAS", "al"}}, nil},
		{"by all three", noren.MemberQuery{IDs: []int64{2}, Codes: []string{second.Code, third.Code}, AliasCodes: []string{"alias"}}, refs},
		{"unknown ones", noren.MemberQuery{IDs: []int64{4}, Codes: []string{"alias"}, AliasCodes: []string{third.Code}}, nil},
	} {
		b.update(t, func(tx noren.Tx) error {
			got, err := tx.LockMembers(b.ctx, c.q)
			same(t, "members, "+c.name, c.want, got)
			unlocked, err2 := tx.MemberRefs(b.ctx, c.q)
			same(t, "members without a lock, "+c.name, c.want, unlocked)
			return firstError(err, err2)
		})
	}
}

func pointLots(t *testing.T, b *bundle) {
	b.insert(t, member(1))
	never, largest := lot(1, 1, noren.DefaultPoint, "", 1), lot(1<<40, 1, noren.DefaultPoint, "9999-12-31", noren.MaxPoints)
	// A microsecond: the finest that is stored.
	largest.GrantedAt = at(0).Add(1000)
	largest.EntryID = largest.ID
	noted := entryOf(never)
	noted.Note, noted.StaffID, noted.ClientID, noted.RequestID = `付与 '"\ 😀`, new(int64(1)), new(int64(2)), "r1"
	b.movePoints(t, noren.PointMovement{
		Lots: []noren.PointLot{largest, never}, Entries: []noren.PointEntry{entryOf(largest), noted},
	})
	same(t, "the lots", []noren.PointLot{never, largest}, b.openLots(t, noren.DefaultPoint, 1))
	b.movePoints(t, noren.PointMovement{})
	same(t, "the lots after nothing moved", []noren.PointLot{never, largest}, b.openLots(t, noren.DefaultPoint, 1))
	same(t, "the lots of nobody", []noren.PointLot{}, b.openLots(t, noren.DefaultPoint))
}

func pointOpenLots(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2), member(3))
	b.grant(t,
		lot(1, 1, noren.DefaultPoint, "2026-04-30", 10), lot(2, 2, noren.DefaultPoint, "", 20),
		lot(3, 1, noren.PaidPoint, "", 30), lot(4, 1, noren.DefaultPoint, "2020-01-01", 40), lot(5, 3, noren.DefaultPoint, "", 50),
	)
	same(t, "of two members", []int64{1, 2, 4}, lotIDs(b.openLots(t, noren.DefaultPoint, 2, 1, 2, 99)))
	same(t, "of the other type", []int64{3}, lotIDs(b.openLots(t, noren.PaidPoint, 1, 2, 3)))

	// One entry takes from two lots and uses one up; another takes from one of them within the same movement.
	m := use(6, 1, noren.DefaultPoint, noren.PointBurn{LotID: 4, Amount: 15}, noren.PointBurn{LotID: 1, Amount: 10})
	again := use(7, 1, noren.DefaultPoint, noren.PointBurn{LotID: 4, Amount: 5})
	m.Entries, m.Burns = append(m.Entries, again.Entries...), append(m.Burns, again.Burns...)
	b.movePoints(t, m)
	left := lot(4, 1, noren.DefaultPoint, "2020-01-01", 40)
	left.Remaining = 20
	same(t, "what is left", []noren.PointLot{left}, b.openLots(t, noren.DefaultPoint, 1))
	same(t, "the other type", []int64{3}, lotIDs(b.openLots(t, noren.PaidPoint, 1)))
	same(t, "another member", []int64{2}, lotIDs(b.openLots(t, noren.DefaultPoint, 2)))
}

func pointBurntLots(t *testing.T, b *bundle) {
	b.insert(t, member(1))
	first, second, untouched := lot(1, 1, noren.DefaultPoint, "2026-04-30", 10), lot(2, 1, noren.DefaultPoint, "", 20), lot(3, 1, noren.DefaultPoint, "", 5)
	b.grant(t, first, second, untouched)
	b.movePoints(t, use(5, 1, noren.DefaultPoint, noren.PointBurn{LotID: 2, Amount: 4}, noren.PointBurn{LotID: 1, Amount: 10}))
	b.movePoints(t, use(6, 1, noren.DefaultPoint, noren.PointBurn{LotID: 2, Amount: 1}))
	burnt := func(tx noren.Tx, locking bool) []noren.BurntLot {
		got, err := tx.BurntLots(b.ctx, 5, locking)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first.Remaining, second.Remaining = 0, 15
	want := []noren.BurntLot{{PointLot: first, Burnt: 10}, {PointLot: second, Burnt: 4}}
	b.update(t, func(tx noren.Tx) error {
		same(t, "the lots", want, burnt(tx, true))
		same(t, "the lots without a lock", want, burnt(tx, false))
		return nil
	})
	b.movePoints(t, use(7, 1, noren.DefaultPoint, noren.PointBurn{LotID: 2, Amount: -4}, noren.PointBurn{LotID: 1, Amount: -10}))
	first.Remaining, second.Remaining = 10, 19
	same(t, "the lots that got it back", []noren.PointLot{first, second, untouched}, b.openLots(t, noren.DefaultPoint, 1))
	other := b.other(t)
	other.view(t, func(tx noren.Tx) error {
		same(t, "to another tenant", []noren.BurntLot{}, burnt(tx, false))
		return nil
	})
}

func pointOverBurnt(t *testing.T, b *bundle) {
	b.insert(t, member(1))
	lots := []noren.PointLot{lot(1, 1, noren.DefaultPoint, "", 10), lot(2, 1, noren.DefaultPoint, "", 10)}
	b.grant(t, lots...)
	for name, burns := range map[string][]noren.PointBurn{
		"more than there is":      {{LotID: 1, Amount: 5}, {LotID: 2, Amount: 11}},
		"a lot that is not there": {{LotID: 1, Amount: 5}, {LotID: 3, Amount: 1}},
		// Each burn alone would be covered; the engine has to add them up before it looks.
		"more than there is, together": {{LotID: 1, Amount: 6}, {EntryID: 4, LotID: 1, Amount: 6}},
	} {
		m := noren.PointMovement{Burns: burns}
		for i := range burns {
			burns[i].EntryID = max(burns[i].EntryID, 3)
		}
		err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error { return tx.MovePoints(b.ctx, m) })
		isKind(t, name, noren.Conflict, err)
		// Neither lot has changed, although the first burn alone was possible.
		same(t, "the lots after "+name, lots, b.openLots(t, noren.DefaultPoint, 1))
	}
}

func pointExpired(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2))
	const today = noren.Date("2026-04-01")
	b.grant(t,
		lot(1, 1, noren.DefaultPoint, "2026-03-31", 10), lot(2, 1, noren.DefaultPoint, "2026-04-01", 10),
		lot(3, 2, noren.PaidPoint, "2025-12-31", 10), lot(4, 1, noren.DefaultPoint, "", 10),
		lot(5, 2, noren.DefaultPoint, "2025-12-31", 10), lot(6, 1, noren.DefaultPoint, "2025-12-31", 10),
		// The first day of all, which the empty day of the beginning must not pass over.
		lot(7, 1, noren.DefaultPoint, "0001-01-01", 10),
	)
	// Used up before it expired: nothing of it is left to expire.
	b.movePoints(t, use(8, 1, noren.DefaultPoint, noren.PointBurn{LotID: 6, Amount: 10}))
	expired := func(today noren.Date, after noren.PointLot, limit int) (lots []noren.PointLot) {
		b.update(t, func(tx noren.Tx) error {
			locked, err := tx.ExpiredLots(b.ctx, today, after, limit, true)
			read, err2 := tx.ExpiredLots(b.ctx, today, after, limit, false)
			same(t, "lots read for update", read, locked)
			lots = read
			return firstError(err, err2)
		})
		return lots
	}
	all := expired(today, noren.PointLot{}, 10)
	same(t, "all, by day and id", []int64{7, 3, 5, 1}, lotIDs(all))
	same(t, "the first whole", lot(7, 1, noren.DefaultPoint, "0001-01-01", 10), all[0])
	same(t, "a day earlier", []int64{7, 3, 5}, lotIDs(expired("2026-03-31", noren.PointLot{}, 10)))
	same(t, "a day later", []int64{7, 3, 5, 1, 2}, lotIDs(expired("2026-04-02", noren.PointLot{}, 10)))
	same(t, "in the beginning", []int64{}, lotIDs(expired("0001-01-01", noren.PointLot{}, 10)))
	var pages [][]int64
	for after := (noren.PointLot{}); len(pages) < 10; {
		page := expired(today, after, 2)
		if len(page) == 0 {
			break
		}
		pages, after = append(pages, lotIDs(page)), page[len(page)-1]
	}
	same(t, "pages of two", [][]int64{{7, 3}, {5, 1}}, pages)
	b.view(t, func(tx noren.Tx) error {
		seen, err := tx.ExpiredLots(b.ctx, today, noren.PointLot{}, 10, false)
		same(t, "in a view", all, seen)
		return err
	})
}

func pointBalances(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2), member(3), member(4))
	b.grant(t,
		lot(1, 1, noren.DefaultPoint, "2026-04-30", 10), lot(2, 1, noren.DefaultPoint, "2026-04-01", 20),
		lot(3, 1, noren.DefaultPoint, "2026-04-30", 40), lot(4, 1, noren.DefaultPoint, "", 80),
		lot(5, 1, noren.PaidPoint, "", 5), lot(6, 2, noren.PaidPoint, "2026-03-31", 7), lot(7, 4, noren.DefaultPoint, "", 9),
	)
	b.movePoints(t, use(8, 1, noren.DefaultPoint, noren.PointBurn{LotID: 1, Amount: 3}))
	// A member whose lots are all used up has no balance, not one of 0.
	b.movePoints(t, use(9, 4, noren.DefaultPoint, noren.PointBurn{LotID: 7, Amount: 9}))
	day := func(d noren.Date) *noren.Date { return &d }
	paid := noren.PointBalance{MemberID: 1, Type: noren.PaidPoint, Total: 5}
	lapsing := noren.PointBalance{MemberID: 2, Type: noren.PaidPoint, Total: 7, ExpiresOn: day("2026-03-31"), ExpiresAmount: 7}
	for _, c := range []struct {
		today   noren.Date
		members []int64
		want    []noren.PointBalance
	}{
		{"2026-03-31", []int64{2, 1, 3, 4, 1, 99}, []noren.PointBalance{
			{MemberID: 1, Type: noren.DefaultPoint, Total: 147, ExpiresOn: day("2026-04-01"), ExpiresAmount: 20}, paid, lapsing,
		}},
		{"2026-04-01", []int64{1, 2}, []noren.PointBalance{
			{MemberID: 1, Type: noren.DefaultPoint, Total: 147, ExpiresOn: day("2026-04-01"), ExpiresAmount: 20}, paid,
		}},
		{"2026-04-02", []int64{1}, []noren.PointBalance{
			{MemberID: 1, Type: noren.DefaultPoint, Total: 127, ExpiresOn: day("2026-04-30"), ExpiresAmount: 47}, paid,
		}},
		{"2026-05-01", []int64{1}, []noren.PointBalance{{MemberID: 1, Type: noren.DefaultPoint, Total: 80}, paid}},
		{"2026-03-31", []int64{2}, []noren.PointBalance{lapsing}},
		{"2026-03-31", []int64{3, 4}, nil},
		{"2026-03-31", nil, nil},
	} {
		same(t, "the balances on "+string(c.today), c.want, b.balances(t, c.today, c.members...))
	}
}

// pointBalancesAddUp draws lots and compares with what adding them up by hand says.
func pointBalancesAddUp(t *testing.T, b *bundle) {
	id := int64(0)
	days := []noren.Date{"", "2026-03-31", "2026-04-01", "2026-04-02", "2026-12-31"}
	rapid.Check(t, func(rt *rapid.T) {
		id++
		// Another member for each draw: what was stored for one must not count for the next.
		owner := id
		b.insert(rt, member(owner))
		var lots []noren.PointLot
		for range rapid.IntRange(0, 8).Draw(rt, "lots") {
			id++
			kind := rapid.SampledFrom(noren.PointTypes()).Draw(rt, "type")
			lots = append(lots, lot(id, owner, kind, rapid.SampledFrom(days).Draw(rt, "day"), rapid.Int64Range(1, noren.MaxPoints).Draw(rt, "amount")))
		}
		b.grant(rt, lots...)
		today := rapid.SampledFrom(days[1:]).Draw(rt, "today")
		same(rt, "the balances", addUp(lots, today), b.balances(rt, today, owner))
	})
}

// addUp returns what PointBalances must return for the lots of one member.
func addUp(lots []noren.PointLot, today noren.Date) (list []noren.PointBalance) {
	for _, kind := range noren.PointTypes() {
		balance := noren.PointBalance{Type: kind}
		for _, l := range lots {
			if l.Type != kind || l.ExpiresOn != nil && *l.ExpiresOn < today {
				continue
			}
			balance.MemberID = l.MemberID
			balance.Total += l.Remaining
			switch {
			case l.ExpiresOn == nil:
			case balance.ExpiresOn == nil || *l.ExpiresOn < *balance.ExpiresOn:
				balance.ExpiresOn, balance.ExpiresAmount = l.ExpiresOn, l.Remaining
			case *l.ExpiresOn == *balance.ExpiresOn:
				balance.ExpiresAmount += l.Remaining
			}
		}
		if balance.Total > 0 {
			list = append(list, balance)
		}
	}
	return list
}

func pointThousand(t *testing.T, b *bundle) {
	const n = 1000
	members, lots := make([]noren.Member, n), make([]noren.PointLot, n)
	var burns noren.PointMovement
	for i, id := range upTo(n) {
		members[i], lots[i] = member(id), lot(id, id, noren.DefaultPoint, "2026-12-31", 10)
		m := use(n+id, id, noren.DefaultPoint, noren.PointBurn{LotID: id, Amount: id % 10})
		if id%10 != 0 {
			burns.Entries, burns.Burns = append(burns.Entries, m.Entries...), append(burns.Burns, m.Burns...)
		}
	}
	b.insert(t, members...)
	b.grant(t, lots...)
	// Out of order, as a caller may give them: the engine puts its locks in order by itself.
	slices.Reverse(burns.Burns)
	b.movePoints(t, burns)
	list := b.balances(t, "2026-04-01", upTo(n)...)
	same(t, "the number of balances", n, len(list))
	for _, balance := range list {
		if want := 10 - balance.MemberID%10; balance.Total != want || balance.ExpiresAmount != want {
			t.Errorf("member %d has %+v, want %d", balance.MemberID, balance, want)
		}
	}
}

func pointIsolation(t *testing.T, b *bundle) {
	other := b.other(t)
	b.insert(t, member(1))
	b.grant(t, lot(1, 1, noren.DefaultPoint, "2026-03-01", 10), lot(2, 1, noren.DefaultPoint, "", 10))
	seen := func(b *bundle) (seen []any) {
		b.update(t, func(tx noren.Tx) error {
			refs, err := tx.LockMembers(b.ctx, noren.MemberQuery{IDs: []int64{1}, Codes: []string{member(1).Code}})
			lots, err2 := tx.OpenLots(b.ctx, []int64{1}, noren.DefaultPoint, true)
			expired, err3 := tx.ExpiredLots(b.ctx, "2026-04-01", noren.PointLot{}, 10, true)
			balances, err4 := tx.PointBalances(b.ctx, []int64{1}, "2026-01-01")
			seen = []any{refs, lots, expired, balances}
			return firstError(err, err2, err3, err4)
		})
		return seen
	}
	// Compared with a tenant that does not exist, which sees nothing for certain.
	for i, list := range seen(other) {
		same(t, "what the other tenant sees", seen(&bundle{Engine: b.Engine, tenant: noren.Tenant{ID: 1 << 20}, ctx: b.ctx})[i], list)
	}
	before := seen(b)
	err := other.Update(b.ctx, other.tenant.ID, func(tx noren.Tx) error {
		return tx.MovePoints(b.ctx, use(3, 1, noren.DefaultPoint, noren.PointBurn{LotID: 1, Amount: 1}))
	})
	isKind(t, "burning another tenant's lot", noren.Conflict, err)
	other.insert(t, member(1))
	other.grant(t, lot(1, 1, noren.DefaultPoint, "2026-02-01", 99), lot(2, 1, noren.DefaultPoint, "", 99))
	other.movePoints(t, use(3, 1, noren.DefaultPoint, noren.PointBurn{LotID: 1, Amount: 99}, noren.PointBurn{LotID: 2, Amount: 98}))
	same(t, "what the first tenant sees after the second wrote the same numbers", before, seen(b))
	same(t, "what the second has", int64(1), other.balances(t, "2026-01-01", 1)[0].Total)
}
