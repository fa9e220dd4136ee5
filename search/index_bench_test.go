package search_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"noren/search"
)

// million are a million made-up members in an index, with names, kana, codes, telephone numbers and mail addresses.
func million(b *testing.B) *search.Index {
	b.Helper()
	last := []string{"佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤", "吉田", "山田", "佐々木", "山口", "松本", "井上", "木村", "林", "斎藤", "清水"}
	kana := []string{"サトウ", "スズキ", "タカハシ", "タナカ", "イトウ", "ワタナベ", "ヤマモト", "ナカムラ", "コバヤシ", "カトウ", "ヨシダ", "ヤマダ", "ササキ", "ヤマグチ", "マツモト", "イノウエ", "キムラ", "ハヤシ", "サイトウ", "シミズ"}
	first := []string{"太郎", "花子", "一郎", "健", "大輔", "愛", "美咲", "翔", "陽子", "誠", "裕子", "直樹", "恵", "剛", "さくら", "蓮", "葵", "結衣", "拓海", "明美", "和也", "真由美"}
	random := rand.New(rand.NewPCG(1, 2))
	var builder search.Builder
	for id := range int64(1_000_000) {
		n := random.IntN(len(last))
		f := first[random.IntN(len(first))]
		keys := search.Keys{
			PostalCode: fmt.Sprintf("%03d-%04d", random.IntN(1000), random.IntN(10000)), ShopifyID: fmt.Sprintf("6%012d", random.Int64N(1e12)),
			BirthDate: fmt.Sprintf("%d-%02d-%02d", 1940+random.IntN(70), 1+random.IntN(12), 1+random.IntN(28)),
		}
		builder.Add(id+1, keys.With(search.Haystack(search.Name(last[n], f), search.Name(kana[n], "タロウ"), fmt.Sprintf("MB%010d", id+1),
			fmt.Sprintf("03-%04d-%04d", random.IntN(10000), random.IntN(10000)), fmt.Sprintf("090-%04d-%04d", random.IntN(10000), random.IntN(10000)),
			fmt.Sprintf("user%d@example%d.jp", random.IntN(1_000_000), random.IntN(50)))))
	}
	return builder.Index()
}

// BenchmarkMillion searches a million members for all hits of keywords of different kinds, and for the first page.
func BenchmarkMillion(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := million(b)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.Logf("%d MB, counted as %d MB", (after.HeapAlloc-before.HeapAlloc)>>20, x.Size()>>20)
	everyone := search.Range{To: 9_999_999_999}
	for _, keyword := range []string{
		"龍龍3", "山田花子", "花子山田", "山田", "山", "ヤマ", "0398", "03987", "039876", "0398765432", "9876", "123", "user123456", "user1234", "example7.jp", "mb0000500000", "500000", "00500000", "花子 山田", "1990/1/2", "〒100-0001",
	} {
		q := search.Typed(keyword)
		for _, most := range []int{50, 1_000_000_000} {
			n := 0
			b.Run(fmt.Sprintf("%s/%d", keyword, most), func(b *testing.B) {
				for b.Loop() {
					n = 0
					for range x.Hits(q, everyone, false) {
						if n++; n == most {
							break
						}
					}
				}
				b.ReportMetric(float64(n), "hits")
			})
		}
	}
	b.Run("change of 100", func(b *testing.B) {
		random := rand.New(rand.NewPCG(1, 3))
		for b.Loop() {
			changes := make(map[int64]string)
			for range 100 {
				changes[random.Int64N(1_000_000)+1] = search.Haystack("佐藤健", "サトウケン", "MB0000000001", "06-1234-5678", "user5@example.com")
			}
			x = x.With(changes)
		}
	})
}
