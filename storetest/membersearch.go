package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"noren"
)

func memberSearchChecks() []check {
	return []check{
		{"finds what a look at every member finds", searchesAsLooking},
		{"walks all that are found, wherever their ids are", searchWalks},
	}
}

// crowd is the number of members that searches are compared on. It is large enough for keywords that many members have,
// which an engine may search in another way than those of few.
const crowd = 5500

// crowded inserts members that differ in what is searched, filtered and sorted by. Most ids are close together, some far
// from all others, at both ends of what an id can be.
func (b *bundle) crowded(t *testing.T) []noren.Member {
	t.Helper()
	members := make([]noren.Member, crowd)
	for i := range members {
		id := int64(i + 1)
		switch {
		case i >= crowd-20:
			// Far apart, at the end of what an id can be: an index by blocks of ids has nearly empty ones here.
			id = 9_999_999_999 - int64(crowd-i)*int64(crowd-i)*1000
		case i >= crowd-40:
			id = int64(i) * 1000
		}
		m := member(id)
		m.LastName, m.FirstName = new([]string{"山田", "田山", "山", "佐々木"}[i%4]), new([]string{"花", "花子", "子", "田花", "々"}[i%5])
		m.LastKana = new("暖")
		if i%7 == 0 {
			m.LastKana, m.FirstKana = nil, new(string([]rune("アイウ")[i%3]))
		}
		if i%1000 == 17 || i > crowd-5 {
			m.Company = new("稀")
		}
		// Few digits, so that many share a part of a number, and some have the whole of one in another field.
		m.Phone = new(fmt.Sprintf("03-%02d2%d-%04d", i%4*10, i%3, i%1000*7))
		if i%3 > 0 {
			m.Mobile, m.AliasCode = new(fmt.Sprintf("090032%05d", i*17%100000)), new(fmt.Sprintf("k%04dx%06d", i%50, id))
		}
		if i%4 > 0 {
			m.Email = new(fmt.Sprintf("%s%d@%s.jp", []string{"sato", "ito", "saito"}[i%3], i*31%2000, []string{"shop", "satoya"}[i%2]))
		}
		m.Status = noren.Statuses()[i%len(noren.Statuses())]
		m.CreatedAt, m.UpdatedAt = at(i%50), at(1000-i%90)
		m.RankID, m.StoreID = new(int64(i%3+1)), new(int64(i%2+1))
		// NULL in what is filtered by, which no list of values may find.
		if i%11 == 0 {
			m.StoreID, m.RankID = nil, nil
		}
		members[i] = m
	}
	// In several transactions, as they come in a shop.
	for batch := range slices.Chunk(members, 1000) {
		b.insert(t, batch...)
	}
	return members
}

// looking returns the members that a filter selects, in its order, by looking at each.
func looking(members []noren.Member, f noren.MemberFilter) (found []noren.Member) {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	plain := func(number string) string { return strings.ReplaceAll(number, "-", "") }
	for _, m := range members {
		fields := []string{
			text(m.LastName) + text(m.FirstName), text(m.LastKana) + text(m.FirstKana), text(m.Company),
			strings.ToLower(m.Code), text(m.AliasCode), plain(text(m.Phone)), text(m.Mobile), text(m.Email),
		}
		if slices.ContainsFunc(fields, func(field string) bool { return strings.Contains(field, plain(f.Keyword)) }) &&
			(f.IDFrom == 0 || m.ID >= f.IDFrom) && (f.IDTo == 0 || m.ID <= f.IDTo) &&
			(f.Statuses == nil || slices.Contains(f.Statuses, m.Status)) &&
			(f.RankIDs == nil || m.RankID != nil && slices.Contains(f.RankIDs, *m.RankID)) &&
			(f.StoreIDs == nil || m.StoreID != nil && slices.Contains(f.StoreIDs, *m.StoreID)) &&
			(f.VisibleTo == nil || m.StoreID == nil || *m.StoreID == *f.VisibleTo) &&
			(f.Updated.From.IsZero() || !m.UpdatedAt.Before(f.Updated.From)) &&
			(f.Created.To.IsZero() || !m.CreatedAt.After(f.Created.To)) {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(x, y noren.Member) int {
		last := 1
		for _, s := range f.Sort {
			if last = 1; s.Desc {
				last = -1
			}
			order := map[string]int{
				"id": cmp.Compare(x.ID, y.ID), "code": strings.Compare(x.Code, y.Code),
				"last_kana":  strings.Compare(text(x.LastKana), text(y.LastKana)),
				"first_kana": strings.Compare(text(x.FirstKana), text(y.FirstKana)),
				"created_at": x.CreatedAt.Compare(y.CreatedAt), "updated_at": x.UpdatedAt.Compare(y.UpdatedAt),
			}[s.Column]
			if order != 0 {
				return last * order
			}
		}
		return last * cmp.Compare(x.ID, y.ID)
	})
	return found
}

// searchesAsLooking compares pages of any keyword, filter and order with those of a naive reference.
func searchesAsLooking(t *testing.T, b *bundle) {
	members := b.crowded(t)
	keywords := rapid.OneOf(rapid.SampledFrom([]string{
		"", "山", "田", "山田", "田山", "々木", "花子", "田花子", "山田花", "佐々木々", "暖", "稀", "ア", "暖稀", "山花子", "無", "無い",
		"0", "00", "000", "0000", "00000", "9999", "99999999", "mb000000", "mb0000005", "mb9999", "0900", "0300", "03-00", "1234-", "0x0000",
	}), partsOfTexts(members))
	sorts := rapid.SampledFrom([][]noren.Sort{
		nil,
		{{Column: "id"}},
		{{Column: "id", Desc: true}},
		{{Column: "code"}},
		{{Column: "last_kana"}, {Column: "first_kana"}},
		{{Column: "last_kana", Desc: true}, {Column: "first_kana", Desc: true}},
		{{Column: "updated_at", Desc: true}},
		{{Column: "created_at"}, {Column: "code", Desc: true}},
	})
	rapid.Check(t, func(rt *rapid.T) {
		f := noren.MemberFilter{
			Keyword: keywords.Draw(rt, "keyword"), Sort: sorts.Draw(rt, "sort"), NoTotal: rapid.Bool().Draw(rt, "no total"),
			Page: noren.Page{
				Limit:  rapid.SampledFrom([]int{1, 7, 50, 50, 50, 0}).Draw(rt, "limit"),
				Offset: rapid.SampledFrom([]int{0, 0, 0, 3, 200}).Draw(rt, "offset"),
			},
		}
		narrow := func(name string, by func()) {
			if rapid.IntRange(0, 3).Draw(rt, name) == 0 {
				by()
			}
		}
		narrow("from", func() { f.IDFrom = members[rapid.IntRange(0, crowd-1).Draw(rt, "from id")].ID })
		narrow("to", func() { f.IDTo = members[rapid.IntRange(0, crowd-1).Draw(rt, "to id")].ID })
		narrow("status", func() { f.Statuses = rapid.SliceOfN(rapid.SampledFrom(noren.Statuses()), 0, 2).Draw(rt, "statuses") })
		narrow("rank", func() { f.RankIDs = rapid.SliceOfN(rapid.Int64Range(1, 4), 0, 2).Draw(rt, "ranks") })
		narrow("store", func() { f.StoreIDs = rapid.SliceOfN(rapid.Int64Range(1, 3), 0, 2).Draw(rt, "stores") })
		narrow("visible", func() { f.VisibleTo = new(rapid.Int64Range(1, 3).Draw(rt, "store")) })
		narrow("updated", func() { f.Updated.From = at(rapid.IntRange(900, 1001).Draw(rt, "updated from")) })
		narrow("created", func() { f.Created.To = at(rapid.IntRange(-1, 50).Draw(rt, "created to")) })
		want := looking(members, f)
		page, total := b.members(rt, f)
		if total != len(want) && (total != -1 || !f.NoTotal) {
			rt.Errorf("%d in all, want %d", total, len(want))
		}
		want = want[min(f.Offset, len(want)):]
		if f.Limit > 0 {
			want = want[:min(f.Limit, len(want))]
		}
		same(rt, fmt.Sprintf("the page of %+v", f), memberIDs(want), memberIDs(page))
	})
}

// partsOfTexts are pieces of the members' telephone numbers, codes and mail addresses.
func partsOfTexts(members []noren.Member) *rapid.Generator[string] {
	return rapid.Custom(func(rt *rapid.T) string {
		m := members[rapid.IntRange(0, len(members)-1).Draw(rt, "member")]
		texts := []string{strings.ToLower(m.Code), *m.Phone}
		if m.Mobile != nil {
			texts = append(texts, *m.Mobile, *m.AliasCode)
		}
		if m.Email != nil {
			texts = append(texts, *m.Email)
		}
		text := rapid.SampledFrom(texts).Draw(rt, "text")
		from := rapid.IntRange(0, len(text)-1).Draw(rt, "from")
		return text[from:rapid.IntRange(from+1, len(text)).Draw(rt, "to")]
	})
}

// searchWalks goes from page to page by the last id, as clients do who want all, and by offset.
func searchWalks(t *testing.T, b *bundle) {
	members := b.crowded(t)
	for _, keyword := range []string{"稀", "暖", "佐々木", "0900", "3200", "032", "0000", "b00000", "sato1", "@satoya"} {
		for _, f := range []noren.MemberFilter{
			{},
			{Statuses: []noren.Status{noren.Active}, VisibleTo: new(int64(1))},
		} {
			f.Keyword, f.NoTotal, f.Limit = keyword, true, 300
			want := memberIDs(looking(members, f))
			var got []int64
			for {
				page, _ := b.members(t, f)
				got = append(got, memberIDs(page)...)
				if len(page) < f.Limit {
					break
				}
				f.IDFrom = got[len(got)-1] + 1
			}
			same(t, "what is found of "+keyword, want, got)
		}
	}
}
