package files_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"noren/files"
)

func setup(t *testing.T) (files.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "deep", "files")
	s, err := files.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, dir
}

func TestPutOpenRemove(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	want := bytes.Repeat([]byte("暖簾"), 100_000)
	if n, err := s.Put(t.Context(), "1/photo.jpg", bytes.NewReader(want)); err != nil || n != int64(len(want)) {
		t.Fatalf("Put = %d, %v", n, err)
	}
	r, size, err := s.Open(t.Context(), "1/photo.jpg")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, want) || size != int64(len(want)) {
		t.Errorf("read %d bytes of %d, %v", len(got), size, err)
	}
	r.Close()
	for range 2 {
		if err := s.Remove(t.Context(), "1/photo.jpg"); err != nil {
			t.Errorf("Remove: %v", err)
		}
	}
	if _, _, err := s.Open(t.Context(), "1/photo.jpg"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open after Remove: %v", err)
	}
}

// Check finds out whether files can be stored, and leaves nothing behind.
func TestCheck(t *testing.T) {
	t.Parallel()
	s, dir := setup(t)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it leaves %v, %v", left, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err == nil {
		t.Error("files can be stored in a directory that has gone")
	}
	b := setupBucket(t, "")
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("a bucket: %v", err)
	}
}

// A reader that fails leaves nothing behind: neither the file nor a draft.
func TestPutIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s, dir := setup(t)
	broken := errors.New("the client hung up")
	_, err := s.Put(t.Context(), "1/a.jpg", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("Put = %v", err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "1"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestNamesThatAreNoFiles(t *testing.T) {
	t.Parallel()
	s, dir := setup(t)
	if err := os.WriteFile(filepath.Join(dir, "..", "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"", "a", "/", "1/", "/a", "../secret", "1/../../secret", "1/a/b", "1/.hidden", "1/a\x00b", `1\a`, "1/..", "./a", "1/ä",
	} {
		if _, _, err := s.Open(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q) = %v", name, err)
		}
		if _, err := s.Put(t.Context(), name, strings.NewReader("x")); err == nil {
			t.Errorf("Put(%q) is taken", name)
		}
		if err := s.Remove(t.Context(), name); err == nil {
			t.Errorf("Remove(%q) is taken", name)
		}
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 10, 0, 30, 0, time.UTC)
	query := files.Link("secret", "1/a.jpg", "顔写真.jpg", false, now)
	tests := []struct {
		name, secret, file string
		at                 time.Time
		forge              string
		ok                 bool
	}{
		{"at once", "secret", "1/a.jpg", now, "", true},
		{"just before the end", "secret", "1/a.jpg", now.Add(files.LinkLife - 31*time.Second), "", true},
		{"at the end", "secret", "1/a.jpg", now.Add(files.LinkLife - 30*time.Second), "", false},
		{"another file", "secret", "1/b.jpg", now, "", false},
		{"another tenant", "secret", "2/a.jpg", now, "", false},
		{"another secret", "other", "1/a.jpg", now, "", false},
		{"another name", "secret", "1/a.jpg", now, "", false},
		{"a parameter more", "secret", "1/a.jpg", now, "", false},
		{"a parameter twice", "secret", "1/a.jpg", now, "", false},
		{"viewed", "secret", "1/a.jpg", now, "", false},
		{"a longer life", "secret", "1/a.jpg", now, "99999999999", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			q := files.Link("secret", "1/a.jpg", "顔写真.jpg", false, now)
			if test.forge != "" {
				q.Set("expires", test.forge)
			}
			switch test.name {
			case "another name":
				q.Set("name", "evil.exe")
			case "a parameter more":
				q.Set("x", "")
			case "a parameter twice":
				q.Add("name", "evil.exe")
			case "viewed":
				q.Set("view", "1")
			}
			if err := files.Check(test.secret, test.file, q, test.at); (err == nil) != test.ok {
				t.Errorf("Check = %v", err)
			}
		})
	}
	if again := files.Link("secret", "1/a.jpg", "顔写真.jpg", false, now.Add(20*time.Second)); again.Encode() != query.Encode() {
		t.Error("two links of one minute differ")
	}
	viewed := files.Link("secret", "1/a.jpg", "", true, now)
	if err := files.Check("secret", "1/a.jpg", viewed, now); err != nil || viewed.Get(files.QueryView) == "" {
		t.Errorf("an address to view the file: %v, %v", viewed, err)
	}
	viewed.Del(files.QueryView)
	if files.Check("secret", "1/a.jpg", viewed, now) == nil {
		t.Error("an address to view the file saves it too")
	}
}
