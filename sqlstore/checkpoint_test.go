package sqlstore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLogIsMovedBesideTheWriter: a log that gets longer than SQLite would let it stay is moved into the file and begins again, so
// it does not grow with what is written; and what was moved is all there.
func TestLogIsMovedBesideTheWriter(t *testing.T) {
	t.Parallel()
	const pageSize = 4096
	for name, params := range map[string]string{"beside": "", "as the operator says": "?_pragma=wal_autocheckpoint(1000)"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "noren.db")
			b := setup(t, "sqlite:"+path+params)
			lot := strings.Repeat("x", 20*pageSize)
			const writes = 600 // three times what the log may have
			for n := range writes {
				err := b.update(t.Context(), tenant, func(tx *tx) error {
					_, err := tx.exec(t.Context(), "INSERT INTO counters (tenant_id, name, next) VALUES (?, ?, ?)", tenant, lot, n)
					lot = lot[1:]
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if info, err := os.Stat(path + "-wal"); err != nil || info.Size() > 2*checkpointMost*pageSize {
				t.Errorf("the log: %v, %v", info.Size(), err)
			}
			if info, err := os.Stat(path); err != nil || info.Size() < writes*15*pageSize/2 {
				t.Errorf("the file: %v, %v", info.Size(), err)
			}
			var n int
			if err := b.read(t.Context(), func(tx *tx) error {
				return tx.queryRow(t.Context(), "SELECT COUNT(*) FROM counters WHERE length(name) > 10000").Scan(&n)
			}); err != nil || n != writes {
				t.Errorf("%d of %d writes are there: %v", n, writes, err)
			}
		})
	}
}
