package member

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"noren"
	"noren/bench/seed"
)

// keyword is a keyword, and how often it occurs.
type keyword struct {
	text   string
	hits   int
	atMost float64 // the bound of the ratio
}

// fewHits is the largest number of hits of a keyword that counts as rare.
const fewHits = 1000

// keywords returns keywords of two characters each: one with as many hits as a rare one can have, a last name, one that
// every member has, and one that only the newcomers at the end of the list have.
func keywords(members int) []keyword {
	counts := make(map[string]int)
	for id := range int64(members) {
		name := seed.NameOf(id+1, 0)
		text := []rune(name.Last + name.First)
		// A member counts once, however often the pair occurs in the name.
		once := make(map[string]bool, len(text))
		for i := range len(text) - 1 {
			pair := string(text[i : i+2])
			if !once[pair] {
				once[pair] = true
				counts[pair]++
			}
		}
	}
	var rare keyword
	for pair, hits := range counts {
		// The text decides between pairs with as many hits, so that each run looks for the same one.
		if hits <= fewHits && (hits > rare.hits || hits == rare.hits && strings.Compare(pair, rare.text) < 0) {
			rare.text, rare.hits = pair, hits
		}
	}
	list := []keyword{
		rare,
		{text: "佐藤", hits: counts["佐藤"]},
		{text: "ヤマ", hits: members},
		{text: "零壱", hits: len(newcomers(members, seed.Epoch()))},
	}
	for i := range list {
		if list[i].atMost = 10; list[i].hits <= fewHits {
			list[i].atMost = 3
		}
	}
	return list
}

// newcomers are the members with the highest ids, one in a hundred. Nobody else has their names.
func newcomers(members int, now time.Time) []noren.Member {
	list := make([]noren.Member, max(members/100, 1))
	for i := range list {
		m := seed.Member(int64(members+i+1), now)
		m.LastName, m.FirstName, m.LastKana, m.FirstKana = new("零"), new("壱"), new("レイ"), new("イチ")
		list[i] = m
	}
	return list
}

// memberSearch is a search whose page is compared with the same page by ids.
type memberSearch struct {
	what   string
	filter noren.MemberFilter
	atMost float64 // 0: no bound
}

// searches are a keyword alone, as the ReCORE dialect sends it, and what people look for: a character, a full name, a
// telephone number, among some of the members, and in the order of a column.
func searches(members int) []memberSearch {
	var list []memberSearch
	add := func(what string, f noren.MemberFilter, atMost float64) {
		list = append(list, memberSearch{what, f, atMost})
	}
	all := keywords(members)
	for _, k := range all {
		add(fmt.Sprintf("keyword %s, %d hits", k.text, k.hits), noren.MemberFilter{Keyword: k.text}, k.atMost)
	}
	someone := seed.Member(int64(members)/2, seed.Epoch())
	add("one character", noren.MemberFilter{Keyword: "藤"}, 10)
	add("full name", noren.MemberFilter{Keyword: *someone.LastName + *someone.FirstName}, 0)
	add("telephone number", noren.MemberFilter{Keyword: *someone.Phone}, 0)
	for _, k := range all {
		add(fmt.Sprintf("keyword %s of one rank", k.text), noren.MemberFilter{
			Keyword: k.text, RankIDs: []int64{2}, Statuses: []noren.Status{noren.Active},
		}, 0)
	}
	for _, order := range [][]noren.Sort{
		{{Column: "code"}}, {{Column: "last_kana"}, {Column: "first_kana"}}, {{Column: "updated_at", Desc: true}},
	} {
		for _, k := range all {
			add(fmt.Sprintf("keyword %s by %s", k.text, order[0].Column), noren.MemberFilter{Keyword: k.text, Sort: slices.Clone(order)}, 0)
		}
	}
	return list
}
