package main

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"noren"
	"noren/search"
)

// change is what the bulk requests change whose application is measured.
type change string

// The changes. A change of names moves the search index as well.
const (
	changeNote  change = "note"
	changeNames change = "names"
)

func changes() []change { return []change{changeNote, changeNames} }

// callbackURL is where callbacks would go. Nothing is sent in what is measured without HTTP.
const callbackURL = "http://127.0.0.1:9/callbacks/bench"

// work is one bulk request, with everything that its application writes worked out beforehand, so that the floor
// has nothing to do but to write it.
type work struct {
	change  change
	members []int64 // sorted
	// values has, for each changed column, one value for each member.
	values map[string][]string
	// haystacks and tokens are what the search index will say of each member, as package search says it and
	// package sqlstore stores it in SQLite; gained and lost are what changes of its tokens in PostgreSQL.
	haystacks, tokens []string
	gained, lost      tokenBits
}

// tokenBits are rows of PostgreSQL's token index, sorted by token and block, with the bits that change.
type tokenBits struct {
	tokens          []string
	blocks, members []int64
}

// columns lists the changed columns in the order of the schema.
func (c change) columns() []string {
	if c == changeNote {
		return []string{"note"}
	}
	return []string{"last_name", "first_name"}
}

// maker makes works over the members from 1 to members. Two makers with the same seed make the same works.
type maker struct {
	random  *rand.Rand
	members int
	tenant  noren.TenantID
	rows    int // how many members each work changes
	round   int
	names   map[int64]fullName // of the members whose names a work has changed
}

func newMaker(tenant noren.TenantID, members int) *maker {
	return &maker{
		random: rand.New(rand.NewPCG(20260401, 11)), members: members, tenant: tenant, rows: noren.MaxBulkRows,
		names: make(map[int64]fullName),
	}
}

// next makes the next work: of so many members anywhere in the table, or all where there are fewer.
func (m *maker) next(c change) work {
	m.round++
	w := work{change: c, values: make(map[string][]string)}
	gained, lost := make(bitsByToken), make(bitsByToken)
	chosen := make(map[int64]bool)
	for len(chosen) < min(m.rows, m.members) {
		chosen[m.random.Int64N(int64(m.members))+1] = true
	}
	w.members = sortedKeys(chosen)
	for _, id := range w.members {
		if c == changeNote {
			w.add("note", fmt.Sprintf("お得意様 %d回目", m.round))
			continue
		}
		name := nameOf(id, m.round)
		w.add("last_name", name.last)
		w.add("first_name", name.first)
		before, renamed := m.names[id]
		if !renamed {
			before = nameOf(id, 0)
		}
		m.names[id] = name
		had, has := haystackOf(id, before), haystackOf(id, name)
		w.addSearch(m.tenant, has)
		gained.add(id, has, had)
		lost.add(id, had, has)
	}
	w.gained, w.lost = gained.sorted(), lost.sorted()
	return w
}

func (w *work) add(column, value string) { w.values[column] = append(w.values[column], value) }

// haystackOf is what the member with a name is searched in: the fields in the order of package sqlstore.
func haystackOf(id int64, name fullName) string {
	m := memberOf(id, epoch)
	return search.Haystack(name.last+name.first, *m.LastKana+*m.FirstKana, m.Code, *m.Phone, *m.Mobile, *m.Email)
}

// addSearch works out the search index of a member, on SQLite each token with its tenant in front. That this is right is
// tested by comparing both databases.
func (w *work) addSearch(tenant noren.TenantID, haystack string) {
	tokens := slices.Concat(search.Tokens(haystack), search.Numbers(haystack))
	for i, token := range tokens {
		tokens[i] = strconv.FormatInt(int64(tenant), 10) + ":" + token
	}
	w.haystacks = append(w.haystacks, haystack)
	w.tokens = append(w.tokens, strings.Join(tokens, " "))
}

// bitsByToken has a bit for each member of a block of 64, by token and block.
type bitsByToken map[tokenBlock]int64

type tokenBlock struct {
	token string
	block int64
}

// add sets the member's bit for what the haystack has and the other has not.
func (b bitsByToken) add(id int64, haystack, other string) {
	known := search.Tokens(other)
	for _, token := range search.Tokens(haystack) {
		if !slices.Contains(known, token) {
			b[tokenBlock{token, id / 64}] |= 1 << (id % 64)
		}
	}
}

func (b bitsByToken) sorted() (list tokenBits) {
	for _, k := range slices.SortedFunc(maps.Keys(b), func(x, y tokenBlock) int {
		return cmp.Or(strings.Compare(x.token, y.token), cmp.Compare(x.block, y.block))
	}) {
		list.tokens, list.blocks, list.members = append(list.tokens, k.token), append(list.blocks, k.block), append(list.members, b[k])
	}
	return list
}

// patches is the work as a bulk request has it.
func (w *work) patches() []noren.MemberPatch {
	list := make([]noren.MemberPatch, len(w.members))
	for i, id := range w.members {
		list[i] = noren.MemberPatch{ID: id, View: noren.SmaregiView}
		for column, values := range w.values {
			switch column {
			case "note":
				list[i].Note = noren.Set(values[i])
			case "last_name":
				list[i].LastName = noren.Set(values[i])
			case "first_name":
				list[i].FirstName = noren.Set(values[i])
			}
		}
	}
	return list
}

// request is the work as Service.AcceptBulk takes it.
func (w *work) request() noren.BulkRequest {
	return noren.BulkRequest{
		Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: callbackURL,
		Rows: noren.BulkRows{Members: w.patches()},
	}
}

func sortedKeys(set map[int64]bool) []int64 { return slices.Sorted(maps.Keys(set)) }
