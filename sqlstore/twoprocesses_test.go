package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
)

// file is the path of the bundle's SQLite database.
func (b *bundle) file() string {
	path, _, _ := strings.Cut(strings.TrimPrefix(b.url, "sqlite:"), "?")
	return path
}

// Writes that another process keeps waiting are told to come back, within the bound and a little: also those that came
// while others were waiting, which do not wait for one after another.
func TestLockOfAnotherProcessIsBounded(t *testing.T) {
	t.Parallel()
	other := setupSQLite(t)
	const bound = 400 * time.Millisecond
	db, err := Open(t.Context(), Config{URL: other.url, Clock: fixedClock, LockWait: bound})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	lock, err := other.connect(t).Begin() // immediate, as _txlock says
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			time.Sleep(time.Duration(i) * bound / 4)
			began := time.Now()
			err := db.update(t.Context(), tenant, put(t.Context(), fmt.Sprint("name ", i)))
			if e, ok := errors.AsType[*noren.Error](err); !ok || e.Kind != noren.Unavailable || e.RetryAfter == 0 {
				t.Errorf("write %d: %v", i, err)
			}
			if took := time.Since(began); took > 3*bound {
				t.Errorf("write %d waited for %v", i, took)
			}
		})
	}
	wait.Wait()
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := db.update(t.Context(), tenant, put(t.Context(), "afterwards")); err != nil {
		t.Error(err)
	}
}

// A process that writes beside one that writes all the time gets its turns.
func TestWritesBesideALoadedProcess(t *testing.T) {
	t.Parallel()
	loaded := setupSQLite(t, "_pragma=synchronous(0)")
	db, err := Open(t.Context(), Config{URL: loaded.url, Clock: fixedClock, LockWait: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				err := loaded.update(t.Context(), tenant, put(t.Context(), fmt.Sprint("loaded ", i, " ", n)))
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 30 {
		if err := db.update(t.Context(), tenant, put(t.Context(), fmt.Sprint("beside ", n))); err != nil {
			t.Errorf("write %d: %v", n, err)
		}
	}
	cancel()
	wait.Wait()
}

// A database that is opened to be read is not written, whatever its version.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	if err := b.update(t.Context(), tenant, put(t.Context(), "name")); err != nil {
		t.Fatal(err)
	}
	b.settle(t)
	read := func() []byte {
		content, err := os.ReadFile(b.file())
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	before := read()
	db, err := Open(t.Context(), Config{URL: b.url, Clock: fixedClock, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if checks, err := db.Verify(t.Context()); err != nil || len(checks) < 10 {
		t.Errorf("%d checks, %v", len(checks), err)
	}
	if err := db.update(t.Context(), tenant, put(t.Context(), "other")); err == nil {
		t.Error("it was written")
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if _, err := b.connect(t).Exec("DELETE FROM goose_db_version WHERE version_id > 9"); err != nil {
		t.Fatal(err)
	}
	b.settle(t)
	older := read()
	_, err = Open(t.Context(), Config{URL: b.url, Clock: fixedClock, ReadOnly: true})
	if err == nil || !strings.Contains(err.Error(), "its schema has version 9, and this program needs") {
		t.Errorf("an older schema: %v", err)
	}
	if !bytes.Equal(before[:16], older[:16]) || !bytes.Equal(older, read()) {
		t.Error("the file was changed")
	}
	if _, err := Open(t.Context(), Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "none.db"), ReadOnly: true}); err == nil {
		t.Error("a file that is not there was opened")
	}
}

// settle moves what is in SQLite's log into the file.
func (b *bundle) settle(t *testing.T) {
	t.Helper()
	if _, err := b.connect(t).Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
}

// A damaged file is found by SQLite's own check, before anything is read from it.
func TestVerifyFindsDamagedFiles(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	for i := range 50 {
		if err := b.update(t.Context(), tenant, putLong(t.Context(), fmt.Sprint("name ", i), strings.Repeat("x", 2000))); err != nil {
			t.Fatal(err)
		}
	}
	b.settle(t)
	sound, err := os.ReadFile(b.file())
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	found := 0
	for n := 1; n < len(sound)/page; n += 7 {
		damaged := bytes.Clone(sound)
		copy(damaged[n*page:], bytes.Repeat([]byte{0x5a}, 64))
		path := filepath.Join(t.TempDir(), "damaged.db")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := Open(t.Context(), Config{URL: "sqlite:" + path, Clock: fixedClock, ReadOnly: true})
		if err != nil {
			found++ // not even the version can be read
			continue
		}
		checks, err := db.Verify(t.Context())
		if err != nil || len(checks) == 0 || checks[0].Violated == 0 || len(checks) > 1 {
			t.Errorf("page %d: %d checks, %v", n, len(checks), err)
		} else {
			found++
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	if found == 0 {
		t.Error("no page was damaged")
	}
}

// A file, or a directory, that cannot be written is named when it is opened, not by each write later.
func TestReadOnlyPlaces(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	b := setupSQLite(t)
	b.settle(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "copy.db")
	content, err := os.ReadFile(b.file())
	if err == nil {
		err = os.WriteFile(path, content, 0o400)
	}
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string) {
		t.Helper()
		_, err := Open(t.Context(), Config{URL: "sqlite:" + path, Clock: fixedClock})
		if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("the database file cannot be written")
	if err := errors.Join(os.Chmod(path, 0o600), os.Chmod(dir, 0o500)); err != nil {
		t.Fatal(err)
	}
	refused("the directory of the database file cannot be written")
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}
