package sqlstore

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"noren"
)

// This file is the part of flavor that only single queries need.

// pairs is the condition that two integer columns are together one of a list of pairs, with one ? for the list as
// pairList answers it.
func (f *flavor) pairs(first, second string) string {
	elements := "json_each(?)"
	if f.arrays {
		elements = "json_array_elements(CAST(? AS json))"
	}
	return "(" + first + ", " + second + ") IN " +
		"(SELECT CAST(value ->> 0 AS bigint), CAST(value ->> 1 AS bigint) FROM " + elements + ")"
}

// pairList is the argument for pairs: one, like that of in, whatever the number of pairs.
func pairList(keys []noren.StockKey) string {
	list := make([][2]int64, len(keys))
	for i, k := range keys {
		list[i] = [2]int64{k.ProductID, k.StoreID}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic("sqlstore: pairs of integers that JSON cannot hold: " + err.Error())
	}
	return string(text)
}

// The rowid of SQLite's token index holds the tenant above memberBits and the member below. Members' ids have at most
// ten digits, which is less than 2^34, and leave 29 bits to the tenants.
const memberBits = 34

// tokenRow is the rowid of a member in SQLite's token index.
func tokenRow(tenant noren.TenantID, member int64) int64 { return int64(tenant)<<memberBits | member }

// hits are the ids of the tenant's members that have all of the keyword's tokens, as a SELECT with one column and its
// arguments.
func (f *flavor) hits(tenant noren.TenantID, k *keyword) (query string, args []any) {
	if !f.arrays {
		return "SELECT " + memberOfRow + " FROM member_tokens WHERE member_tokens MATCH ?", []any{match(tenant, k.tokens)}
	}
	query, args = haveAll(tenant, k, blockRange{})
	return "SELECT s.block * 64 + b.bit FROM (" + query + `) AS s CROSS JOIN generate_series(0, 63) AS b (bit)
		WHERE (s.members >> b.bit) & 1 = 1`, args
}

// hitCount is a SELECT of how many hits there are.
func (f *flavor) hitCount(tenant noren.TenantID, k *keyword) (query string, args []any) {
	if f.arrays {
		query, args = haveAll(tenant, k, blockRange{})
		return "SELECT CAST(COALESCE(SUM(" + bitCount + "), 0) AS bigint) FROM (" + query + ") AS s", args
	}
	query, args = f.hits(tenant, k)
	return "SELECT COUNT(*) FROM (" + query + ") AS h", args
}

// hitRange are the hits that are wanted: the first n in the order of their ids, of those from from to to.
type hitRange struct {
	from, to int64
	n        int
}

// firstHits are the first hits that also satisfy the condition, which begins with AND and is about the member with the id
// %s, or is empty. It stops where it has enough.
//
// SQLite's index answers in the order of the ids. PostgreSQL is led through its index step by step, and not by its
// planner, which would rather gather all and sort: a step looks at twice as many blocks as the one before it, so that
// few steps pass over where nothing is, and takes at most twice as many hits, so that little is looked at in vain.
func (f *flavor) firstHits(tenant noren.TenantID, k *keyword, r hitRange, condition string, more []any) (query string, args []any) {
	about := func(id string) string { return strings.ReplaceAll(condition, "%s", id) }
	if !f.arrays {
		args = append([]any{match(tenant, k.tokens), tokenRow(tenant, r.from), tokenRow(tenant, r.to)}, more...)
		return "SELECT " + memberOfRow + " FROM member_tokens WHERE member_tokens MATCH ? AND rowid >= ? AND rowid <= ?" +
			about("(member_tokens."+memberOfRow+")") + " ORDER BY rowid LIMIT ?", append(args, r.n)
	}
	step, stepArgs := haveAll(tenant, k, blockRange{"w.next", "w.next + w.width"})
	query = `WITH RECURSIVE walk (next, width, most, ids, found, last) AS (
			SELECT MIN(block), CAST(1 AS bigint), CAST(? AS bigint), CAST('{}' AS bigint[]), CAST(0 AS bigint), MAX(block)
			FROM token_members WHERE tenant_id = ? AND token = ? AND block >= ? AND block <= ?
		UNION ALL
			SELECT CASE WHEN step.hits < w.most THEN w.next + w.width ELSE step.last + 1 END,
				CASE WHEN step.hits < w.most THEN w.width * 2 ELSE (w.width + 1) / 2 END,
				LEAST(w.most * 2, 4096), step.ids, w.found + cardinality(step.ids), w.last
			FROM walk AS w CROSS JOIN LATERAL (
				WITH taken AS MATERIALIZED (
					SELECT block, members, hits FROM (
						SELECT block, members, SUM(` + bitCount + `) OVER (ORDER BY block) AS hits,
							SUM(` + bitCount + `) OVER (ORDER BY block) - ` + bitCount + ` AS earlier
						FROM (` + step + `) AS s
					) AS r WHERE earlier < w.most)
				SELECT COALESCE((SELECT MAX(hits) FROM taken), 0) AS hits, (SELECT MAX(block) FROM taken) AS last,
					ARRAY(SELECT h.id FROM (
							SELECT taken.block * 64 + b.bit AS id FROM taken CROSS JOIN generate_series(0, 63) AS b (bit)
							WHERE (taken.members >> b.bit) & 1 = 1 OFFSET 0) AS h
						WHERE h.id >= ? AND h.id <= ?` + about("h.id") + `) AS ids
			) AS step WHERE w.found < ? AND w.next <= w.last)
		SELECT u.id FROM walk CROSS JOIN LATERAL unnest(walk.ids) AS u (id) ORDER BY u.id LIMIT ?`
	args = []any{max(r.n, 64), tenant, k.tokens[0], r.from >> blockBits, r.to >> blockBits}
	args = slices.Concat(args, stepArgs, []any{r.from, r.to}, more)
	return query, append(args, r.n, r.n)
}

// bitCount is how many members a row of PostgreSQL's token index names.
const bitCount = "bit_count(CAST(members AS bit(64)))"

// blockRange are the blocks from one up to the other, which are expressions; without any it is all blocks.
type blockRange struct{ from, before string }

// haveAll is a SELECT of PostgreSQL's token index: the blocks, and in each the members that have all of the tokens. Where
// the keyword has grams, only those blocks are looked at that have all of these.
func haveAll(tenant noren.TenantID, k *keyword, within blockRange) (query string, args []any) {
	query, args = "SELECT block, bit_and(members) AS members FROM token_members WHERE tenant_id = ? AND token = ANY(?)", []any{tenant, k.tokens}
	spans, blocks := "", ""
	if within != (blockRange{}) {
		spans = " AND span >= (" + within.from + ") / 64 AND span <= (" + within.before + " - 1) / 64"
		blocks = " AND block >= " + within.from + " AND block < " + within.before
	}
	if len(k.grams) == 0 {
		query += blocks
	} else {
		query += ` AND block = ANY(ARRAY(SELECT block FROM (SELECT n.span * 64 + b.bit AS block FROM (
				SELECT span, bit_and(blocks) AS blocks FROM gram_blocks WHERE tenant_id = ? AND gram = ANY(?)` + spans + `
				GROUP BY span HAVING COUNT(*) = ?
			) AS n CROSS JOIN generate_series(0, 63) AS b (bit) WHERE (n.blocks >> b.bit) & 1 = 1) AS c WHERE TRUE` + blocks + "))"
		args = append(args, tenant, k.grams, len(k.grams))
	}
	return query + " GROUP BY block HAVING COUNT(*) = ?", append(args, len(k.tokens))
}

// memberOfRow is the id of the member whom a row of SQLite's token index is about.
const memberOfRow = "rowid & ((1 << 34) - 1)" // memberBits

// match is what SQLite's token index is asked. In FTS5's language a token in double quotes is plain text, and tokens
// side by side must all be there.
func match(tenant noren.TenantID, tokens []string) string {
	stored := storedTokens(tenant, tokens)
	for i, token := range stored {
		stored[i] = `"` + strings.ReplaceAll(token, `"`, `""`) + `"`
	}
	return strings.Join(stored, " ")
}

// storedTokens is how SQLite indexes tokens: its index is over all tenants, so each carries its tenant.
func storedTokens(tenant noren.TenantID, tokens []string) []string {
	prefix := strconv.FormatInt(int64(tenant), 10) + ":"
	stored := make([]string, len(tokens))
	for i, token := range tokens {
		stored[i] = prefix + token
	}
	return stored
}

// selected is the condition that column is one of what a SELECT answers. PostgreSQL asks for that first and then looks
// each up; as a part of the query it might rather read the whole table in the order of a page.
func (f *flavor) selected(column, query string) string {
	if f.arrays {
		return column + " = ANY(ARRAY(" + query + "))"
	}
	return column + " IN (" + query + ")"
}
