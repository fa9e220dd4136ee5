package storetest

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"noren"
)

func memberChecks() []check {
	return []check{
		{"every column comes back as it went in", memberRoundTrip},
		{"any change of any column comes back", memberChangeRoundTrip},
		{"by id and by code: those that exist, ordered by id", memberLookUp},
		{"only the columns that differ are written", memberOnlyDifferences},
		{"many changes of different columns at once", memberManyChanges},
		{"no rows", memberNoRows},
		{"a taken code, alias code or Shopify id is a conflict", memberInsertConflicts},
		{"a change to a taken code is a conflict", memberUpdateConflicts},
		{"unset unique columns do not conflict", memberUnsetUnique},
		{"a thousand at once", memberThousand},
	}
}

// member is a member with little set; its code follows from the id.
func member(id int64) noren.Member {
	return noren.Member{
		ID: id, Code: fmt.Sprintf("MB%010d", id), Status: noren.Active, MailOptIn: true, CreatedAt: at(0), UpdatedAt: at(0),
	}
}

func memberIDs(list []noren.Member) []int64 {
	return idsOf(list, func(m noren.Member) int64 { return m.ID })
}

func (b *bundle) insert(t rapid.TB, members ...noren.Member) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error { return tx.InsertMembers(b.ctx, members) })
}

// change writes the difference between two states of members.
func (b *bundle) change(t rapid.TB, changes ...noren.MemberChange) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error { return tx.UpdateMembers(b.ctx, changes) })
}

func (b *bundle) members(t rapid.TB, f noren.MemberFilter) (list []noren.Member, total int) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, total, err = tx.Members(b.ctx, f)
		return err
	})
	return list, total
}

func (b *bundle) byID(t rapid.TB, ids ...int64) (list []noren.Member) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, err = tx.MembersByID(b.ctx, ids, false)
		return err
	})
	return list
}

// anyText is any text without NUL, which PostgreSQL cannot store and no dialect accepts.
func anyText() *rapid.Generator[string] {
	japanese := rapid.StringOf(rapid.RuneFrom([]rune("山田花子やまだはなこヤマダﾊﾅｺ゙ー　 %_\\'\"\n😀𠮷é")))
	return rapid.OneOf(rapid.Just(""), japanese, rapid.String().Filter(func(s string) bool {
		for _, r := range s {
			if r == 0 {
				return false
			}
		}
		return true
	}))
}

// anyMember draws every column. Unique columns are made from id, so that no two members conflict.
func anyMember(t *rapid.T, id int64) noren.Member {
	m := noren.Member{ID: id, CreatedAt: at(0), UpdatedAt: at(rapid.IntRange(0, 1e6).Draw(t, "updated"))}
	for _, c := range noren.MemberColumns() {
		drawColumn(t, c, &m)
	}
	return m
}

// drawColumn gives one column of m another value.
func drawColumn(t *rapid.T, c noren.MemberColumn, m *noren.Member) {
	switch c.Name {
	case "code":
		m.Code = fmt.Sprintf("%d %s", m.ID, anyText().Draw(t, c.Name))
		return
	// Unique where they are set, so the number of the member is part of them.
	case "alias_code", "shopify_customer_id":
		if rapid.Bool().Draw(t, c.Name+" is set") {
			*c.Ref(m).(**string) = new(fmt.Sprintf("%d %s", m.ID, anyText().Draw(t, c.Name)))
		}
		return
	// Those that setup makes; an engine may check that they exist.
	case "rank_id", "store_id":
		*c.Ref(m).(**int64) = rapid.Ptr(rapid.Int64Range(1, 3), true).Draw(t, c.Name)
		return
	case "staff_rank_id":
		*c.Ref(m).(**int64) = rapid.Ptr(rapid.Int64Range(1, 2), true).Draw(t, c.Name)
		return
	}
	switch p := c.Ref(m).(type) {
	case **string:
		*p = rapid.Ptr(anyText(), true).Draw(t, c.Name)
	case **int64:
		*p = rapid.Ptr(rapid.Int64(), true).Draw(t, c.Name)
	case **noren.Hundredths:
		*p = rapid.Ptr(rapid.Custom(func(t *rapid.T) noren.Hundredths {
			return noren.Hundredths(rapid.Int64Range(0, 9_999_999).Draw(t, "hundredths"))
		}), true).Draw(t, c.Name)
	case **noren.Date:
		*p = rapid.Ptr(rapid.SampledFrom([]noren.Date{"0001-01-01", "1970-01-01", "2000-02-29", "9999-12-31"}), true).Draw(t, c.Name)
	case *bool:
		*p = rapid.Bool().Draw(t, c.Name)
	case *noren.Status:
		*p = rapid.SampledFrom(noren.Statuses()).Draw(t, c.Name)
	case *noren.Sex:
		*p = rapid.SampledFrom([]noren.Sex{noren.SexUnknown, noren.Male, noren.Female, noren.OtherSex}).Draw(t, c.Name)
	default:
		// A new type of column has to be drawn here, or no test would ever write it.
		panic(fmt.Sprintf("storetest: nothing draws a %T for the column %s", p, c.Name))
	}
}

// memberRoundTrip reads every column as it was written, for any text that a dialect lets through.
func memberRoundTrip(t *testing.T, b *bundle) {
	id := int64(0)
	rapid.Check(t, func(rt *rapid.T) {
		id++
		want := anyMember(rt, id)
		b.insert(rt, want)
		same(rt, "the member", []noren.Member{want}, b.byID(rt, id))
	})
	// Ten digits, the most that Smaregi's documents have: beyond 32 bits.
	largest := member(9_999_999_999)
	b.insert(t, largest)
	same(t, "the member with the largest id", []noren.Member{largest}, b.byID(t, largest.ID))
}

// memberChangeRoundTrip changes any columns of one member again and again, between NULL and any value.
func memberChangeRoundTrip(t *testing.T, b *bundle) {
	before := member(1)
	b.insert(t, before)
	rapid.Check(t, func(rt *rapid.T) {
		after := before
		columns := noren.MemberColumns()
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(columns)-1), 0, 10).Draw(rt, "columns") {
			drawColumn(rt, columns[i], &after)
		}
		// A microsecond later, so that every change has a column that differs.
		after.UpdatedAt = before.UpdatedAt.Add(1000)
		b.change(rt, noren.MemberChange{Before: before, After: after})
		same(rt, "the member", []noren.Member{after}, b.byID(rt, 1))
		before = after
	})
}

func memberLookUp(t *testing.T, b *bundle) {
	b.insert(t, member(3), member(1), member(2))
	b.update(t, func(tx noren.Tx) error {
		// Twice the same id, one that does not exist, and another order than that of the result.
		for _, forUpdate := range []bool{false, true} {
			got, err := tx.MembersByID(b.ctx, []int64{3, 99, 1, 3}, forUpdate)
			if err != nil {
				return err
			}
			same(t, "by id", []noren.Member{member(1), member(3)}, got)
			none, err := tx.MembersByID(b.ctx, nil, forUpdate)
			if err != nil {
				return err
			}
			same(t, "by no id", []noren.Member{}, none)
		}
		got, err := tx.MembersByCode(b.ctx, []string{member(3).Code, "mb0000000001", "unknown", member(2).Code})
		same(t, "by code", []noren.Member{member(2), member(3)}, got)
		none, err2 := tx.MembersByCode(b.ctx, nil)
		same(t, "by no code", []noren.Member{}, none)
		return firstError(err, err2)
	})
}

// memberOnlyDifferences passes a Before that is out of date in a column that does not change: another writer has set that
// column meanwhile, and its value stays.
func memberOnlyDifferences(t *testing.T, b *bundle) {
	stored := member(1)
	stored.Note, stored.Phone = new("kept"), new("03")
	b.insert(t, stored)
	before := stored
	before.Note = new("never stored")
	after := before
	after.Phone, after.Email, after.UpdatedAt = nil, new("a@example.com"), at(5)
	b.change(t, noren.MemberChange{Before: before, After: after})

	want := stored
	want.Phone, want.Email, want.UpdatedAt = nil, after.Email, at(5)
	same(t, "the member", []noren.Member{want}, b.byID(t, 1))
}

// memberManyChanges writes different columns of different members in one call: no member may get the value of a column that
// only another changes.
func memberManyChanges(t *testing.T, b *bundle) {
	const n = 100
	changes := make([]noren.MemberChange, n)
	want := make([]noren.Member, n)
	before := make([]noren.Member, n)
	for i := range n {
		before[i] = member(int64(i + 1))
		before[i].Note = new("before")
		after := before[i]
		after.UpdatedAt = at(i)
		switch i % 4 {
		case 0:
			after.LastName, after.Note = new(fmt.Sprint("山田", i)), nil
		case 1:
			after.Status, after.LeaveDate = noren.Left, new(noren.Date("2026-04-01"))
		case 2:
			after.RankID, after.PointUnit, after.MailOptIn = new(int64(2)), new(noren.Hundredths(150)), false
		case 3:
			after.Code = fmt.Sprint("new code ", i)
		}
		want[i] = after
		changes[n-1-i] = noren.MemberChange{Before: before[i], After: after} // the order of the rows does not matter
	}
	b.insert(t, before...)
	b.change(t, changes...)
	same(t, "the members", want, b.byID(t, upTo(n)...))
}

func memberNoRows(t *testing.T, b *bundle) {
	b.insert(t)
	b.change(t)
	unchanged := member(1)
	b.insert(t, unchanged)
	b.change(t, noren.MemberChange{Before: unchanged, After: unchanged})
	same(t, "the member", []noren.Member{unchanged}, b.byID(t, 1))
}

// conflict fails the test unless fn is refused for that row and field, and nothing of it is stored.
func (b *bundle) conflict(t *testing.T, name string, row int, field string, fn func(tx noren.Tx) error) {
	t.Helper()
	before, _ := b.members(t, noren.MemberFilter{})
	// All members, because nothing of a refused call may be stored.
	err := b.Update(b.ctx, b.tenant.ID, fn)
	isKind(t, name, noren.Conflict, err)
	if e, ok := errors.AsType[*noren.Error](err); ok && (e.Row != row || e.Field != field) {
		t.Errorf("%s: conflict in row %d, field %q; want row %d, field %q", name, e.Row, e.Field, row, field)
	}
	after, _ := b.members(t, noren.MemberFilter{})
	same(t, name+": the members", before, after)
}

func memberInsertConflicts(t *testing.T, b *bundle) {
	taken := member(1)
	taken.AliasCode, taken.ShopifyCustomerID = new("alias"), new("shopify")
	b.insert(t, taken)
	withAlias, withShopify, withCode := member(3), member(3), member(3)
	withAlias.AliasCode, withShopify.ShopifyCustomerID, withCode.Code = taken.AliasCode, taken.ShopifyCustomerID, taken.Code
	// Taken by a row of the same call, which no stored row could tell.
	twin := member(4)
	twin.Code = member(2).Code
	for _, c := range []struct {
		name  string
		rows  []noren.Member
		row   int
		field string
	}{
		{"code", []noren.Member{member(2), withCode, member(4)}, 2, "code"},
		{"alias code", []noren.Member{member(2), withAlias}, 2, "alias_code"},
		{"Shopify id", []noren.Member{withShopify, member(2)}, 1, "shopify_customer_id"},
		{"id", []noren.Member{member(2), {ID: 1, Code: "other", Status: noren.Active}}, 2, "id"},
		{"code taken by an earlier row", []noren.Member{member(2), member(3), twin}, 3, "code"},
	} {
		b.conflict(t, c.name, c.row, c.field, func(tx noren.Tx) error { return tx.InsertMembers(b.ctx, c.rows) })
	}
}

// memberUpdateConflicts also checks that a conflict in one row leaves the other row unwritten.
func memberUpdateConflicts(t *testing.T, b *bundle) {
	taken := member(1)
	taken.AliasCode, taken.ShopifyCustomerID = new("alias"), new("shopify")
	b.insert(t, taken, member(2), member(3))
	harmless := member(3)
	harmless.Note = new("changed")
	for _, c := range []struct {
		field string
		set   func(*noren.Member)
	}{
		{"code", func(m *noren.Member) { m.Code = taken.Code }},
		{"alias_code", func(m *noren.Member) { m.AliasCode = taken.AliasCode }},
		{"shopify_customer_id", func(m *noren.Member) { m.ShopifyCustomerID = taken.ShopifyCustomerID }},
	} {
		after := member(2)
		c.set(&after)
		b.conflict(t, c.field, 2, c.field, func(tx noren.Tx) error {
			return tx.UpdateMembers(b.ctx, []noren.MemberChange{
				{Before: member(3), After: harmless}, {Before: member(2), After: after},
			})
		})
	}
	// A member does not conflict with itself, and a value that it gave up is free.
	freed := taken
	freed.Code, freed.AliasCode = "other", nil
	b.change(t, noren.MemberChange{Before: taken, After: freed})
	heir := member(2)
	heir.Code, heir.AliasCode = taken.Code, taken.AliasCode
	b.change(t, noren.MemberChange{Before: member(2), After: heir})
}

func memberUnsetUnique(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2), member(3))
	got := b.byID(t, 1, 2, 3)
	same(t, "the members", []noren.Member{member(1), member(2), member(3)}, got)
}

func memberThousand(t *testing.T, b *bundle) {
	const n = 1000
	members := make([]noren.Member, n)
	for i := range members {
		members[i] = member(int64(n - i))
	}
	b.insert(t, members...)
	list, total := b.members(t, noren.MemberFilter{Page: noren.Page{Limit: 10, Offset: 500}})
	same(t, "the number of members", n, total)
	same(t, "a page in the middle", []int64{501, 502, 503, 504, 505, 506, 507, 508, 509, 510}, memberIDs(list))
}
