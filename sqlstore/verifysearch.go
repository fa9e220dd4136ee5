package sqlstore

import (
	"context"
	"database/sql"
	"hash/maphash"
	"maps"
	"slices"
	"strings"

	"noren"
	"noren/search"
)

// verifySearch checks what the search index says of each member against what the member says, reading both once.
func (t *tx) verifySearch(ctx context.Context) ([]noren.Check, error) {
	contracts, err := t.contracts(ctx)
	if err != nil {
		return nil, err
	}
	v := searchVerifier{
		contracts: contracts,
		haystacks: noren.Check{Name: "the search index says what members say"},
		tokens:    noren.Check{Name: "every token of a member is in the index, and no other"},
		seed:      maphash.MakeSeed(),
		sums:      make(map[int64]uint64),
	}
	if err := v.readMembers(ctx, t); err != nil {
		return nil, err
	}
	if !t.db.flavor.arrays {
		if err := v.readTokens(ctx, t); err != nil {
			return nil, err
		}
	}
	return []noren.Check{v.haystacks, v.tokens}, nil
}

// contracts answers the contract id of each tenant.
func (t *tx) contracts(ctx context.Context) (map[noren.TenantID]string, error) {
	contracts := make(map[noren.TenantID]string)
	rows, err := t.query(ctx, "SELECT id, contract FROM tenants")
	err = each(rows, err, func(rows *sql.Rows) error {
		var id noren.TenantID
		var contract string
		err := rows.Scan(&id, &contract)
		contracts[id] = contract
		return err
	})
	return contracts, err
}

// searchVerifier holds what is known so far while members and index are streamed.
type searchVerifier struct {
	contracts         map[noren.TenantID]string
	haystacks, tokens noren.Check
	// sums has a number for each row of SQLite's token index, by rowid: the hashes of the tokens that the row should
	// have, less those that it has. It is 0 unless they differ. The index answers sorted by token, and sorting all
	// of it once more by member would cost far more than this.
	sums map[int64]uint64
	seed maphash.Seed
}

// readMembers compares each member with its haystack, and on PostgreSQL with its tokens, which stand beside it.
func (v *searchVerifier) readMembers(ctx context.Context, t *tx) error {
	beside := t.db.flavor.arrays
	query := "SELECT m." + strings.ReplaceAll(memberSelect, ", ", ", m.") + ", m.tenant_id, s.haystack"
	var tenant noren.TenantID
	var haystackStored, tokensStored sql.NullString
	extra := []any{&tenant, &haystackStored}
	if beside {
		query, extra = query+", s.tokens", append(extra, &tokensStored)
	}
	rows, err := t.query(ctx, query+` FROM members AS m
		LEFT JOIN member_search AS s ON s.tenant_id = m.tenant_id AND s.member_id = m.id ORDER BY m.tenant_id, m.id`)
	scan := memberScanner(extra...)
	return each(rows, err, func(rows *sql.Rows) error {
		m, err := scan(rows)
		if err != nil {
			return err
		}
		v.haystacks.Checked++
		v.tokens.Checked++
		want := haystack(&m)
		if !haystackStored.Valid || haystackStored.String != want {
			violate(&v.haystacks, v.contracts[tenant], "member %d should be found by %q, but is by %q", m.ID, want, haystackStored.String)
		}
		tokens := storedTokens(tenant, search.Tokens(want))
		switch {
		case !beside:
			v.add(tokenRow(tenant, m.ID), tokens)
		case tokensStored.String != strings.Join(tokens, " "):
			v.tokensDiffer(tenant, m.ID)
		}
		return nil
	})
}

// add counts the tokens that a row of SQLite's index should have.
func (v *searchVerifier) add(row int64, tokens []string) {
	var sum uint64
	for _, token := range tokens {
		sum += maphash.String(v.seed, token)
	}
	v.sums[row] += sum
}

// readTokens takes what SQLite's index has off the sums and looks at what is left.
func (v *searchVerifier) readTokens(ctx context.Context, t *tx) error {
	rows, err := t.query(ctx, "SELECT doc, term FROM member_token_uses")
	err = each(rows, err, func(rows *sql.Rows) error {
		var row int64
		var token string
		err := rows.Scan(&row, &token)
		v.sums[row] -= maphash.String(v.seed, token)
		return err
	})
	for _, row := range slices.Sorted(maps.Keys(v.sums)) {
		if v.sums[row] != 0 {
			v.tokensDiffer(noren.TenantID(row>>memberBits), row&(1<<memberBits-1))
		}
	}
	return err
}

// tokensDiffer notes that a member has too many tokens, too few or others.
func (v *searchVerifier) tokensDiffer(tenant noren.TenantID, member int64) {
	violate(&v.tokens, v.contracts[tenant], "the index has other tokens for member %d than those of the haystack", member)
}
