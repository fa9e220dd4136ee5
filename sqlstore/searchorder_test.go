package sqlstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"noren"
	"noren/storetest"
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
			for _, keyword := range []string{"無", "紺", "紺暖簾", "暖", "暖簾", "暖簾\t"} {
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

// Members from before PostgreSQL's index had a table of its own are found as they were.
func TestTokensMoveToTheirTable(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	old := &bundle{url: url, DB: &DB{flavor: newPostgres()}}
	db := old.connect(t)
	files, others, _, err := old.flavor.migrations()
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(old.flavor.dialect, db, files, goose.WithExcludeNames(others))
	if err == nil {
		_, err = provider.UpTo(t.Context(), 4)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ tenant, member int64 }{{1, 1}, {1, 64}, {1, 100}, {12, 64}} {
		_, err := db.ExecContext(t.Context(), `INSERT INTO members
			(tenant_id, id, code, sex, mail_opt_in, status, is_invoice_provider, created_at, updated_at)
			VALUES ($1, $2, $3, '', true, 'ACTIVE', false, 0, 0)`, row.tenant, row.member, fmt.Sprint(row.member))
		tokens := storedTokens(noren.TenantID(row.tenant), []string{"1", ":", "1:", "暖", ":暖"})
		_, err2 := db.ExecContext(t.Context(), `INSERT INTO member_search (tenant_id, member_id, haystack, tokens)
			VALUES ($1, $2, '1:暖', $3)`, row.tenant, row.member, strings.Join(tokens, " "))
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
	}
	b := setup(t, url)
	for keyword, want := range map[string][]int64{"暖": {1, 64, 100}, "1:": {1, 64, 100}, "1:暖": {1, 64, 100}, ":": {1, 64, 100}, "0": nil} {
		if got := found(t, b, 1, keyword); !slices.Equal(got, want) {
			t.Errorf("keyword %q finds %v, want %v", keyword, got, want)
		}
	}
	if got := found(t, b, 12, "1:"); !slices.Equal(got, []int64{64}) {
		t.Errorf("in the other tenant %v is found, want member 64", got)
	}
}
