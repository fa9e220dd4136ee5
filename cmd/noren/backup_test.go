package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"noren/sqlstore"
)

// entry is one of an archive.
type entry struct {
	header tar.Header
	data   []byte
}

// packed is an archive of the entries.
func packed(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		e.header.Size = int64(len(e.data))
		err := w.WriteHeader(&e.header)
		if err == nil {
			_, err = w.Write(e.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// madeBackup is the entries of a backup with two files. They are added by hand: the database of a new tenant refers to none.
func madeBackup(t *testing.T) []entry {
	t.Helper()
	dir := t.TempDir()
	database := filepath.Join(dir, "noren.db")
	h, err := openHouse(t.Context(), "sqlite:"+database, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h.close()
	copied := filepath.Join(dir, "copy.db")
	if err := sqlstore.Copy(t.Context(), "sqlite:"+database, copied); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	archive := &summed{Writer: tar.NewWriter(&b)}
	err = archive.add(backupDatabase, bytes.NewReader(data), int64(len(data)))
	for _, name := range []string{"t1/a.txt", "t1/b.txt"} {
		err = errors.Join(err, archive.add(backupFiles+name, strings.NewReader(strings.Repeat("x", 700)), 700))
	}
	sums := archive.sums.String()
	if err = errors.Join(err, archive.add(backupSums, strings.NewReader(sums), int64(len(sums))), archive.Close()); err != nil {
		t.Fatal(err)
	}
	var entries []entry
	for r := tar.NewReader(&b); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{*header, data})
	}
}

// restored restores an archive to a directory of its own, and returns whether there is a database then.
func restored(ctx context.Context, t *testing.T, archive []byte) (n int, there bool, err error) {
	t.Helper()
	dir := t.TempDir()
	file, path := filepath.Join(dir, "b.tar"), filepath.Join(dir, "noren.db")
	if err := os.WriteFile(file, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	c := restoreCmd{databaseFlag{"sqlite:" + path}, filesFlag{filepath.Join(dir, "files")}, file}
	n, err = c.restore(ctx, path)
	left, globErr := filepath.Glob(path + ".restoring*")
	if globErr != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, globErr)
	}
	_, statErr := os.Stat(path)
	return n, statErr == nil, err
}

// TestRestoreTakesWholeBackupsOnly gives it backups that were cut off, changed and made by others.
func TestRestoreTakesWholeBackupsOnly(t *testing.T) {
	t.Parallel()
	made := madeBackup(t)
	if n, there, err := restored(t.Context(), t, packed(t, made...)); n != 2 || !there || err != nil {
		t.Fatalf("a whole one: %d files, %t, %v", n, there, err)
	}
	changed := func(at int, change func(e *entry)) []byte {
		list := slices.Clone(made)
		list[at].data = slices.Clone(list[at].data)
		change(&list[at])
		return packed(t, list...)
	}
	foreign := []entry{{header: tar.Header{Name: backupDatabase, Mode: 0o600}, data: []byte("SQLite format 3\x00 and no more")}}
	for name, archive := range map[string][]byte{
		"without its end":                packed(t, made[:len(made)-1]...),
		"without the last file":          packed(t, append(slices.Clone(made[:len(made)-2]), made[len(made)-1])...),
		"the database alone":             packed(t, made[0]),
		"a changed file":                 changed(1, func(e *entry) { e.data[5] = 'y' }),
		"an unused byte of the database": changed(0, func(e *entry) { e.data[70] ^= 1 }), // reserved for later versions of SQLite
		"a link":                         changed(1, func(e *entry) { e.header.Typeflag, e.header.Linkname, e.data = tar.TypeSymlink, "/etc/passwd", nil }),
		"a way out":                      changed(1, func(e *entry) { e.header.Name = backupFiles + "../../x" }),
		"another database":               packed(t, foreign...),
		"files in another order":         packed(t, made[0], made[2], made[1], made[3]),
		"no archive":                     []byte("PK\x03\x04"),
		"the end twice as the sums":      changed(3, func(e *entry) { e.data = append(e.data, e.data...) }),
	} {
		if _, there, err := restored(t.Context(), t, archive); err == nil || there {
			t.Errorf("%s: %v, and there is a database: %t", name, err, there)
		}
	}
	whole := packed(t, made...)
	for cut := 0; cut < len(whole)-1024; cut += 500 * max(1, len(whole)/500/80) {
		_, there, err := restored(t.Context(), t, whole[:cut])
		if err == nil || there {
			t.Errorf("cut off at %d: %v, and there is a database: %t", cut, err, there)
		} else if _, usage := errors.AsType[usageError](err); !usage || cut > 0 && !strings.Contains(err.Error(), "cut off") {
			t.Errorf("cut off at %d: %v", cut, err)
		}
	}
}
