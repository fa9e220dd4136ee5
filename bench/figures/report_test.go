package figures

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func exampleReport() *Report {
	r := &Report{Go: "go1.26", CPUs: 2, Began: "2026-11-22T00:00:00Z"}
	s := Section{r, "sqlite", 1000, 1}
	s.Times("apply 100 rows: note", "the same rows by hand", 1800*time.Microsecond, 1200*time.Microsecond, 2)
	s.Times("apply 100 rows: names", "the same rows by hand", 9*time.Millisecond, 4*time.Millisecond, 2)
	s.With(64).Rates("accept at the service", "a commit for each insert", 12345, 3000, 3)
	s.Share("  of that: JSON", time.Millisecond, 8*time.Millisecond)
	Section{r, "", 0, 1}.Times("decode", "encoding/json", 30*time.Microsecond, 0, 0)
	return r
}

func TestReportTable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := exampleReport().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"go1.26, 2 CPUs, begun 2026-11-22T00:00:00Z",
		"",
		"what                   beside                    engine  members  callers  noren     floor    noren:floor  bound",
		"apply 100 rows: note   the same rows by hand     sqlite  1000     1        1.80 ms   1.20 ms  1.50         ≤ 2",
		"apply 100 rows: names  the same rows by hand     sqlite  1000     1        9.00 ms   4.00 ms  2.25         ≤ 2  missed",
		"accept at the service  a commit for each insert  sqlite  1000     64       12345 /s  3000 /s  4.12         ≥ 3",
		"  of that: JSON                                  sqlite  1000     1        12 %",
		"decode                 encoding/json                              1        0.030 ms",
	}
	var got []string
	for line := range strings.Lines(b.String()) {
		got = append(got, strings.TrimRight(line, " \n"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReportIsSavedAsJSON(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "report.json")
	want := exampleReport()
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Error(diff)
	}
}
