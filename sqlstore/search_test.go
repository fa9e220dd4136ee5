package sqlstore

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"noren"
)

// named is a member who is found by the company's name and little else.
func named(id int64, company string) noren.Member {
	return noren.Member{
		ID: id, Code: strconv.FormatInt(id, 10), Company: &company, Status: noren.Active, CreatedAt: fixedClock(), UpdatedAt: fixedClock(),
	}
}

// found returns the ids of the members that a keyword finds, read page by page so that they are counted as well.
func found(t *testing.T, b *bundle, of noren.TenantID, keyword string) (ids []int64) {
	t.Helper()
	err := b.view(t.Context(), of, func(tx *tx) error {
		list, total, err := tx.Members(t.Context(), noren.MemberFilter{Keyword: keyword})
		page, counted, err2 := tx.Members(t.Context(), noren.MemberFilter{Keyword: keyword, Page: noren.Page{Limit: 1}})
		if err := errors.Join(err, err2); err != nil {
			return err // perhaps to be run again
		}
		if ids = nil; total != len(list) || counted != total || len(page) > 1 {
			t.Errorf("keyword %q: %d members, %d counted with the list, %d with a page", keyword, len(list), total, counted)
		}
		for _, m := range list {
			ids = append(ids, m.ID)
		}
		return nil
	})
	if err != nil {
		t.Errorf("keyword %q: %v", keyword, err)
	}
	return ids
}

// No character of ASCII has a meaning besides itself.
func TestKeywordIsPlainText(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		var members []noren.Member
		var signs []string
		for r := '!'; r <= '~'; r++ {
			if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r == '-' {
				continue // digits are in the codes; capitals are folded, hyphens at an end dropped
			}
			id := int64(1000 + len(members))
			members = append(members, named(id, "山"+string(r)+"田"))
			signs = append(signs, string(r))
		}
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), members) })
		for i, sign := range signs {
			for _, keyword := range []string{sign, "山" + sign, sign + "田", "山" + sign + "田"} {
				if got, want := found(t, b, tenant, keyword), []int64{members[i].ID}; !slices.Equal(got, want) {
					t.Errorf("keyword %q finds %v, want %v", keyword, got, want)
				}
			}
		}
		for keyword, sign := range map[string]string{
			"山%田": "%", "山_田": "_", "山*": "*", "NOT 山": "", "山 OR 田": "", `"山"`: "", "tokens:山": "", "NEAR(山 田)": "",
		} {
			var want []int64
			if sign != "" {
				want = []int64{members[slices.Index(signs, sign)].ID}
			}
			if got := found(t, b, tenant, keyword); !slices.Equal(got, want) {
				t.Errorf("keyword %q finds %v, want %v", keyword, got, want)
			}
		}
	})
}

// The highest ids, of tenants and of members, are as good as any.
func TestKeywordStaysInItsTenant(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		const highest = 9_999_999_999 // ten digits
		tenants := []noren.TenantID{1, 2, 11, 1<<29 - 1}
		for _, of := range tenants {
			for _, id := range []int64{1, highest} {
				if err := b.update(t.Context(), of, func(tx *tx) error {
					return tx.InsertMembers(t.Context(), []noren.Member{named(id, "暖簾商店")})
				}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, of := range append(tenants, 111) {
			want := []int64{1, highest}
			if of == 111 {
				want = nil
			}
			for _, keyword := range []string{"暖", "暖簾", "暖簾商店"} {
				if got := found(t, b, of, keyword); !slices.Equal(got, want) {
					t.Errorf("keyword %q finds %v in tenant %d, want %v", keyword, got, of, want)
				}
			}
		}
	})
}

// What a keyword looks at decides whether a change is noted.
func TestOnlyWhatIsSearchedIsNoted(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	before := named(1, "暖簾")
	write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), []noren.Member{before}) })
	for name, c := range map[string]struct {
		change func(*noren.Member)
		want   int64
	}{
		"note":    {func(m *noren.Member) { m.Note = new("x") }, 1},
		"company": {func(m *noren.Member) { m.Company = new("暖簾商店") }, 3}, // the member, a number, and that it changed
		"nothing": {func(*noren.Member) {}, 0},
	} {
		after := before
		c.change(&after)
		sent := b.statements.Load()
		write(t, b, func(tx *tx) error {
			return tx.UpdateMembers(t.Context(), []noren.MemberChange{{Before: before, After: after}})
		})
		if sent = b.statements.Load() - sent; sent != c.want {
			t.Errorf("a change of %s sends %d statements, want %d", name, sent, c.want)
		}
	}
}

// What is searched is what the schema says of names, codes, numbers and the first mail address, and nothing else: keys are not
// found as texts.
func TestSearchedColumns(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		var members []noren.Member
		var want []int64
		for i, c := range memberColumns {
			m := named(int64(i+1), "暖簾")
			if c.kind == kindText && c.Name != "status" {
				if err := c.scan(&m, fmt.Sprintf("特%d", i)); err != nil {
					t.Fatal(err)
				}
			}
			if members = append(members, m); slices.Contains(slices.Concat(searchedFields[:firstKey]...), c.Name) {
				want = append(want, m.ID)
			}
		}
		if fields := slices.Concat(searchedFields[:firstKey]...); len(want) != len(fields) {
			t.Errorf("members have %d of the columns %q", len(want), fields)
		}
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), members) })
		if got := found(t, b, tenant, "特"); !slices.Equal(got, want) {
			t.Errorf("the members %v are found, want %v", got, want)
		}
	})
}
