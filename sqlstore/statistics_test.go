package sqlstore

import (
	"context"
	"strconv"
	"testing"
	"time"

	"noren"
	"noren/pgtest"
)

// TestStatisticsFollowGrowth fills a table that was empty when the first statements were planned.
func TestStatisticsFollowGrowth(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	db, err := Open(t.Context(), Config{URL: url, Clock: fixedClock})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(t.Context(), tenant, func(tx noren.Tx) error {
		products := make([]noren.Product, statisticsFrom)
		for i := range products {
			products[i] = noren.Product{ID: int64(i + 1), Code: "P" + strconv.Itoa(i), Name: "傘", CreatedAt: fixedClock(), UpdatedAt: fixedClock()}
		}
		return tx.PutProducts(t.Context(), products)
	}); err != nil {
		t.Fatal(err)
	}
	// Not what PostgreSQL does by itself, which has a column of its own.
	const looked = "SELECT COUNT(last_analyze) FROM pg_stat_user_tables WHERE relname = 'products'"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	raw := connectTo(t, url)
	for n := 0; n == 0; time.Sleep(10 * time.Millisecond) {
		if err := raw.QueryRowContext(ctx, looked).Scan(&n); err != nil {
			t.Fatal("nobody has taken the statistics:", err)
		}
	}
}

// TestStatisticsAreDue notes rows without anybody who takes the statistics.
func TestStatisticsAreDue(t *testing.T) {
	t.Parallel()
	s := &statistics{tables: make(map[string]*growth), due: make(chan string, statisticsWaiting)}
	s.note(map[string]int{"members": statisticsFrom - 1, "audit": statisticsFrom})
	if table := <-s.due; table != "audit" || len(s.due) != 0 {
		t.Errorf("%q is due, and %d more", table, len(s.due))
	}
	s.note(map[string]int{"members": 1, "audit": statisticsFrom})
	if table := <-s.due; table != "members" || len(s.due) != 0 {
		t.Errorf("%q is due, and %d more; audit is being looked at", table, len(s.due))
	}
	s.tables["members"] = &growth{counted: 3 * statisticsFrom}
	s.note(map[string]int{"members": 2 * statisticsFrom})
	if len(s.due) != 0 {
		t.Error("members are due before they have doubled")
	}
	s.note(map[string]int{"members": statisticsFrom})
	if len(s.due) != 1 {
		t.Error("members that have doubled are not due")
	}
	s.close()
	s.note(map[string]int{"products": statisticsFrom}) // does not send what nobody receives
}
