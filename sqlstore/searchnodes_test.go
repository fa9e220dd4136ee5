package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"noren"
)

// errMind is why a closure takes back what it did.
var errMind = errors.New("changed my mind")

// node opens the bundle's database once more, as another server does.
func (b *bundle) node(t *testing.T, memory int64) *bundle {
	t.Helper()
	other := &bundle{url: b.url}
	db, err := Open(t.Context(), Config{
		URL: b.url, Clock: fixedClock, SearchMemory: memory, OnStatement: func(string) { other.statements.Add(1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	other.DB = db
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return other
}

// crowdNames are of few parts, so that each keyword is found in some.
func crowdName(random *rand.Rand) string {
	return []string{"山", "田", "佐", "藤"}[random.IntN(4)] + []string{"田", "藤", "口"}[random.IntN(3)]
}

// scribble changes some of the members in one of the ways that there are, and takes one in four changes back.
func scribble(ctx context.Context, b *bundle, random *rand.Rand, next *atomic.Int64) error {
	err := b.update(ctx, tenant, func(tx *tx) error {
		if random.IntN(4) == 0 {
			m := named(next.Add(1), crowdName(random))
			if err := tx.InsertMembers(ctx, []noren.Member{m}); err != nil {
				return err
			}
		}
		ids := []int64{random.Int64N(40) + 1, random.Int64N(40) + 1, random.Int64N(next.Load()) + 1}
		members, err := tx.MembersByID(ctx, ids, true)
		if err != nil {
			return err
		}
		var changes []noren.MemberChange
		for _, m := range members {
			after := m
			if after.Note = new(crowdName(random)); random.IntN(3) > 0 {
				after.Company = new(crowdName(random))
			}
			changes = append(changes, noren.MemberChange{Before: m, After: after})
		}
		if err := tx.UpdateMembers(ctx, changes); err != nil {
			return err
		}
		if random.IntN(4) == 0 {
			return errMind
		}
		return nil
	})
	if errors.Is(err, errMind) {
		return nil
	}
	return err
}

// lookUp compares what keywords find with what looking at every member of the same snapshot finds. The members are read first,
// so that other searches may bring the index further meanwhile.
func lookUp(ctx context.Context, b *bundle, random *rand.Rand) error {
	return b.view(ctx, tenant, func(tx *tx) error {
		all, _, err := tx.Members(ctx, noren.MemberFilter{})
		if err != nil {
			return err
		}
		for range 3 {
			f := noren.MemberFilter{Keyword: []string{"山", "田", "藤", "山田", "佐藤", "口", "無", "田 山", "1"}[random.IntN(9)]}
			if random.IntN(2) == 0 {
				f.Sort, f.Page = []noren.Sort{{Column: "code", Desc: true}}, noren.Page{Limit: 5, Offset: random.IntN(3)}
			}
			if random.IntN(3) == 0 {
				f.Page = noren.Page{Limit: 4, Offset: random.IntN(6)}
			}
			list, total, err := tx.Members(ctx, f)
			if err != nil {
				return err
			}
			want := naive(all, f)
			n := len(want)
			want = want[min(f.Offset, n):]
			if f.Limit > 0 {
				want = want[:min(f.Limit, len(want))]
			}
			if got := idsOf(list); !slices.Equal(got, want) || total != n {
				return fmt.Errorf("%+v finds %v of %d, want %v of %d", f, got, total, want, n)
			}
		}
		return nil
	})
}

// naive lists the members whom a keyword finds, in the order of the filter: by id, or by code from the last down.
func naive(members []noren.Member, f noren.MemberFilter) (ids []int64) {
	var found []noren.Member
	for _, m := range members {
		matches := true
		for word := range strings.FieldsSeq(f.Keyword) {
			matches = matches && (strings.Contains(*m.Company, word) || strings.Contains(m.Code, word))
		}
		if matches {
			found = append(found, m)
		}
	}
	if f.Sort != nil {
		slices.SortFunc(found, func(a, b noren.Member) int { return strings.Compare(b.Code, a.Code) })
	}
	return idsOf(found)
}

func idsOf(members []noren.Member) (ids []int64) {
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	return ids
}

// TestSearchAmongWriters has two servers write and search at once. Each search has to find exactly what its snapshot has.
func TestSearchAmongWriters(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		nodes := []*bundle{b, b.node(t, 0)}
		var next atomic.Int64
		var members []noren.Member
		for range 40 {
			members = append(members, named(next.Add(1), "山田"))
		}
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), members) })
		var wg sync.WaitGroup
		var writing atomic.Int64
		for i := range 4 {
			writing.Add(1)
			wg.Go(func() {
				defer writing.Add(-1)
				random := rand.New(rand.NewPCG(uint64(i), 1))
				for range 60 {
					if err := scribble(t.Context(), nodes[i%2], random, &next); err != nil {
						t.Error(err)
						return
					}
				}
			})
			wg.Go(func() {
				random := rand.New(rand.NewPCG(uint64(i), 2))
				for writing.Load() > 0 && !t.Failed() {
					if err := lookUp(t.Context(), nodes[i%2], random); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for i, n := range nodes {
			if err := lookUp(t.Context(), n, rand.New(rand.NewPCG(1, 3))); err != nil {
				t.Error(err)
			}
			if n.search.get(tenant) == nil {
				t.Errorf("server %d has no index in memory", i+1)
			}
		}
		checkInvariants(t, b)
	})
}

// checkInvariants fails the test where stored data is not as it has to be.
func checkInvariants(t *testing.T, b *bundle) {
	t.Helper()
	checks, err := b.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Violated > 0 && strings.Contains(c.Name, "changes of members") {
			t.Errorf("%q: %q", c.Name, c.Violations)
		}
	}
}

// TestSearchOfAnEarlierSnapshot keeps a snapshot open while a neighbour's search brings the index further.
func TestSearchOfAnEarlierSnapshot(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		before := []noren.Member{named(1, "山田"), named(2, "佐藤")}
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), before) })
		rename := func(i int, company string) {
			after := before[i]
			after.Company = &company
			write(t, b, func(tx *tx) error {
				return tx.UpdateMembers(t.Context(), []noren.MemberChange{{Before: before[i], After: after}})
			})
			before[i] = after
		}
		found(t, b, tenant, "山田")
		rename(0, "山口")
		err := b.view(t.Context(), tenant, func(old *tx) error {
			if _, err := old.MembersByID(t.Context(), []int64{1}, false); err != nil { // the snapshot is taken
				return err
			}
			rename(1, "山田")
			rename(0, "田山")
			write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), []noren.Member{named(3, "佐藤")}) })
			for keyword, want := range map[string][]int64{"山田": {2}, "田山": {1}, "佐藤": {3}, "山口": nil} {
				if got := found(t, b, tenant, keyword); !slices.Equal(got, want) {
					t.Errorf("now %q finds %v, want %v", keyword, got, want)
				}
			}
			for keyword, want := range map[string][]int64{"山口": {1}, "佐藤": {2}, "山田": nil, "山": {1}, "田山": nil, "田": nil} {
				list, total, err := old.Members(t.Context(), noren.MemberFilter{Keyword: keyword})
				if got := idsOf(list); err != nil || !slices.Equal(got, want) || total != len(want) {
					t.Errorf("in the snapshot %q finds %v of %d, error %v, want %v", keyword, got, total, err, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if b.search.get(tenant) == nil {
			t.Error("an earlier snapshot has let the index go")
		}
	})
}

// TestSearchInATransactionThatWrites finds what the transaction itself has written.
func TestSearchInATransactionThatWrites(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), []noren.Member{named(1, "山田")}) })
		found(t, b, tenant, "山田")
		write(t, b, func(tx *tx) error {
			if err := tx.InsertMembers(t.Context(), []noren.Member{named(2, "山田")}); err != nil {
				return err
			}
			list, total, err := tx.Members(t.Context(), noren.MemberFilter{Keyword: "山田"})
			if got := idsOf(list); !slices.Equal(got, []int64{1, 2}) || total != 2 {
				t.Errorf("the transaction finds %v of %d", got, total)
			}
			return err
		})
	})
}

// TestSearchAfterTheDatabaseWentBack restores what was saved under a running server, and writes on until numbers that were
// given before are given again.
func TestSearchAfterTheDatabaseWentBack(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		raw := b.connect(t)
		tables := []string{"members", "member_changes", "counters"}
		run := func(format string) {
			for _, table := range tables {
				if _, err := raw.ExecContext(t.Context(), strings.ReplaceAll(format, "%s", table)); err != nil {
					t.Fatal(err)
				}
			}
		}
		insert := func(id int64, company string) {
			write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), []noren.Member{named(id, company)}) })
		}
		insert(1, "山田")
		insert(2, "佐藤")
		run("CREATE TABLE saved_%s AS SELECT * FROM %s")
		for again := range int64(4) { // numbers of the other history that are passed before the next search
			insert(3, "山田")
			write(t, b, func(tx *tx) error {
				return tx.UpdateMembers(t.Context(), []noren.MemberChange{{Before: named(2, "佐藤"), After: named(2, "鈴木")}})
			})
			insert(5, "佐藤")
			if got := found(t, b, tenant, "山田"); !slices.Equal(got, []int64{1, 3}) {
				t.Errorf("%v are found before", got)
			}
			run("DELETE FROM %s")
			run("INSERT INTO %s SELECT * FROM saved_%s")
			if again == 0 {
				if got := found(t, b, tenant, "山田"); !slices.Equal(got, []int64{1}) {
					t.Errorf("%v are found after the database went back", got)
				}
			}
			want := []int64{1}
			for n := range again + 1 {
				insert(10+n, "山田")
				want = append(want, 10+n)
			}
			for keyword, want := range map[string][]int64{"山田": want, "鈴木": nil, "佐藤": {2}} {
				if got := found(t, b, tenant, keyword); !slices.Equal(got, want) {
					t.Errorf("after the database went back and %d changes, %q finds %v, want %v", again+1, keyword, got, want)
				}
			}
			run("DELETE FROM %s")
			run("INSERT INTO %s SELECT * FROM saved_%s")
		}
	})
}

// TestSearchAfterMembersWereRemovedByHand does not find who is not there any more.
func TestSearchAfterMembersWereRemovedByHand(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		write(t, b, func(tx *tx) error {
			return tx.InsertMembers(t.Context(), []noren.Member{named(1, "山田"), named(2, "山田"), named(3, "山田")})
		})
		found(t, b, tenant, "山田")
		if _, err := b.connect(t).ExecContext(t.Context(), "DELETE FROM members WHERE id = 2"); err != nil {
			t.Fatal(err)
		}
		if got := found(t, b, tenant, "山田"); !slices.Equal(got, []int64{1, 3}) {
			t.Errorf("%v are found", got)
		}
	})
}

// TestSearchThatMissedTooMuch loads the members anew where the changes that it missed are not stored any more.
func TestSearchThatMissedTooMuch(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), []noren.Member{named(1, "山田")}) })
		found(t, b, tenant, "山田")
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), []noren.Member{named(2, "山田")}) })
		for _, statement := range []string{
			fmt.Sprintf("UPDATE member_changes SET number = %d WHERE number = 2", keptChanges+1),
			fmt.Sprintf("UPDATE counters SET next = %d WHERE name = '%s'", keptChanges+2, counterMemberChange),
		} {
			if _, err := b.connect(t).ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), []noren.Member{named(3, "山田")}) })
		write(t, b, func(tx *tx) error { return tx.forgetMemberChanges(t.Context()) })
		var stored int
		err := b.read(t.Context(), func(tx *tx) error {
			return tx.queryRow(t.Context(), "SELECT COUNT(*) FROM member_changes WHERE tenant_id = ?", tenant).Scan(&stored)
		})
		if err != nil || stored != 2 {
			t.Errorf("%d changes are stored, error %v, want the last two", stored, err)
		}
		for range 2 {
			if got := found(t, b, tenant, "山田"); !slices.Equal(got, []int64{1, 2, 3}) {
				t.Errorf("%v are found", got)
			}
		}
	})
}

func TestPackedIDs(t *testing.T) {
	t.Parallel()
	for _, ids := range [][]int64{nil, {0}, {1, 2, 3}, {5, 9_999_999_999}, {63, 64, 65, 1 << 40}} {
		if got, err := unpackIDs(packIDs(ids)); err != nil || !slices.Equal(got, ids) {
			t.Errorf("%v becomes %v, error %v", ids, got, err)
		}
	}
	if _, err := unpackIDs([]byte{2, 0x80}); err == nil {
		t.Error("a list that was cut off is read")
	}
}
