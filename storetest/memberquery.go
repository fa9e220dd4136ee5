package storetest

import (
	"testing"

	"noren"
)

func memberQueryChecks() []check {
	return []check{
		{"lists of ids, codes, alias codes and statuses", memberQueryLists},
		{"spans of creation", memberQueryCreated},
		{"without a total", memberQueryNoTotal},
	}
}

// queryMembers inserts five members, each created a minute after the last, with another status.
func (b *bundle) queryMembers(t *testing.T) {
	t.Helper()
	var members []noren.Member
	for i, status := range []noren.Status{noren.Active, noren.Tentative, noren.Suspended, noren.Merged, noren.Active} {
		m := member(int64(i + 1))
		m.Status, m.CreatedAt, m.UpdatedAt = status, at(i+1), at(9)
		if i > 1 {
			m.AliasCode = new("alias " + m.Code)
		}
		members = append(members, m)
	}
	b.insert(t, members...)
}

func memberQueryLists(t *testing.T, b *bundle) {
	b.queryMembers(t)
	code := func(id int64) string { return member(id).Code }
	for _, c := range []struct {
		name   string
		filter noren.MemberFilter
		want   []int64
	}{
		{"ids", noren.MemberFilter{IDs: []int64{4, 99, 1, 4}}, []int64{1, 4}},
		{"no id", noren.MemberFilter{IDs: []int64{}}, nil},
		{"codes", noren.MemberFilter{Codes: []string{code(5), code(2), "mb0000000001", ""}}, []int64{2, 5}},
		{"no code", noren.MemberFilter{Codes: []string{}}, nil},
		{"alias codes", noren.MemberFilter{AliasCodes: []string{"alias " + code(3), code(4)}}, []int64{3}},
		{"no alias code", noren.MemberFilter{AliasCodes: []string{}}, nil},
		{"statuses", noren.MemberFilter{Statuses: []noren.Status{noren.Merged, noren.Active}}, []int64{1, 4, 5}},
		{"no status", noren.MemberFilter{Statuses: []noren.Status{}}, nil},
		{"all together", noren.MemberFilter{
			IDs: []int64{3, 4, 5}, Codes: []string{code(4), code(5)}, AliasCodes: []string{"alias " + code(4), "alias " + code(5)},
			Statuses: []noren.Status{noren.Active}, IDFrom: 5, Keyword: "MB", Created: noren.Span{From: at(5)},
		}, []int64{5}},
	} {
		list, total := b.members(t, c.filter)
		same(t, "members by "+c.name, c.want, memberIDs(list))
		same(t, "their number by "+c.name, len(c.want), total)
	}
	page, total := b.members(t, noren.MemberFilter{IDs: []int64{1, 2, 3, 4}, Page: noren.Page{Limit: 2, Offset: 1}})
	same(t, "a page of a list", []int64{2, 3}, memberIDs(page))
	same(t, "the number of all of the list", 4, total)
}

func memberQueryCreated(t *testing.T, b *bundle) {
	b.queryMembers(t)
	for _, c := range []struct {
		span noren.Span
		want []int64
	}{
		{noren.Span{From: at(4)}, []int64{4, 5}},
		{noren.Span{To: at(2)}, []int64{1, 2}},
		{noren.Span{From: at(2), To: at(3)}, []int64{2, 3}},
		{noren.Span{From: at(3).Add(1000), To: at(4).Add(-1000)}, nil},
	} {
		list, total := b.members(t, noren.MemberFilter{Created: c.span})
		same(t, "members by creation", c.want, memberIDs(list))
		same(t, "their number", len(c.want), total)
	}
}

// memberQueryNoTotal checks that a page without a total is the same page, and that a total that costs nothing is
// returned all the same.
func memberQueryNoTotal(t *testing.T, b *bundle) {
	b.queryMembers(t)
	for _, keyword := range []string{"", "MB"} {
		f := noren.MemberFilter{Keyword: keyword, NoTotal: true, Page: noren.Page{Limit: 2, Offset: 2}}
		list, total := b.members(t, f)
		same(t, "a full page", []int64{3, 4}, memberIDs(list))
		same(t, "its total", -1, total)
		f.Offset = 4
		list, total = b.members(t, f)
		same(t, "the last page", []int64{5}, memberIDs(list))
		if total != 5 && total != -1 {
			t.Errorf("the total with the last page is %d", total)
		}
	}
}
