package dialecttest

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update is the flag of every dialect's tests. A flag must be defined before the flags are parsed.
var update = flag.Bool("update", false, "write the golden files")

// shownHeaders are the headers in a transcript, if present.
var shownHeaders = []string{
	"Allow", "Content-Type", "Link", "Retry-After", "Www-Authenticate", "X-Next-Cursor", "X-Total-Count",
}

// Transcript returns the request and its response as a golden file has them.
func Transcript(r Request, a Answer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n%s\n\n%d %s\n", r.Method, r.Path, r.Body, a.Status, http.StatusText(a.Status))
	for _, name := range shownHeaders {
		if slices.Contains(a.Header[name], a.Header.Get(name)) {
			fmt.Fprintf(&b, "%s: %s\n", name, a.Header.Get(name))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", a.Body)
	return b.String()
}

// CompareGolden compares got with testdata/name.golden byte by byte, or writes the file with -update.
func CompareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
