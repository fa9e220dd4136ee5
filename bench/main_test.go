package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"noren/bench/figures"
	"noren/bench/load"
	"noren/pgtest"
)

// TestMain makes the test program the bare server if it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == load.BareCommand {
		if err := bareServer(context.Background(), os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(pgtest.Main(m))
}

func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	var out, tell bytes.Buffer
	if err := run(t.Context(), []string{"-help"}, nil, &out, &tell); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("%v, want the error for help", err)
	}
	for _, name := range []string{"engines", "postgres", "members", "connections", "parts", "length", "rounds", "noren", "dir", "json"} {
		if !strings.Contains(tell.String(), "\n  -"+name+" ") {
			t.Errorf("the help does not name -%s", name)
		}
	}
	if out.Len() > 0 {
		t.Errorf("help went to the result: %s", out.Bytes())
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"-engines mysql", `-engines: "mysql" is none of sqlite, postgres`},
		{"-members many", `-members: "many" is not a number from 1 up`},
		{"-connections 0", `-connections: "0" is not a number from 1 up`},
		{"-parts all", `-parts: "all" is none of apply, accept, decode, http, members, ranks`},
		{"apply", `"apply" is not a flag`},
	} {
		var tell bytes.Buffer
		_, err := parseOptions(strings.Fields(c.args), &tell)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.args, err, c.want)
		}
	}
}

// TestRunFromBeginningToEnd makes a whole run, as short as possible: the server is built and started, every part is
// measured, and everything that was made for it is gone afterwards.
func TestRunFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds the server")
	}
	dir := t.TempDir()
	saved := filepath.Join(t.TempDir(), "result.json")
	var out, tell bytes.Buffer
	err := run(t.Context(), []string{
		"-engines", "sqlite", "-members", "120", "-connections", "1,2", "-length", "20ms", "-rounds", "3", "-dir", dir, "-json", saved,
	}, nil, &out, &tell)
	if err != nil {
		t.Fatalf("%v\n%s", err, tell.Bytes())
	}
	data, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	var r figures.Report
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{
		"decode 1 row, 4 fields", "apply 100 rows: note", "apply 100 rows: names", "accept at the service", "GET /customers/{id}",
		"GET /customers?limit=100", "GET /stock?limit=100", "100 rows until the callback", "accept 1 row while applying", "accept 1 row",
		"GET /members/{id}", "cursor page at 90 %", "PUT /members/bulk 120 rows: note", "PUT /members/point 120 rows: ADD",
		"console: two letters of a name", "console: a code", "1,000 members of a check of ranks", "a slice of a check", "a member read, p95, while ranks are checked",
		"100 rows accepted and applied, p95, while ranks are checked", "the tier of a member with 10000 purchases",
	} {
		at := slices.IndexFunc(r.Rows, func(row figures.Result) bool { return row.What == what })
		if at < 0 {
			t.Errorf("%s was not measured", what)
		} else if row := r.Rows[at]; row.Noren <= 0 || row.Floor <= 0 {
			t.Errorf("%s: noren %v, floor %v", what, row.Noren, row.Floor)
		}
		if !strings.Contains(out.String(), what) {
			t.Errorf("%s is not in the table", what)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%v were left behind, %v", left, err)
	}
}
