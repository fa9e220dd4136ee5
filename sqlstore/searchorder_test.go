package sqlstore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"noren"
)

// A search sends at most so many statements, whether few members are found or many.
func TestSearchSendsAFixedNumberOfStatements(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		members := make([]noren.Member, walkedMembers+10)
		for i := range members {
			members[i] = named(int64(i+1), "暖簾")
		}
		members[7].Company = new("紺暖簾")
		for batch := range slices.Chunk(members, 1000) {
			write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), batch) })
		}
		loaded(t, b)
		byCode := []noren.Sort{{Column: "code"}}
		for _, c := range []struct {
			name   string
			filter noren.MemberFilter
			want   int64
		}{
			{"in order of id", noren.MemberFilter{}, 2}, // what has changed, and the page
			{"of some", noren.MemberFilter{Statuses: []noren.Status{noren.Active}}, 3},
			{"in order of code", noren.MemberFilter{Sort: byCode}, 3},
			{"of none in order of code", noren.MemberFilter{Sort: byCode, Statuses: []noren.Status{noren.Lost}}, 3},
		} {
			for _, keyword := range []string{"無", "紺", "紺暖簾", "暖", "暖簾", "暖簾\t", "5009", "99999"} {
				c.filter.Keyword, c.filter.NoTotal, c.filter.Limit = keyword, true, 1
				search := func() error {
					return b.view(t.Context(), tenant, func(tx *tx) error {
						_, _, err := tx.Members(t.Context(), c.filter)
						return err
					})
				}
				_ = search() // which has an order read
				idle(t, b.search)
				sent := b.statements.Load()
				err := search()
				if sent = b.statements.Load() - sent; err != nil || sent > c.want {
					t.Errorf("keyword %q %s: %d statements, error %v, want at most %d", keyword, c.name, sent, err, c.want)
				}
			}
		}
	})
}

// A member who loses a word is not found by it, and a neighbour who keeps it still is.
func TestWordsOfNeighbours(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		members := []noren.Member{named(63, "暖簾"), named(64, "暖簾"), named(65, "暖簾"), named(9_999_999_999, "暖簾")}
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), members) })
		var changes []noren.MemberChange
		for i, company := range map[int]string{0: "暖", 1: "簾"} {
			after := members[i]
			after.Company = &company
			changes = append(changes, noren.MemberChange{Before: members[i], After: after})
		}
		write(t, b, func(tx *tx) error { return tx.UpdateMembers(t.Context(), changes) })
		for keyword, want := range map[string][]int64{
			"暖": {63, 65, 9_999_999_999}, "簾": {64, 65, 9_999_999_999}, "暖簾": {65, 9_999_999_999},
		} {
			if got := found(t, b, tenant, keyword); !slices.Equal(got, want) {
				t.Errorf("keyword %q finds %v, want %v", keyword, got, want)
			}
		}
	})
}

// TestSearchInAnOrderInMemory compares pages in orders that memory has with those of a database that holds nothing in memory,
// while members come and change their places.
func TestSearchInAnOrderInMemory(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		rows := b.node(t, -1)
		random := rand.New(rand.NewPCG(1, 5))
		member := func(id int64) noren.Member {
			m := named(id, "暖簾")
			m.Code = fmt.Sprintf("%04d-%d", random.IntN(10_000), id)
			if m.LastKana = new(string([]rune("アイウエオ")[random.IntN(5)])); random.IntN(4) == 0 {
				m.LastKana, m.FirstKana = nil, new("カ")
			}
			m.CreatedAt = fixedClock().Add(time.Duration(random.IntN(50)) * time.Hour)
			return m
		}
		var members []noren.Member
		for id := range int64(300) {
			members = append(members, member(id*3+1))
		}
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), members) })
		sorts := [][]noren.Sort{
			{{Column: "code"}},
			{{Column: "code", Desc: true}},
			{{Column: "last_kana"}, {Column: "first_kana"}},
			{{Column: "last_kana", Desc: true}, {Column: "first_kana", Desc: true}},
			{{Column: "created_at", Desc: true}},
			{{Column: "created_at"}, {Column: "code"}},
			{{Column: "created_at"}, {Column: "code", Desc: true}},
			{{Column: "updated_at"}},
		}
		page := func(n *bundle, f noren.MemberFilter) (ids []int64, total int) {
			err := n.view(t.Context(), tenant, func(tx *tx) error {
				list, found, err := tx.Members(t.Context(), f)
				ids, total = idsOf(list), found
				return err
			})
			if err != nil {
				t.Errorf("%+v: %v", f, err)
			}
			return ids, total
		}
		for round := range 8 {
			for _, sort := range sorts {
				for _, p := range []noren.Page{{Limit: 7}, {Limit: 7, Offset: 20}, {Limit: 200}, {Limit: 5, Offset: 400}} {
					f := noren.MemberFilter{Keyword: []string{"暖", "9", "簾 1"}[round%3], Sort: sort, Page: p, NoTotal: round%2 == 0}
					want, total := page(rows, f)
					got, counted := page(b, f)
					if !slices.Equal(got, want) || counted != total && counted >= 0 {
						t.Errorf("%+v finds %v of %d, want %v of %d", f, got, counted, want, total)
					}
				}
			}
			idle(t, b.search)
			if s := b.search.get(tenant); round == 7 && len(s.orders) == 0 {
				t.Error("no order is in memory")
			}
			// Some change their places, some come between others and behind all.
			changes := make([]noren.MemberChange, 10)
			for i := range changes {
				before := members[random.IntN(30)*10+i]
				after := member(before.ID)
				after.CreatedAt = before.CreatedAt
				changes[i] = noren.MemberChange{Before: before, After: after}
				members[slices.IndexFunc(members, func(m noren.Member) bool { return m.ID == before.ID })] = after
			}
			write(t, b, func(tx *tx) error {
				if err := tx.UpdateMembers(t.Context(), changes); err != nil {
					return err
				}
				return tx.InsertMembers(t.Context(), []noren.Member{member(int64(round)*3 + 2), member(int64(round) + 5000)})
			})
		}
	})
}

// loaded has the search indexes of all tenants with members in memory.
func loaded(t *testing.T, b *bundle) {
	t.Helper()
	if err := b.LoadSearch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.search.get(tenant) == nil {
		if s, ok := b.search.begin(tenant); ok { // the tests' tenant is in no table
			if err := b.search.run(t.Context(), tenant, s, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	for start := time.Now(); b.search.get(tenant) == nil; time.Sleep(time.Millisecond) {
		if time.Since(start) > time.Minute {
			t.Fatal("the search index is not loaded")
		}
	}
}
