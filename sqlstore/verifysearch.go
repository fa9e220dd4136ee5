package sqlstore

import (
	"context"
	"database/sql"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
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
		grams:     noren.Check{Name: "every gram of a member is in the index"},
		missing:   make(map[gramSpan]uint64),
		seed:      maphash.MakeSeed(),
		sums:      make(map[int64]uint64),
	}
	if err := v.readMembers(ctx, t); err != nil {
		return nil, err
	}
	if err := v.readTokens(ctx, t); err != nil {
		return nil, err
	}
	if !t.db.flavor.arrays {
		return []noren.Check{v.haystacks, v.tokens}, nil // grams are tokens
	}
	if err := v.readGrams(ctx, t); err != nil {
		return nil, err
	}
	return []noren.Check{v.haystacks, v.tokens, v.grams}, nil
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
	contracts                map[noren.TenantID]string
	haystacks, tokens, grams noren.Check
	// sums has a number for each member, by the rowid in SQLite's token index: the hashes of the tokens that the index
	// should have of the member, less those that it has. It is 0 unless they differ. The index answers sorted by token,
	// and sorting all of it once more by member would cost far more than this.
	sums map[int64]uint64
	seed maphash.Seed
	// missing has the blocks in which PostgreSQL's index should know a gram, less those in which it does.
	missing map[gramSpan]uint64
}

// gramSpan names a row of what PostgreSQL's index knows of grams.
type gramSpan struct {
	tenant noren.TenantID
	gram   string
	span   int64
}

// readMembers compares each member with its haystack, and notes its tokens.
func (v *searchVerifier) readMembers(ctx context.Context, t *tx) error {
	query := "SELECT m." + strings.ReplaceAll(memberSelect, ", ", ", m.") + ", m.tenant_id, s.haystack"
	var tenant noren.TenantID
	var stored sql.NullString
	rows, err := t.query(ctx, query+` FROM members AS m
		LEFT JOIN member_search AS s ON s.tenant_id = m.tenant_id AND s.member_id = m.id ORDER BY m.tenant_id, m.id`)
	scan := memberScanner(&tenant, &stored)
	return each(rows, err, func(rows *sql.Rows) error {
		m, err := scan(rows)
		if err != nil {
			return err
		}
		v.haystacks.Checked++
		v.tokens.Checked++
		want := haystack(&m)
		if !stored.Valid || stored.String != want {
			violate(&v.haystacks, v.contracts[tenant], "member %d should be found by %q, but is by %q", m.ID, want, stored.String)
		}
		v.count(tokenRow(tenant, m.ID), search.Tokens(want), 1)
		v.expectGrams(t, tenant, m.ID, search.Grams(want))
		return nil
	})
}

// count adds the tokens to the sum of a member, or with a factor of -1 takes them off.
func (v *searchVerifier) count(row int64, tokens []string, factor int) {
	var sum uint64
	for _, token := range tokens {
		sum += maphash.String(v.seed, token)
	}
	v.sums[row] += sum * uint64(factor) //nolint:gosec // it may wrap around
}

// expectGrams notes the grams that the index should have of a member.
func (v *searchVerifier) expectGrams(t *tx, tenant noren.TenantID, member int64, grams []string) {
	if !t.db.flavor.arrays {
		v.count(tokenRow(tenant, member), grams, 1)
		return
	}
	v.grams.Checked++
	block := member >> blockBits
	for _, gram := range grams {
		v.missing[gramSpan{tenant, gram, block >> blockBits}] |= 1 << (block & (1<<blockBits - 1))
	}
}

// readGrams takes what PostgreSQL's index knows of grams off what it should know. That it knows more is no mistake.
func (v *searchVerifier) readGrams(ctx context.Context, t *tx) error {
	rows, err := t.query(ctx, "SELECT tenant_id, gram, span, blocks FROM gram_blocks")
	err = each(rows, err, func(rows *sql.Rows) error {
		var row gramSpan
		var blocks int64
		err := rows.Scan(&row.tenant, &row.gram, &row.span, &blocks)
		if v.missing[row] &^= uint64(blocks); v.missing[row] == 0 { //nolint:gosec // bits, not a number
			delete(v.missing, row)
		}
		return err
	})
	for row, missing := range v.missing {
		for _, block := range appendMembers(nil, row.span, int64(missing)) { //nolint:gosec // bits, not a number
			violate(&v.grams, v.contracts[row.tenant], "the gram %s is not found among the members %d to %d",
				row.gram, block<<blockBits, block<<blockBits+1<<blockBits-1)
		}
	}
	return err
}

// readTokens takes what the index has off the sums and looks at what is left.
func (v *searchVerifier) readTokens(ctx context.Context, t *tx) error {
	var err error
	if t.db.flavor.arrays {
		err = v.readTokenBits(ctx, t)
	} else {
		err = v.readTokenRows(ctx, t)
	}
	for _, row := range slices.Sorted(maps.Keys(v.sums)) {
		if v.sums[row] != 0 {
			v.tokensDiffer(noren.TenantID(row>>memberBits), row&(1<<memberBits-1))
		}
	}
	return err
}

// readTokenBits reads PostgreSQL's index, which has a bit for each member.
func (v *searchVerifier) readTokenBits(ctx context.Context, t *tx) error {
	rows, err := t.query(ctx, "SELECT tenant_id, token, block, members FROM token_members")
	return each(rows, err, func(rows *sql.Rows) error {
		var tenant noren.TenantID
		var token string
		var block, members int64
		err := rows.Scan(&tenant, &token, &block, &members)
		for _, member := range appendMembers(nil, block, members) {
			v.count(tokenRow(tenant, member), []string{token}, -1)
		}
		return err
	})
}

// readTokenRows reads SQLite's index, whose tokens carry their tenant.
func (v *searchVerifier) readTokenRows(ctx context.Context, t *tx) error {
	rows, err := t.query(ctx, "SELECT doc, term FROM member_token_uses")
	return each(rows, err, func(rows *sql.Rows) error {
		var row int64
		var stored string
		err := rows.Scan(&row, &stored)
		tenant, token, _ := strings.Cut(stored, ":")
		if tenant != strconv.FormatInt(row>>memberBits, 10) {
			token = stored
		}
		v.count(row, []string{token}, -1)
		return err
	})
}

// tokensDiffer notes that a member has too many tokens, too few or others.
func (v *searchVerifier) tokensDiffer(tenant noren.TenantID, member int64) {
	violate(&v.tokens, v.contracts[tenant], "the index has other tokens for member %d than those of the haystack", member)
}
