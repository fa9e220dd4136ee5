package sqlstore

import (
	"database/sql"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"noren"
)

// BenchmarkRawInsert is the floor: one row, one commit, straight through the driver.
func BenchmarkRawInsert(b *testing.B) {
	source, err := sqliteSource(filepath.Join(b.TempDir(), "raw.db"), false)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := sql.Open("sqlite", source)
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	if _, err := raw.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, body text)"); err != nil {
		b.Fatal(err)
	}
	stmt, err := raw.Prepare("INSERT INTO t (body) VALUES (?)") //nolint:sqlclosecheck // closed with its database at the end of the benchmark
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := stmt.Exec(`{"members":[{"id":1,"note":"x"}]}`); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAccept accepts one-row bulk requests from so many callers at once, each of a tenant of its own.
func BenchmarkAccept(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(strconv.Itoa(callers), func(b *testing.B) {
			s := setupWriter(b)
			var left, token atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			var wg sync.WaitGroup
			for caller := range callers {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						r := noren.BulkRequest{
							Token: strconv.FormatInt(token.Add(1), 10), Kind: noren.BulkMembers, Dialect: noren.Smaregi,
							ClientID: 1, CallbackURL: "https://example.com/callback", AcceptedAt: time.Unix(0, 0),
						}
						err := s.Update(b.Context(), noren.TenantID(caller+1), func(tx noren.Tx) error {
							_, err := tx.AcceptBulk(b.Context(), []noren.BulkRequest{r}, [][]byte{[]byte(`{"members":[{"id":1,"note":"x"}]}`)})
							return err
						})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
