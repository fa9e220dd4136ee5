package sqlstore

import (
	"slices"
	"testing"

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
		byCode := []noren.Sort{{Column: "code"}}
		for _, c := range []struct {
			name   string
			filter noren.MemberFilter
			want   int64
		}{
			{"in order of id", noren.MemberFilter{}, 1},
			{"of some", noren.MemberFilter{Statuses: []noren.Status{noren.Active}}, 1},
			{"in order of code", noren.MemberFilter{Sort: byCode}, 5},
			{"of none in order of code", noren.MemberFilter{Sort: byCode, Statuses: []noren.Status{noren.Lost}}, 5},
		} {
			for _, keyword := range []string{"無", "紺", "紺暖簾", "暖", "暖簾", "暖簾\t", "5009", "99999"} {
				c.filter.Keyword, c.filter.NoTotal, c.filter.Limit = keyword, true, 1
				sent := b.statements.Load()
				err := b.view(t.Context(), tenant, func(tx *tx) error {
					_, _, err := tx.Members(t.Context(), c.filter)
					return err
				})
				if sent = b.statements.Load() - sent; err != nil || sent > c.want {
					t.Errorf("keyword %q %s: %d statements, error %v, want at most %d", keyword, c.name, sent, err, c.want)
				}
			}
		}
	})
}

// A member who loses a token is not found by it, and one who keeps it in the same row of the index still is.
func TestTokensOfNeighbours(t *testing.T) {
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
