package sqlstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"noren"
	"noren/search"
	"noren/storetest"
)

// outdated takes all that package search's first version did not know out of the index, and says that this one made it.
// Some members are left with a haystack that the first version would have made otherwise.
func outdated(t *testing.T, b *bundle) {
	t.Helper()
	statements := []string{"UPDATE search_version SET version = 1, making = 1, tenant_id = 0, member_id = 0"}
	if b.flavor.arrays {
		statements = append(statements, "DELETE FROM gram_blocks", "DELETE FROM token_members WHERE token = '03'",
			"INSERT INTO token_members (tenant_id, token, block, members) VALUES (1, '古い', 1, 2)")
	} else {
		statements = append(statements, "DELETE FROM member_tokens WHERE rowid % 3 > 0",
			"INSERT INTO member_tokens (rowid, tokens) SELECT (tenant_id << 34) | member_id, '1:古い' FROM member_search WHERE member_id % 3 > 0")
	}
	statements = append(statements, "UPDATE member_search SET haystack = '古い' WHERE tenant_id = 1 AND member_id = 65")
	db := b.connect(t)
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// numbered are members with telephone numbers, in two tenants, of more than one slice.
func numbered(t *testing.T, b *bundle) {
	t.Helper()
	for of, n := range map[noren.TenantID]int{1: madeAtOnce + 10, 7: 3} {
		members := make([]noren.Member, n)
		for i := range members {
			members[i] = named(int64(i+1), "暖簾")
			members[i].Phone = new(fmt.Sprintf("03-%04d-%04d", i, i*7%10000))
		}
		if err := b.update(t.Context(), of, func(tx *tx) error {
			_, err := tx.exec(t.Context(), "INSERT INTO tenants (id, contract, settings, created_at, updated_at) VALUES (?, ?, '{}', 0, 0)",
				of, fmt.Sprint("tenant ", of))
			return errors.Join(err, tx.InsertMembers(t.Context(), members), tx.Raise(t.Context(), noren.CounterMember, int64(n)))
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// sound checks that the index is what this version would have made.
func sound(t *testing.T, b *bundle) {
	t.Helper()
	for keyword, want := range map[string][]int64{"古い": nil, "03-0064-0448": {65}, "00640448": {65}, "09996993": {madeAtOnce}} {
		if got := found(t, b, 1, keyword); !slices.Equal(got, want) {
			t.Errorf("keyword %q finds %v, want %v", keyword, got, want)
		}
	}
	if got := found(t, b, 7, "00020014"); !slices.Equal(got, []int64{3}) {
		t.Errorf("in the other tenant %v is found, want member 3", got)
	}
	checks, err := b.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Violated > 0 {
			t.Errorf("%q: %q", c.Name, c.Violations)
		}
	}
}

func TestIndexOfAnotherVersionIsMadeAnew(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		numbered(t, b)
		outdated(t, b)
		if got := found(t, b, 7, "00020014"); b.flavor.arrays && got != nil {
			t.Fatalf("an index without grams finds %v", got)
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { openings(t, b.url, 1) })
		}
		wg.Wait()
		sound(t, b)
		sent := b.statements.Load()
		if err := b.remakeSearch(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if sent = b.statements.Load() - sent; sent != 1 {
			t.Errorf("an index of this version takes %d statements, want 1", sent)
		}
	})
}

// Whoever goes on does not begin again, unless what was begun is of another version.
func TestRemakingGoesOn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		numbered(t, b)
		outdated(t, b)
		ctx := t.Context()
		told := 0
		slice := func() (version int64) {
			write(t, b, func(tx *tx) (err error) {
				var made int
				version, made, err = tx.remakeSlice(ctx)
				told += made
				return err
			})
			return version
		}
		done := func() (of, upTo int64) {
			write(t, b, func(tx *tx) error {
				return tx.queryRow(ctx, "SELECT tenant_id, member_id FROM search_version").Scan(&of, &upTo)
			})
			return of, upTo
		}
		for _, want := range [][2]int64{{1, madeAtOnce}, {1, madeAtOnce + 10}, {7, 3}} {
			if version := slice(); version != 1 {
				t.Fatalf("the index is of version %d before all of it is made", version)
			}
			if of, upTo := done(); of != want[0] || upTo != want[1] {
				t.Fatalf("made up to member %d of tenant %d, want %v", upTo, of, want)
			}
		}
		if told != madeAtOnce+10+3 {
			t.Errorf("%d members are told of", told)
		}
		write(t, b, func(tx *tx) error {
			_, err := tx.exec(ctx, "UPDATE search_version SET making = 99")
			return err
		})
		slice()
		if of, upTo := done(); of != 1 || upTo != madeAtOnce {
			t.Fatalf("what another version began is taken up at member %d of tenant %d", upTo, of)
		}
		for range 2 {
			slice()
		}
		if version := slice(); version != search.Version {
			t.Errorf("all is made and the index is of version %d, want %d", version, search.Version)
		}
		sound(t, b)
	})
}

// The tokens of members from before PostgreSQL's index had a table of its own move there.
func TestTokensMoveToTheirTable(t *testing.T) {
	t.Parallel()
	old := &bundle{url: storetest.Postgres(t), DB: &DB{flavor: newPostgres()}}
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
		tokens := storedTokens(noren.TenantID(row.tenant), []string{":", "1:"})
		_, err := db.ExecContext(t.Context(), `INSERT INTO member_search (tenant_id, member_id, haystack, tokens)
			VALUES ($1, $2, '1:', $3)`, row.tenant, row.member, strings.Join(tokens, " "))
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := provider.UpTo(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	rows, err := db.QueryContext(t.Context(), "SELECT tenant_id, token, block, members FROM token_members ORDER BY 1, 2, 3")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var tenant, block, members int64
		var token string
		if err := rows.Scan(&tenant, &token, &block, &members); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintln(tenant, token, block, members))
	}
	want := []string{"1 1: 0 2\n", "1 1: 1 68719476737\n", "1 : 0 2\n", "1 : 1 68719476737\n", "12 1: 1 1\n", "12 : 1 1\n"}
	if diff := cmp.Diff(want, got); diff != "" || rows.Err() != nil {
		t.Errorf("rows of the token table (-want +got), error %v:\n%s", rows.Err(), diff)
	}
}
