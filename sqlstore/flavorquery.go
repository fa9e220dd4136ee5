package sqlstore

import (
	"encoding/json"
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

// candidates is a SELECT of the ids of the tenant's members that may have the needle, given its tokens, and its
// arguments. certain says that they have it, because the engine has looked or because a token is all of the needle.
func (f *flavor) candidates(tenant noren.TenantID, needle string, tokens []string) (query string, args []any, certain bool) {
	stored := storedTokens(tenant, tokens)
	if f.arrays {
		// OFFSET 0 keeps the planner from walking the members in the order of a page and looking for the tokens in
		// each, which takes long where few have them: it believes that splitting them costs nothing.
		return `SELECT member_id FROM member_search WHERE tenant_id = ? AND string_to_array(tokens, ' ') @> CAST(? AS text[])
			AND haystack LIKE ? ESCAPE '\' OFFSET 0`, []any{tenant, stored, likePattern(needle)}, true
	}
	// In FTS5's language a token in double quotes is plain text, and tokens side by side must all be there.
	for i, token := range stored {
		stored[i] = `"` + strings.ReplaceAll(token, `"`, `""`) + `"`
	}
	return "SELECT rowid & ((1 << 34) - 1) FROM member_tokens WHERE member_tokens MATCH ?", // memberBits
		[]any{strings.Join(stored, " ")}, tokens[0] == needle
}

// storedTokens is how tokens are indexed: the index is over all tenants, so each carries its tenant.
func storedTokens(tenant noren.TenantID, tokens []string) []string {
	prefix := strconv.FormatInt(int64(tenant), 10) + ":"
	stored := make([]string, len(tokens))
	for i, token := range tokens {
		stored[i] = prefix + token
	}
	return stored
}
