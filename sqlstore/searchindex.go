package sqlstore

import (
	"cmp"
	"context"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"noren/search"
)

// A row of PostgreSQL's token index is about the 1 << blockBits members whose ids have the same higher bits.
const blockBits = 6

// tokenBlock names a row of PostgreSQL's token index.
type tokenBlock struct {
	token string
	block int64
}

// tokenBits are rows of PostgreSQL's token index: the bits of the members, by token and block.
type tokenBits map[tokenBlock]uint64

func (b tokenBits) add(member int64, token string) {
	b[tokenBlock{token, member >> blockBits}] |= 1 << (member & (1<<blockBits - 1))
}

// addOnly adds the tokens that are not among the others.
func (b tokenBits) addOnly(member int64, tokens, others []string) {
	known := make(map[string]bool, len(others))
	for _, token := range others {
		known[token] = true
	}
	for _, token := range tokens {
		if !known[token] {
			b.add(member, token)
		}
	}
}

// appendMembers appends the ids of the members that a row of PostgreSQL's token index names.
func appendMembers(ids []int64, block, members int64) []int64 {
	for rest := uint64(members); rest != 0; rest &= rest - 1 { //nolint:gosec // bits, not a number
		ids = append(ids, block<<blockBits+int64(bits.TrailingZeros64(rest)))
	}
	return ids
}

// columns are the rows in the order of the key, so that two transactions lock them in the same order.
func (b tokenBits) columns(token, block, bits string) []column {
	keys := slices.SortedFunc(maps.Keys(b), func(x, y tokenBlock) int {
		return cmp.Or(strings.Compare(x.token, y.token), cmp.Compare(x.block, y.block))
	})
	return []column{
		{token, kindText, valuesOf(keys, func(k *tokenBlock) any { return k.token })},
		{block, kindInt, valuesOf(keys, func(k *tokenBlock) any { return k.block })},
		{bits, kindInt, valuesOf(keys, func(k *tokenBlock) any { return int64(b[*k]) })}, //nolint:gosec // bits, not a number
	}
}

// searchRows are the rows of the search index that are to be written.
type searchRows struct {
	members, haystacks []any
	// For SQLite, which writes all tokens of a member anew: FTS5 knows no others.
	tokens    []any
	tokenRows []int64
	// For PostgreSQL, which writes what has changed. Of grams it keeps the blocks instead of the members, and only
	// those that have come: whether another member of a block still has a gram is not known.
	gained, lost, grams tokenBits
	// anew says that the index may lack what the haystack before had.
	anew bool
}

// add appends what is to be written of a member whose haystack changes; before is empty for a new one.
func (r *searchRows) add(t *tx, member int64, before, after string) {
	if before != after || !r.anew {
		r.members = append(r.members, member)
		r.haystacks = append(r.haystacks, after)
	}
	if !t.db.flavor.arrays {
		tokens := slices.Concat(search.Tokens(after), search.Grams(after))
		r.tokens = append(r.tokens, strings.Join(storedTokens(t.tenant, tokens), " "))
		r.tokenRows = append(r.tokenRows, tokenRow(t.tenant, member))
		return
	}
	if r.gained == nil {
		r.gained, r.lost, r.grams = make(tokenBits), make(tokenBits), make(tokenBits)
	}
	r.lost.addOnly(member, search.Tokens(before), search.Tokens(after))
	if r.anew {
		before = ""
	}
	r.gained.addOnly(member, search.Tokens(after), search.Tokens(before))
	r.grams.addOnly(member>>blockBits, search.Grams(after), search.Grams(before))
}

// writeSearch brings the search index to what the rows say. fresh says that their members are new.
func (t *tx) writeSearch(ctx context.Context, r searchRows, fresh bool) error {
	if len(r.members) == 0 && !r.anew {
		return nil
	}
	_, err := t.insertRows(ctx, "member_search", "ON CONFLICT (tenant_id, member_id) DO UPDATE SET haystack = excluded.haystack",
		[]column{{"member_id", kindInt, r.members}, {"haystack", kindText, r.haystacks}})
	if err != nil {
		return doing("write the search index", err)
	}
	if t.db.flavor.arrays {
		return doing("write tokens", t.writeTokenBits(ctx, r, fresh))
	}
	return doing("write tokens", t.writeTokenRows(ctx, r, fresh))
}

// writeTokenBits sets the bits of what members have gained and clears those of what they have lost. A row without any is
// left where it is: the token is likely to come back.
func (t *tx) writeTokenBits(ctx context.Context, r searchRows, fresh bool) error {
	var err error
	if gained := r.gained.columns("token", "block", "members"); r.anew {
		err = t.addBits(ctx, "token_members", gained)
	} else {
		_, err = t.insertRows(ctx, "token_members", `ON CONFLICT (tenant_id, token, block)
			DO UPDATE SET members = token_members.members | excluded.members`, gained)
	}
	if err == nil && len(r.grams) > 0 {
		err = t.addBits(ctx, "gram_blocks", r.grams.columns("gram", "span", "blocks"))
	}
	if err != nil || fresh {
		return err
	}
	lost := r.lost.columns("token", "block", "members")
	_, err = t.exec(ctx, "UPDATE token_members AS t SET members = t.members & ~v.c2 FROM "+unnest(lost, "")+
		" WHERE t.tenant_id = ? AND t.token = v.c0 AND t.block = v.c1", append(arrays(lost), t.tenant)...)
	return err
}

// addBits sets the bits of the last column that are not set yet, in rows found by the two before it. Of grams most are
// known, a block being 64 members, and of an index that is made anew too. What is set already is neither written nor
// locked, or many transactions would wait for each other. It is looked up row by row, as a value: for a join a planner
// might read the whole table, and it would not keep the order in which two transactions lock rows.
func (t *tx) addBits(ctx context.Context, table string, cols []column) error {
	token, block, bits := cols[0].name, cols[1].name, cols[2].name
	_, err := t.exec(ctx, "INSERT INTO "+table+" (tenant_id, "+token+", "+block+", "+bits+`)
		SELECT CAST(? AS bigint), v.* FROM `+unnest(cols, "")+" WHERE COALESCE((SELECT t."+bits+" FROM "+table+` AS t
			WHERE t.tenant_id = ? AND t.`+token+" = v.c0 AND t."+block+` = v.c1), 0) & v.c2 <> v.c2
		ON CONFLICT (tenant_id, `+token+", "+block+") DO UPDATE SET "+bits+" = "+table+"."+bits+" | excluded."+bits,
		slices.Concat([]any{t.tenant}, arrays(cols), []any{t.tenant})...)
	return err
}

// writeTokenRows writes SQLite's FTS5 table, which knows no ON CONFLICT and finds a row by its rowid only: what is there
// is removed first, which a new member does not need.
func (t *tx) writeTokenRows(ctx context.Context, r searchRows, fresh bool) error {
	if !fresh {
		f := t.db.flavor
		if _, err := t.exec(ctx, "DELETE FROM member_tokens WHERE "+f.in("rowid"), f.list(r.tokenRows)); err != nil {
			return err
		}
	}
	rowids := valuesOf(r.tokenRows, func(row *int64) any { return *row })
	_, err := t.insertRows(ctx, "member_tokens", "", []column{{"rowid", kindInt, rowids}, {"tokens", kindText, r.tokens}})
	return err
}
