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

// The changes. A change of names or telephone numbers moves the search index as well.
const (
	changeNote   change = "note"
	changeNames  change = "names"
	changePhones change = "phones"
)

func changes() []change { return []change{changeNote, changeNames, changePhones} }

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
	// package sqlstore stores it in SQLite; gained, lost and grams are what changes in PostgreSQL.
	haystacks, tokens   []string
	gained, lost, grams tokenBits
}

// tokenBits are rows of PostgreSQL's token index, sorted by token and block, with the bits that change.
type tokenBits struct {
	tokens          []string
	blocks, members []int64
}

// columns lists the changed columns in the order of the schema.
func (c change) columns() []string {
	switch c {
	case changeNames:
		return []string{"last_name", "first_name"}
	case changePhones:
		return []string{"phone"}
	default:
		return []string{"note"}
	}
}

// maker makes works over the members from 1 to members. Two makers with the same seed make the same works.
type maker struct {
	random  *rand.Rand
	members int
	tenant  noren.TenantID
	rows    int // how many members each work changes
	round   int
	found   map[int64]findable // the members whose names or numbers a work has changed
}

// findable is what the changes change of what a member is found by.
type findable struct {
	fullName
	phone string
}

func newMaker(tenant noren.TenantID, members int) *maker {
	return &maker{
		random: rand.New(rand.NewPCG(20260401, 11)), members: members, tenant: tenant, rows: noren.MaxBulkRows,
		found: make(map[int64]findable),
	}
}

// next makes the next work: of so many members anywhere in the table, or all where there are fewer.
func (m *maker) next(c change) work {
	m.round++
	w := work{change: c, values: make(map[string][]string)}
	gained, lost, grams := make(bitsByToken), make(bitsByToken), make(bitsByToken)
	chosen := make(map[int64]bool)
	for len(chosen) < min(m.rows, m.members) {
		chosen[m.random.Int64N(int64(m.members))+1] = true
	}
	w.members = sortedKeys(chosen)
	for _, id := range w.members {
		before, changed := m.found[id]
		if !changed {
			before = findable{nameOf(id, 0), *memberOf(id, epoch).Phone}
		}
		after := before
		switch c {
		case changeNote:
			w.add("note", fmt.Sprintf("お得意様 %d回目", m.round))
			continue
		case changeNames:
			after.fullName = nameOf(id, m.round)
			w.add("last_name", after.last)
			w.add("first_name", after.first)
		case changePhones:
			after.phone = fmt.Sprintf("06%08d", (id*7919+int64(m.round)*104723)%100000000)
			w.add("phone", after.phone)
		}
		m.found[id] = after
		had, has := haystackOf(id, before), haystackOf(id, after)
		w.addSearch(m.tenant, has)
		gained.add(id, search.Tokens(has), search.Tokens(had))
		lost.add(id, search.Tokens(had), search.Tokens(has))
		grams.add(id/64, search.Grams(has), search.Grams(had))
	}
	w.gained, w.lost, w.grams = gained.sorted(), lost.sorted(), grams.sorted()
	return w
}

func (w *work) add(column, value string) { w.values[column] = append(w.values[column], value) }

// haystackOf is what a member is searched in: the fields in the order of package sqlstore.
func haystackOf(id int64, f findable) string {
	m := memberOf(id, epoch)
	return search.Haystack(f.last+f.first, *m.LastKana+*m.FirstKana, m.Code, f.phone, *m.Mobile, *m.Email)
}

// addSearch works out the search index of a member, on SQLite each token with its tenant in front. That this is right is
// tested by comparing both databases.
func (w *work) addSearch(tenant noren.TenantID, haystack string) {
	tokens := slices.Concat(search.Tokens(haystack), search.Grams(haystack))
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

// add sets the member's bit for the tokens that are not among the others.
func (b bitsByToken) add(id int64, tokens, others []string) {
	for _, token := range tokens {
		if !slices.Contains(others, token) {
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
			case "phone":
				list[i].Phone = noren.Set(values[i])
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
