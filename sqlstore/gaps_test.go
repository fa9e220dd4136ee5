package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestNothingIsLeftBetweenRows moves rows with a secret about in the pages, until copies of them lie in unused room, and removes the
// secret, as erasing somebody does, while others write. The file keeps all that it should, and is sound.
func TestNothingIsLeftBetweenRows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "noren.db")
	b := setup(t, "sqlite:"+path)
	ctx := t.Context()
	run := func(query string, args ...any) {
		t.Helper()
		if err := b.update(ctx, tenant, func(tx *tx) error {
			_, err := tx.exec(ctx, query, args...)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	const rows = 1500
	random := rand.New(rand.NewPCG(1, 2))
	const insert = "INSERT INTO signing_keys (tenant_id, name, secret) VALUES (?, ?, ?)"
	for n := range rows {
		run(insert, tenant, fmt.Sprintf("key %d", random.IntN(1<<30)*rows+n), "secret-of-a-person "+strings.Repeat("x", random.IntN(700)))
	}
	run("UPDATE signing_keys SET secret = 'nothing', previous = ? WHERE tenant_id = ?", strings.Repeat("y", 300), tenant)
	if !leftIn(t, path) {
		t.Fatal("nothing was left, so the test tells nothing")
	}
	stop, writing := context.WithCancel(ctx)
	var others sync.WaitGroup
	others.Go(func() {
		for n := 0; stop.Err() == nil; n++ {
			if err := b.update(ctx, tenant, func(tx *tx) error {
				_, err := tx.exec(ctx, insert, tenant, fmt.Sprintf("other %d", n), strings.Repeat("z", n%900))
				return err
			}); err != nil {
				t.Error(err)
			}
		}
	})
	b.scrub.Store(true)
	gone := false
	for end := time.Now().Add(time.Minute); !gone && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		gone = !leftIn(t, path)
	}
	writing()
	others.Wait()
	if !gone {
		t.Error("the secret is still in the file")
	}
	var kept int
	if err := b.read(ctx, func(tx *tx) error {
		return tx.queryRow(ctx, "SELECT COUNT(*) FROM signing_keys WHERE tenant_id = ? AND secret = 'nothing' AND length(previous) = 300", tenant).Scan(&kept)
	}); err != nil || kept != rows {
		t.Errorf("%d of %d rows are left, %v", kept, rows, err)
	}
	check, err := b.checkFile(ctx)
	if err != nil || check.Violated > 0 {
		t.Errorf("the file: %v, %v", check, err)
	}
}

// leftIn reports whether the secret is in the database file or its log.
func leftIn(t *testing.T, path string) bool {
	t.Helper()
	for _, file := range []string{path, path + "-wal"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("secret-of-a-person")) {
			return true
		}
	}
	return false
}

// TestGapsOfPages takes for unused room only what is plainly that.
func TestGapsOfPages(t *testing.T) {
	t.Parallel()
	page := func(change func(p []byte)) []byte {
		p := make([]byte, 512)
		// A leaf with two rows, at 400 and 450.
		copy(p, []byte{13, 0, 0, 0, 2, 1, 144, 0, 1, 194, 1, 144})
		for i := 12; i < 400; i++ {
			p[i] = 'x'
		}
		change(p)
		return p
	}
	if from, to, ok := gapOf(page(func([]byte) {})); !ok || from != 12 || to != 400 {
		t.Errorf("the unused room is from %d to %d, %v", from, to, ok)
	}
	for name, change := range map[string]func(p []byte){
		"another type":              func(p []byte) { p[0] = 1 },
		"rows before their room":    func(p []byte) { p[10], p[11] = 1, 143 },
		"rows beyond the page":      func(p []byte) { p[8] = 2 },
		"pointers beyond the rows":  func(p []byte) { p[3], p[4] = 1, 0 },
		"room beyond the page":      func(p []byte) { p[5] = 3 },
		"free room before the rows": func(p []byte) { p[1], p[2] = 0, 200 },
		"fragments":                 func(p []byte) { p[7] = 61 },
		"no rows":                   func(p []byte) { p[4] = 0 },
	} {
		if from, to, ok := gapOf(page(change)); ok {
			t.Errorf("%s: from %d to %d", name, from, to)
		}
	}
	if _, _, ok := gapOf(nil); ok {
		t.Error("of no page")
	}
}
