package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"noren"
)

func memberFilterChecks() []check {
	return []check{
		{"each filter, and all together", memberFilters},
		{"order", memberOrder},
		{"pages and totals", memberPages},
	}
}

// filterMembers inserts six members that differ in what filters look at.
func (b *bundle) filterMembers(t *testing.T) {
	t.Helper()
	// Codes whose order differs between bytes and a language, and one that is a pattern to LIKE.
	codes := []string{"b", "B", "あ", "a-1", "a1", "%"}
	members := make([]noren.Member, len(codes))
	for i, code := range codes {
		m := member(int64(i + 1))
		m.Code, m.LastName = code, new(fmt.Sprintf("山田%d", i+1))
		m.CreatedAt, m.UpdatedAt = at(10-i), at(i/2)
		members[i] = m
	}
	members[0].CustomerNo, members[1].CustomerNo = new("same"), new("same")
	members[2].StoreID, members[3].StoreID = new(int64(1)), new(int64(2))
	members[4].RankID, members[5].RankID = new(int64(1)), new(int64(2))
	members[4].LastKana, members[5].LastKana = new("ヤマダ"), new("アベ")
	b.insert(t, members...)
}

// memberFilters checks that both ends of a span are included, that texts are matched whole and by case, and that filters
// are combined with AND.
func memberFilters(t *testing.T, b *bundle) {
	b.filterMembers(t)
	first, third := new(int64(1)), new(int64(3))
	for _, c := range []struct {
		name   string
		filter noren.MemberFilter
		want   []int64
	}{
		{"all", noren.MemberFilter{}, []int64{1, 2, 3, 4, 5, 6}},
		{"code", noren.MemberFilter{Code: "B"}, []int64{2}},
		{"code is not a pattern", noren.MemberFilter{Code: "%"}, []int64{6}},
		{"code is matched whole", noren.MemberFilter{Code: "a"}, nil},
		{"customer number", noren.MemberFilter{CustomerNo: "same"}, []int64{1, 2}},
		{"unknown customer number", noren.MemberFilter{CustomerNo: "other"}, nil},
		{"id from", noren.MemberFilter{IDFrom: 4}, []int64{4, 5, 6}},
		{"id to", noren.MemberFilter{IDTo: 2}, []int64{1, 2}},
		{"ids between", noren.MemberFilter{IDFrom: 2, IDTo: 4}, []int64{2, 3, 4}},
		{"one id", noren.MemberFilter{IDFrom: 3, IDTo: 3}, []int64{3}},
		{"no id", noren.MemberFilter{IDFrom: 4, IDTo: 3}, nil},
		{"updated from", noren.MemberFilter{Updated: noren.Span{From: at(1)}}, []int64{3, 4, 5, 6}},
		{"updated to", noren.MemberFilter{Updated: noren.Span{To: at(1)}}, []int64{1, 2, 3, 4}},
		{"updated at one instant", noren.MemberFilter{Updated: noren.Span{From: at(1), To: at(1)}}, []int64{3, 4}},
		{"updated a microsecond later", noren.MemberFilter{Updated: noren.Span{From: at(1).Add(1000)}}, []int64{5, 6}},
		{"visible to a store: its own and those of all", noren.MemberFilter{VisibleTo: first}, []int64{1, 2, 3, 5, 6}},
		{"visible to a store without members", noren.MemberFilter{VisibleTo: third}, []int64{1, 2, 5, 6}},
		{"ranks", noren.MemberFilter{RankIDs: []int64{1, 2, 3}}, []int64{5, 6}},
		{"no rank", noren.MemberFilter{RankIDs: []int64{}}, nil},
		{"stores, without those of all", noren.MemberFilter{StoreIDs: []int64{2, 3}}, []int64{4}},
		{"by kana, without any first", noren.MemberFilter{IDFrom: 3, Sort: []noren.Sort{{Column: "last_kana"}}}, []int64{3, 4, 6, 5}},
		{"keyword", noren.MemberFilter{Keyword: "田4"}, []int64{4}},
		{"keyword, hidden from the store", noren.MemberFilter{Keyword: "田4", VisibleTo: first}, nil},
		{"keyword and span", noren.MemberFilter{Keyword: "山田", Updated: noren.Span{From: at(2)}}, []int64{5, 6}},
		{"keyword and customer number", noren.MemberFilter{Keyword: "2", CustomerNo: "same"}, []int64{2}},
		{"all that there is", noren.MemberFilter{
			Code: "あ", IDFrom: 1, IDTo: 6, Updated: noren.Span{From: at(1), To: at(1)}, Keyword: "山", VisibleTo: first,
		}, []int64{3}},
	} {
		list, total := b.members(t, c.filter)
		same(t, "members, "+c.name, c.want, memberIDs(list))
		same(t, "their number, "+c.name, len(c.want), total)
	}
}

// memberOrder checks that codes sort by their bytes on every engine, not by the collation of a server.
func memberOrder(t *testing.T, b *bundle) {
	b.filterMembers(t)
	asc := func(columns ...string) (sort []noren.Sort) {
		for _, c := range columns {
			name, desc := strings.CutPrefix(c, "-")
			sort = append(sort, noren.Sort{Column: name, Desc: desc})
		}
		return sort
	}
	for _, c := range []struct {
		sort []noren.Sort
		want []int64
	}{
		{nil, []int64{1, 2, 3, 4, 5, 6}},
		{asc("id"), []int64{1, 2, 3, 4, 5, 6}},
		{asc("-id"), []int64{6, 5, 4, 3, 2, 1}},
		{asc("code"), []int64{6, 2, 4, 5, 1, 3}},
		{asc("-code"), []int64{3, 1, 5, 4, 2, 6}},
		{asc("created_at"), []int64{6, 5, 4, 3, 2, 1}},
		{asc("-created_at"), []int64{1, 2, 3, 4, 5, 6}},
		{asc("updated_at"), []int64{1, 2, 3, 4, 5, 6}}, // ties by id
		{asc("-updated_at", "id"), []int64{5, 6, 3, 4, 1, 2}},
		{asc("updated_at", "-id"), []int64{2, 1, 4, 3, 6, 5}},
		{asc("updated_at", "-code"), []int64{1, 2, 3, 4, 5, 6}},
	} {
		list, _ := b.members(t, noren.MemberFilter{Sort: c.sort})
		same(t, fmt.Sprintf("the order by %v", c.sort), c.want, memberIDs(list))
		list, total := b.members(t, noren.MemberFilter{Sort: c.sort, Page: noren.Page{Limit: 2, Offset: 3}})
		same(t, fmt.Sprintf("a page of the order by %v", c.sort), c.want[3:5], memberIDs(list))
		same(t, "the total", 6, total)
		// With a keyword that all have, an engine may take another way, with the same order.
		list, _ = b.members(t, noren.MemberFilter{Sort: c.sort, Keyword: "山田"})
		same(t, fmt.Sprintf("the order by %v with a keyword", c.sort), c.want, memberIDs(list))
	}
	err := b.View(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
		_, _, err := tx.Members(b.ctx, noren.MemberFilter{Sort: asc("id; DROP TABLE members")})
		return err
	})
	if err == nil {
		t.Error("a column that a list cannot be sorted by was accepted")
	}
}

// memberPages checks every page against slicing the whole list, with and without the search index.
func memberPages(t *testing.T, b *bundle) {
	b.filterMembers(t)
	all := upTo(6)
	rapid.Check(t, func(rt *rapid.T) {
		limit, offset := rapid.IntRange(0, 8).Draw(rt, "limit"), rapid.IntRange(0, 8).Draw(rt, "offset")
		want := all[min(offset, len(all)):]
		if limit > 0 {
			want = want[:min(limit, len(want))]
		}
		for _, keyword := range []string{"", "山田"} {
			list, total := b.members(rt, noren.MemberFilter{Keyword: keyword, Page: noren.Page{Limit: limit, Offset: offset}})
			same(rt, "the page", want, memberIDs(list))
			same(rt, "the total", len(all), total)
		}
	})
}

func keywordChecks() []check {
	return []check{
		{"every field, whatever way it is written", keywordVariants},
		{"finds what a person types", keywordTyped},
		{"moves with the member", keywordFollows},
		{"any piece of a name finds it", keywordPieces},
		{"page by page", keywordPages},
	}
}

// keywordPages walks the hits of a keyword in the two ways that clients do: by offset, and onwards from the last id. Every
// second member has the keyword.
func keywordPages(t *testing.T, b *bundle) {
	var want []int64
	for id := int64(1); id <= 40; id++ {
		m := member(id)
		if m.LastName = new("佐藤"); id%2 == 0 {
			m.LastName = new("山田")
			want = append(want, id)
		}
		b.insert(t, m)
	}
	for _, limit := range []int{1, 7, 100} {
		var byOffset, byID []int64
		for {
			page, total := b.members(t, noren.MemberFilter{
				Keyword: "山田", Page: noren.Page{Limit: limit, Offset: len(byOffset)},
			})
			if total != len(want) {
				t.Fatalf("%d in all, want %d", total, len(want))
			}
			if len(page) == 0 {
				break
			}
			for _, m := range page {
				byOffset = append(byOffset, m.ID)
			}
		}
		for next := int64(1); ; next = byID[len(byID)-1] + 1 {
			page, _ := b.members(t, noren.MemberFilter{
				Keyword: "山田", IDFrom: next, NoTotal: true, Page: noren.Page{Limit: limit},
			})
			if len(page) == 0 {
				break
			}
			for _, m := range page {
				byID = append(byID, m.ID)
			}
		}
		same(t, fmt.Sprintf("by offset, %d a page:", limit), want, byOffset)
		same(t, fmt.Sprintf("from the last id on, %d a page:", limit), want, byID)
	}
}

// keywordVariants types the same names and numbers in the ways that people do: kana of either kind and width,
// capitals, with or without hyphens, a single character, or both names written together.
func keywordVariants(t *testing.T, b *bundle) {
	hanako, company, plain := member(1), member(2), member(3)
	hanako.LastName, hanako.FirstName = new("山田"), new("花子")
	hanako.LastKana, hanako.FirstKana = new("ヤマダ"), new("ﾊﾅｺ")
	hanako.Phone, hanako.Email = new("03-1234-5678"), new("Hanako.Yamada@example.com")
	company.Company, company.AliasCode = new("ＡＢＣ商事１００％"), new("X_Y\\Z")
	company.Phone = new("０９０ー１１１１－２２２２")
	plain.LastName, plain.FirstName = new("やまもと"), new("ガク")
	// These columns are not searched: a keyword in them must not find the member.
	plain.Note, plain.PIN, plain.PassportNo = new("花子"), new("5678"), new("ABC")
	b.insert(t, hanako, company, plain)
	for _, c := range []struct {
		keywords string // separated by |
		want     []int64
	}{
		{"山田|山|田|花子|花|山田花|山田花子", []int64{1}},
		{"ヤマダ|やまだ|ﾔﾏﾀﾞ|ヤマダハナコ|はなこ|ハナコ", []int64{1}},
		{"やま|ヤマ|ﾔﾏ|ま", []int64{1, 3}},
		{"やまもと|ヤマモト", []int64{3}},
		{"ガク|ｶﾞｸ|がく", []int64{3}},
		{"03-1234-5678|0312345678|031234|1234-56|０３－１２３４", []int64{1}},
		{"090-1111-2222|09011112222|1111", []int64{2}},
		{"hanako|HANAKO|yamada@|ｅｘａｍｐｌｅ．ｃｏｍ", []int64{1}},
		{"ABC|abc|ａｂｃ商事|商", []int64{2}},
		{"100%|１００％|%", []int64{2}},
		{"x_y|_|\\", []int64{2}},
		{"MB0000000003|mb0000000003|ＭＢ0000000003", []int64{3}},
		{"|  |　", []int64{1, 2, 3}}, // empty: no filter
		{"花山|子花|zzz|鈴木", nil},
	} {
		for keyword := range strings.SplitSeq(c.keywords, "|") {
			list, total := b.members(t, noren.MemberFilter{Keyword: keyword})
			same(t, fmt.Sprintf("members with %q", keyword), c.want, memberIDs(list))
			same(t, fmt.Sprintf("number of members with %q", keyword), len(c.want), total)
		}
	}
}

// keywordTyped checks what is found because a person typed it, and that APIs do not find it.
func keywordTyped(t *testing.T, b *bundle) {
	one, two := member(1), member(2)
	one.Phone, one.Mobile, one.PostalCode = new("03(1234)5678"), new("+81 90-1111-2222"), new("100-0001")
	two.BirthDate, two.ShopifyCustomerID = new(noren.Date("1990-01-02")), new("6757085806881")
	one.LastName, one.FirstName, two.CustomerNo = new("山田"), new("花子"), new("C-0042")
	b.insert(t, one, two)
	for keyword, want := range map[string][]int64{
		"c-0042": {2}, "Ｃ０": {2}, "0042": nil, "花子山田": {1}, "100 0001": {1}, "0312345678": {1}, "03.1234.5678": {1}, "090 1111 2222": {1}, "81-90-1111-2222": {1}, "〒100-0001": {1}, "1000001": {1},
		"1990/1/2": {2}, "19900102": {2}, "1990年1月2日": {2}, "6757085806881": {2}, "MB 1990-01-02": {2}, "1990-01-03": nil,
	} {
		list, total := b.members(t, noren.MemberFilter{Keyword: keyword, Typed: true})
		same(t, fmt.Sprintf("members with %q", keyword), want, memberIDs(list))
		same(t, fmt.Sprintf("number of members with %q", keyword), len(want), total)
	}
	for _, keyword := range []string{"0312345678", "1000001", "19900102", "6757085806881", "C-0042"} {
		list, _ := b.members(t, noren.MemberFilter{Keyword: keyword})
		same(t, fmt.Sprintf("members with %q in an API", keyword), []int64(nil), memberIDs(list))
	}
	after := two
	after.BirthDate, after.PostalCode, after.CustomerNo = nil, new("6000001"), new("C-0043")
	b.change(t, noren.MemberChange{Before: two, After: after})
	for keyword, want := range map[string][]int64{"1990/1/2": nil, "〒600-0001": {2}, "c-0042": nil, "C-0043": {2}} {
		list, _ := b.members(t, noren.MemberFilter{Keyword: keyword, Typed: true})
		same(t, fmt.Sprintf("members with %q afterwards", keyword), want, memberIDs(list))
	}
}

// keywordFollows checks that searches follow a member from the commit of a change on, and that a rollback leaves them alone.
func keywordFollows(t *testing.T, b *bundle) {
	before := member(1)
	before.LastName = new("佐藤")
	b.insert(t, before)
	finds := func(keyword string, want bool) {
		t.Helper()
		list, _ := b.members(t, noren.MemberFilter{Keyword: keyword})
		if got := len(list) == 1; got != want {
			t.Errorf("keyword %q finds the member: %t, want %t", keyword, got, want)
		}
	}
	finds("佐藤", true)

	after := before
	after.LastName, after.Phone = new("鈴木"), new("06-1111")
	b.change(t, noren.MemberChange{Before: before, After: after})
	finds("佐藤", false)
	finds("鈴木", true)
	finds("061111", true)

	// A change of a column that is not searched does not matter; a change that is rolled back leaves no trace.
	noted := after
	noted.Note = new("備考")
	b.change(t, noren.MemberChange{Before: after, After: noted})
	finds("鈴木", true)
	renamed := noted
	renamed.LastName = new("高橋")
	_ = b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
		if err := tx.UpdateMembers(b.ctx, []noren.MemberChange{{Before: noted, After: renamed}}); err != nil {
			return err
		}
		return errors.New("changed my mind")
	})
	finds("高橋", false)
	finds("鈴木", true)

	cleared := noted
	cleared.LastName, cleared.Phone = nil, nil
	b.change(t, noren.MemberChange{Before: noted, After: cleared})
	finds("鈴木", false)
	finds("061111", false)
	finds("MB", true)
}

// keywordPieces looks for any substring of what was just stored: an index of tokens must never miss one.
func keywordPieces(t *testing.T, b *bundle) {
	id := int64(0)
	name := rapid.StringOfN(rapid.RuneFrom([]rune("山田太郎斎藤あいうアイウabzABZ０1９９")), 1, 8, -1)
	rapid.Check(t, func(rt *rapid.T) {
		id++
		m := member(id)
		text := name.Draw(rt, "name")
		m.LastName = &text
		b.insert(rt, m)
		runes := []rune(text)
		from := rapid.IntRange(0, len(runes)-1).Draw(rt, "from")
		piece := string(runes[from:rapid.IntRange(from+1, len(runes)).Draw(rt, "to")])
		list, total := b.members(rt, noren.MemberFilter{Keyword: piece})
		if !slices.Contains(memberIDs(list), id) || total != len(list) {
			rt.Fatalf("%q does not find %q: %v of %d", piece, text, memberIDs(list), total)
		}
	})
}
