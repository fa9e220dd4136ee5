package search_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"noren/search"
)

// person returns a haystack of few different parts, so that many share one.
func person(random *rand.Rand) string {
	last := []string{"山田", "佐藤", "髙橋", "佐々木", "稀"}
	return search.Haystack(
		last[random.IntN(random.IntN(4)+2)]+[]string{"花子", "太郎", "花"}[random.IntN(3)],
		fmt.Sprintf("MB%08d", random.IntN(100_000_000)),
		fmt.Sprintf("090-%04d-%04d", random.IntN(30), random.IntN(10_000)),
		fmt.Sprintf("sato%d@example.jp", random.IntN(1000)),
	)
}

// naive lists the matching members by checking each one.
func naive(members map[int64]string, q search.Query, within search.Range, down bool) []int64 {
	var ids []int64
	for id, haystack := range members {
		if haystack != "" && id >= within.From && id <= within.To && q.Matches(haystack) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if down {
		slices.Reverse(ids)
	}
	return ids
}

// TestIndexFindsWhatLookingFinds changes an index again and again and compares it with checking every member.
func TestIndexFindsWhatLookingFinds(t *testing.T) {
	t.Parallel()
	everyone := search.Range{From: 0, To: 9_999_999_999}
	rapid.Check(t, func(rt *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		members := make(map[int64]string)
		var b search.Builder
		apart := rapid.SampledFrom([]int64{1, 3, 4_000_000}).Draw(rt, "distance")
		for i := range int64(rapid.SampledFrom([]int{0, 1, 1023, 1024, 2300}).Draw(rt, "members")) {
			members[i*apart+5] = person(random)
			b.Add(i*apart+5, members[i*apart+5])
		}
		x := b.Index()
		for range rapid.IntRange(0, 6).Draw(rt, "changes") {
			changes := make(map[int64]string)
			for range rapid.SampledFrom([]int{1, 20, 300, 1500}).Draw(rt, "of") {
				id := random.Int64N(2400*apart) + 1
				if changes[id] = person(random); random.IntN(4) == 0 {
					changes[id] = ""
				}
			}
			before, was := x, maps.Clone(members)
			x = x.With(changes)
			maps.Copy(members, changes)
			q := search.NewQuery("花子")
			if got := slices.Collect(before.Hits(q, everyone, false)); !slices.Equal(got, naive(was, q, everyone, false)) {
				rt.Fatal("an index has changed when another was made of it")
			}
		}
		for _, keyword := range []string{
			"山田", "花", "高橋", "無", "稀太郎", "0900001", "0", "sato12", "sato123@example.jp", "花子 山田", "髙 0900", "mb0000", "無 山田",
			"0" + strconv.Itoa(random.IntN(10_000)),
		} {
			q := search.NewQuery(keyword)
			from := random.Int64N(2400 * apart)
			for _, within := range []search.Range{everyone, {From: from, To: from + random.Int64N(500*apart)}, {From: 9, To: 3}} {
				for _, down := range []bool{false, true} {
					want := naive(members, q, within, down)
					if got := slices.Collect(x.Hits(q, within, down)); !slices.Equal(got, want) {
						rt.Fatalf("%q in %v, down %t: %v, want %v", keyword, within, down, got, want)
					}
				}
			}
			for id := range int64(50) {
				if got, want := x.Has(q, id*apart), members[id*apart] != "" && q.Matches(members[id*apart]); got != want {
					rt.Fatalf("%q has member %d: %t, want %t", keyword, id*apart, got, want)
				}
			}
		}
	})
}

// A caller who has enough stops the search.
func TestHitsStop(t *testing.T) {
	t.Parallel()
	var b search.Builder
	for id := range int64(5000) {
		b.Add(id, "山田")
	}
	n := 0
	for range b.Index().Hits(search.NewQuery("山田"), search.Range{To: 5000}, false) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("%d hits were visited", n)
	}
}

// Several search while others derive new indexes from the same one, which share its marks.
func TestIndexIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	var b search.Builder
	random := rand.New(rand.NewPCG(1, 2))
	for id := range int64(3000) {
		b.Add(id, person(random))
	}
	x := b.Index()
	q := search.NewQuery("花子")
	want := slices.Collect(x.Hits(q, search.Range{To: 3000}, false))
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 3))
			for range 50 {
				x.With(map[int64]string{random.Int64N(3000): person(random)})
				if got := slices.Collect(x.Hits(q, search.Range{To: 3000}, false)); !slices.Equal(got, want) {
					t.Error("other hits than before")
				}
			}
		})
	}
	wg.Wait()
}

// The size is that of the contents, whether the index was made at once or by changes.
func TestIndexSize(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var b search.Builder
	text, n := 0, int64(10_000)
	members := make(map[int64]string)
	for id := range n {
		members[id] = person(random)
		text += len(members[id])
		b.Add(id, members[id])
	}
	built := b.Size()
	x := b.Index()
	if x.Size() < built || x.Size() < int64(text)+12*n || x.Size() > int64(text)+40*n {
		t.Errorf("%d members of %d bytes take %d", n, text, x.Size())
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(members)), 500) {
		changes := make(map[int64]string)
		for _, id := range part {
			changes[id] = strings.ToUpper(members[id]) // as long as before
		}
		x = x.With(changes)
	}
	if got := x.Size(); got < built || got > built*5/4 {
		t.Errorf("after each member has changed the index takes %d bytes, before %d", got, built)
	}
	gone := make(map[int64]string)
	for id := range n {
		gone[id] = ""
	}
	if got := x.With(gone).Size(); got != 0 {
		t.Errorf("an index without members takes %d bytes", got)
	}
}

// An index of few members has no marks, which would be larger than its text. It finds the same when it grows, member by member.
func TestSmallIndexGrows(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(4, 5))
	var b search.Builder
	for id := range int64(10) {
		b.Add(id, person(random))
	}
	x := b.Index()
	if x.Size() > 3000 {
		t.Errorf("an index of ten members takes %d bytes", x.Size())
	}
	everyone, q := search.Range{To: 1 << 40}, search.NewQuery("needle")
	var want []int64
	for id := int64(10); id < 400; id++ {
		haystack := person(random)
		if id%7 == 0 {
			haystack, want = "a needle", append(want, id)
		}
		if x = x.With(map[int64]string{id: haystack}); !slices.Equal(slices.Collect(x.Hits(q, everyone, false)), want) {
			t.Fatalf("with %d members the hits are wrong", id)
		}
	}
	if built := x.Size(); built < 12_000 {
		t.Errorf("an index of 400 members has no marks: %d bytes", built)
	}
}
