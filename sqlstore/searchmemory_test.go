package sqlstore

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"noren"
	"noren/pgtest"
)

// employ gives each of the tenants from 1 on so many members.
func employ(t *testing.T, b *bundle, tenants, members int) {
	t.Helper()
	for of := range noren.TenantID(tenants) {
		list := make([]noren.Member, members)
		for i := range list {
			list[i] = named(int64(i+1), fmt.Sprintf("山田%d", i%7))
		}
		for part := range slices.Chunk(list, 1000) {
			if err := b.update(t.Context(), of+1, func(tx *tx) error { return tx.InsertMembers(t.Context(), part) }); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// heldTenants lists whose index is in memory, and how many bytes are counted.
func heldTenants(m *searchMemory) (tenants []noren.TenantID, used int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var sum int64
	for of, h := range m.tenants {
		if h.state != nil {
			tenants = append(tenants, of)
			if h.size != h.state.size() {
				panic("what a tenant takes is not what is counted")
			}
		}
		sum += h.size
	}
	if sum != m.used {
		panic("what all take is not what is counted")
	}
	slices.Sort(tenants)
	return tenants, m.used
}

// foundNumber returns how many members a keyword finds, without reading them.
func foundNumber(t *testing.T, b *bundle, of noren.TenantID, keyword string) (total int) {
	t.Helper()
	err := b.view(t.Context(), of, func(tx *tx) (err error) {
		_, total, err = tx.Members(t.Context(), noren.MemberFilter{Keyword: keyword, Page: noren.Page{Limit: 1}})
		return err
	})
	if err != nil {
		t.Errorf("keyword %q: %v", keyword, err)
	}
	return total
}

// sizeOfOne is how many bytes the first tenant's index takes.
func sizeOfOne(t *testing.T, b *bundle) int64 {
	t.Helper()
	n := b.node(t, 0)
	for range 2 {
		found(t, n, 1, "山田")
		idle(t, n.search)
	}
	held, used := heldTenants(n.search)
	if !slices.Equal(held, []noren.TenantID{1}) {
		t.Fatalf("%v are held", held)
	}
	return used
}

// idle waits until nothing is being loaded.
func idle(t *testing.T, m *searchMemory) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		m.mu.Lock()
		loading := slices.ContainsFunc(slices.Collect(maps.Values(m.tenants)), func(h *heldIndex) bool { return h.loading != nil || h.ordering })
		m.mu.Unlock()
		if !loading {
			return
		}
		if time.Since(start) > time.Minute {
			t.Fatal("loading does not end")
		}
	}
}

// TestTenantsSearchedLeastLatelyLeave has room for two of three tenants.
func TestTenantsSearchedLeastLatelyLeave(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	employ(t, b, 3, 50)
	found(t, b, 1, "山田")
	_, one := heldTenants(b.search)
	two := b.node(t, 2*one+one/2)
	for _, step := range []struct {
		search noren.TenantID
		want   []noren.TenantID
	}{
		{1, []noren.TenantID{1}},
		{2, []noren.TenantID{1, 2}},
		{1, []noren.TenantID{1, 2}},
		{3, []noren.TenantID{1, 3}},
		{2, []noren.TenantID{2, 3}},
	} {
		if got := found(t, two, step.search, "山田1"); len(got) != 7 {
			t.Errorf("tenant %d: %v are found", step.search, got)
		}
		if got, _ := heldTenants(two.search); !slices.Equal(got, step.want) {
			t.Errorf("after a search of tenant %d those in memory are %v, want %v", step.search, got, step.want)
		}
	}
}

// TestSearchMemoryHasALimit searches many tenants at once, small and large, while their members change. What is held never
// is more than the limit, and everything is found.
func TestSearchMemoryHasALimit(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	const tenants, members = 4, loadedAtOnce + 300
	employ(t, b, tenants, members)
	rename := func(of noren.TenantID, random *rand.Rand) error {
		return b.update(t.Context(), of, func(tx *tx) error {
			list, err := tx.MembersByID(t.Context(), []int64{random.Int64N(members) + 1, random.Int64N(members) + 1}, true)
			if err != nil {
				return err
			}
			var changes []noren.MemberChange
			for _, m := range list {
				after := m
				after.Company = new(fmt.Sprintf("山田%d", random.IntN(9)))
				changes = append(changes, noren.MemberChange{Before: m, After: after})
			}
			return tx.UpdateMembers(t.Context(), changes)
		})
	}
	limit := sizeOfOne(t, b) * 5 / 2
	n := b.node(t, limit)
	var wg sync.WaitGroup
	var busy atomic.Int64
	for i := range 4 {
		busy.Add(1)
		wg.Go(func() {
			defer busy.Add(-1)
			random := rand.New(rand.NewPCG(uint64(i), 4))
			for range 25 {
				of := noren.TenantID(random.IntN(tenants) + 1)
				if err := rename(of, random); err != nil {
					t.Error(err)
				}
				if got := foundNumber(t, n, of, "山田"); got != members {
					t.Errorf("tenant %d: %d are found", of, got)
				}
			}
		})
	}
	most := 0
	for busy.Load() > 0 {
		held, used := heldTenants(n.search)
		if used > limit {
			t.Errorf("%d bytes are held, of at most %d", used, limit)
		}
		most = max(most, len(held))
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
	if idle(t, n.search); most == 0 {
		t.Error("nothing was ever held")
	}
}

// TestTenantThatDoesNotFit is found in the rows, as where nothing is held at all.
func TestTenantThatDoesNotFit(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	employ(t, b, 1, loadedAtOnce+1)
	one := sizeOfOne(t, b)
	for _, limit := range []int64{-1, 1, one / 2, one - 1} {
		n := b.node(t, limit)
		if err := n.LoadSearch(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got := found(t, n, tenant, "山田3"); len(got) != 286 {
				t.Errorf("with %d bytes %d are found", limit, len(got))
			}
			idle(t, n.search)
			if held, used := heldTenants(n.search); len(held) > 0 || used > 0 {
				t.Errorf("with %d bytes %v are held, %d bytes", limit, held, used)
			}
		}
	}
}

// TestSearchLoadsAtStart has members in memory before anybody searches, and what changes while they are loaded.
func TestSearchLoadsAtStart(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	const members = loadedMembers + 500
	made, _, err := b.EnsureTenant(t.Context(), "sb_1")
	if err != nil || made.ID != 1 {
		t.Fatal(made.ID, err)
	}
	employ(t, b, 1, members)
	var pieces atomic.Int64
	db, err := Open(t.Context(), Config{URL: b.url, OnStatement: func(query string) {
		// Before the second piece is read, who was in the first one changes, and somebody comes who would be in it.
		if strings.Contains(query, "id >= ?") && pieces.Add(1) == 2 {
			write(t, b, func(tx *tx) error {
				list, err := tx.MembersByID(t.Context(), []int64{7}, true)
				if err != nil {
					return err
				}
				after := list[0]
				after.Company = new("佐藤")
				if err := tx.UpdateMembers(t.Context(), []noren.MemberChange{{Before: list[0], After: after}}); err != nil {
					return err
				}
				return tx.InsertMembers(t.Context(), []noren.Member{named(0, "佐藤"), named(members+7, "佐藤")})
			})
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.LoadSearch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if db.search.get(1) == nil || pieces.Load() != 2 {
		t.Errorf("not in memory after %d pieces", pieces.Load())
	}
	got := found(t, &bundle{DB: db}, 1, "佐藤")
	if want := []int64{0, 7, members + 7}; !slices.Equal(got, want) {
		t.Errorf("%v are found, want %v", got, want)
	}
	if got := found(t, &bundle{DB: db}, 1, "山田"); len(got) != members-1 {
		t.Errorf("%d are found, want %d", len(got), members-1)
	}
}

// TestSearchesWaitForTheIndex has more searches than connections begin before a large tenant is in memory. All find it there, and
// none keeps others from reading.
func TestSearchesWaitForTheIndex(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	employ(t, b, 1, loadedAtOnce+1)
	hold, begun := make(chan struct{}), make(chan struct{})
	var scans, loads atomic.Int64
	db, err := Open(t.Context(), Config{URL: b.url, OnStatement: func(query string) {
		switch {
		case strings.Contains(query, "id >= ?"): // the index
			if loads.Add(1) == 1 {
				close(begun)
			}
			<-hold
		case strings.Contains(query, searchedSelect):
			scans.Add(1)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	n := &bundle{DB: db}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if got := found(t, n, tenant, "山田3"); len(got) != 286 {
				t.Errorf("%d are found", len(got))
			}
		})
	}
	<-begun
	if got := n.names(t); len(got) > 0 {
		t.Errorf("the keys %v are read", got)
	}
	close(hold)
	wg.Wait()
	if loads.Load() != 1 || scans.Load() != 0 {
		t.Errorf("the members were loaded %d times, and looked at one by one %d times", loads.Load(), scans.Load())
	}
}

// TestSearchMeetsTheEndOfLoading: a search that has found no index, and then nobody who loads it, because that has just ended, is run
// again with the index, and does not look at the rows.
func TestSearchMeetsTheEndOfLoading(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	employ(t, b, 1, 10)
	var runs []bool
	err := patiently(t.Context(), func(impatient bool) error {
		runs = append(runs, impatient)
		found(t, b, tenant, "山田") // which loads it meanwhile
		return (&tx{db: b.DB, tenant: tenant, impatient: impatient}).await()
	})
	if err != nil || !slices.Equal(runs, []bool{false, true}) {
		t.Errorf("run %v, error %v", runs, err)
	}
}

// TestSearchCatchesUp has so much change that a search leaves it to the background.
func TestSearchCatchesUp(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	employ(t, b, 1, 10)
	found(t, b, tenant, "山田")
	n := b.node(t, 0)
	for from := int64(100); from < 100+missedMembers+1000; from += 1000 {
		list := make([]noren.Member, 1000)
		for i := range list {
			list[i] = named(from+int64(i), "佐藤")
		}
		write(t, n, func(tx *tx) error { return tx.InsertMembers(t.Context(), list) })
	}
	for range 2 {
		if got := found(t, b, tenant, "佐藤"); len(got) != missedMembers+1000 {
			t.Errorf("%d are found", len(got))
		}
		idle(t, b.search)
		if b.search.get(tenant) == nil {
			t.Error("the index is not brought up to date")
		}
	}
}

// TestDatabaseOfTheReleaseBefore opens a database that was made with tables for the search.
func TestDatabaseOfTheReleaseBefore(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"sqlite": "sqlite:" + t.TempDir() + "/noren.db", "postgres": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old := &bundle{url: url, DB: &DB{flavor: newSQLite()}}
			index := "INSERT INTO member_tokens (rowid, tokens) VALUES ((1 << 34) + 7, '1:山田')"
			if name == "postgres" {
				old = &bundle{url: pgtest.Database(t), DB: &DB{flavor: newPostgres()}}
				index = "INSERT INTO token_members (tenant_id, token, block, members) VALUES (1, '山田', 0, 128)"
			}
			raw := old.connect(t)
			files, others, _, err := old.flavor.migrations()
			if err != nil {
				t.Fatal(err)
			}
			provider, err := goose.NewProvider(old.flavor.dialect, raw, files, goose.WithExcludeNames(others))
			if err == nil {
				_, err = provider.UpTo(t.Context(), 11)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range []string{
				`INSERT INTO members (tenant_id, id, code, last_name, sex, mail_opt_in, status, is_invoice_provider, skip_next_check, created_at, updated_at)
					VALUES (1, 7, 'MB7', '山田', '', false, 'ACTIVE', false, false, 0, 0)`,
				"INSERT INTO counters (tenant_id, name, next) VALUES (1, 'members_total', 1)",
				"INSERT INTO member_search (tenant_id, member_id, haystack) VALUES (1, 7, '山田')",
				index,
			} {
				if _, err := raw.ExecContext(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			b := setup(t, old.url)
			if got := found(t, b, tenant, "山田"); !slices.Equal(got, []int64{7}) {
				t.Errorf("%v are found, want the member who was there", got)
			}
			write(t, b, func(tx *tx) error {
				list, err := tx.MembersByID(t.Context(), []int64{7}, true)
				if err != nil {
					return err
				}
				after := list[0]
				after.LastName = new("佐藤")
				return tx.UpdateMembers(t.Context(), []noren.MemberChange{{Before: list[0], After: after}})
			})
			if got := found(t, b, tenant, "佐藤"); !slices.Equal(got, []int64{7}) {
				t.Errorf("%v are found by the new name", got)
			}
			for _, table := range []string{"member_search", "member_tokens", "token_members", "gram_blocks", "search_version"} {
				if _, err := raw.ExecContext(t.Context(), "SELECT 1 FROM "+table); err == nil {
					t.Errorf("%s is still there", table)
				}
			}
		})
	}
}
