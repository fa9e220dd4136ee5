package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestBackups makes backups by the clock: the first when the last is old enough, and the oldest are removed.
func TestBackups(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "noren.db")
	h, err := openHouse(t.Context(), database, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h.close()
	store, err := filesFlag{filepath.Join(dir, "files")}.open()
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	b, err := backupsFlags{filepath.Join(dir, "backups"), "6h", "2"}.plan(database)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)
	b.store, b.log, b.now = store, slog.New(slog.DiscardHandler), func() time.Time { return now }
	// Others' files, and what an interrupted backup has left, are none.
	for _, name := range []string{"mine", "noren-20260101", "noren-20261126T020000Z.tar.partial"} {
		if err := os.Mkdir(filepath.Join(b.directory, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if wait := b.untilNext(); wait != 0 {
		t.Errorf("the first comes after %v", wait)
	}
	for range 3 {
		if !b.make(t.Context()) {
			t.Fatal("it fails")
		}
		now = now.Add(6 * time.Hour)
	}
	if got := b.list(); !slices.Equal(got, []string{"noren-20261126T090000Z.tar", "noren-20261126T150000Z.tar"}) {
		t.Errorf("kept are %v", got)
	}
	for by, want := range map[time.Duration]time.Duration{0: 0, -5 * time.Hour: 5 * time.Hour, time.Hour: 0, -7 * time.Hour: 0} {
		b.now = func() time.Time { return now.Add(by) }
		if wait := b.untilNext(); wait != want {
			t.Errorf("%v later the next comes after %v, want %v", by, wait, want)
		}
	}
	if _, err := os.Stat(filepath.Join(b.directory, "mine")); err != nil {
		t.Error(err)
	}
}
