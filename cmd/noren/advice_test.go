package main

import (
	"bytes"
	"database/sql"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"noren/pgtest"
)

// TestAdviceAtTheStart: whatever keeps a server from its first start is told with what to type, in the language of the terminal.
func TestAdviceAtTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	write := func(name, data string) {
		t.Helper()
		if err := os.WriteFile(in(name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("text", strings.Repeat("no database\n", 1000))
	for _, name := range []string{"locked.db", "newer.db"} {
		h, err := openHouse(t.Context(), "sqlite:"+in(name), nil)
		if err != nil {
			t.Fatal(err)
		}
		h.close()
		db, err := sql.Open("sqlite", in(name))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		statements := []string{"INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)"}
		if name == "locked.db" {
			statements = []string{"PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"}
		}
		for _, s := range statements {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name, listen, database, files string
		en, ja                        string
	}{
		{"a port that is taken", taken.Addr().String(), "sqlite:" + in("a.db"), "", "choose another port: --listen 127.0.0.1:", "別のポートを指定してください: --listen 127.0.0.1:"},
		{"no port", "127.0.0.1:99999", "sqlite:" + in("a.db"), "", "Give an address and a port from 1 to 65535", "--listen :8080"},
		{"another machine's address", "203.0.113.5:8080", "sqlite:" + in("a.db"), "", "To listen on all it has: --listen :8080", "--listen :8080"},
		{"no directory", "", "sqlite:" + in("no/such/a.db"), "", "mkdir -p '" + in("no/such") + "'", "mkdir -p '" + in("no/such") + "'"},
		{"a directory", "", "sqlite:" + dir, "", "--database sqlite:" + in("noren.db"), "その中のファイルを指定してください"},
		{"no database", "", "sqlite:" + in("text"), "", "restore a backup", "バックアップを復元"},
		{"a database of a later version", "", "sqlite:" + in("newer.db"), "", "start that one, or one later still", "より新しいバージョン"},
		{"a locked database", "", "sqlite:" + in("locked.db") + "?_pragma=busy_timeout(10)", "", "lsof '" + in("locked.db") + "'", "そのプログラムを終了してから"},
		{"a server that is not there", "", "postgres://shop:secret@127.0.0.1:1/noren", "", "psql -h '127.0.0.1' -p 1 -U 'shop' 'noren'", "パスワードが正しいこと"},
		{"a file in the place of a directory", "", "sqlite:" + in("b.db"), in("text"), "Name another place: --files ", "別の場所を指定してください: --files "},
	} {
		for language, says := range map[string]string{"C.UTF-8": c.en, "ja_JP.UTF-8": c.ja} {
			env := map[string]string{"NOREN_LISTEN": c.listen, "NOREN_FILES": c.files, "NOREN_DATABASE": c.database, "LANG": language}
			if c.listen == "" {
				env["NOREN_LISTEN"] = "127.0.0.1:0"
			}
			if c.files == "" {
				env["NOREN_FILES"] = in("files")
			}
			var out, errs bytes.Buffer
			code := run(t.Context(), []string{"serve"}, func(name string) string { return env[name] }, nil, &out, &errs)
			if code == exitOK || !strings.Contains(errs.String(), says) || strings.Contains(errs.String(), "secret") || strings.Contains(errs.String(), "Citus") {
				t.Errorf("%s in %s: exit code %d\n%s", c.name, language, code, errs.String())
			}
		}
	}
}

// TestAdviceOfPostgres: the server is there, and not the database.
func TestAdviceOfPostgres(t *testing.T) {
	t.Parallel()
	there, err := url.Parse(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	there.Path = "/nowhere"
	var out, errs bytes.Buffer
	env := map[string]string{"NOREN_LISTEN": "127.0.0.1:0", "NOREN_FILES": t.TempDir(), "NOREN_DATABASE": there.String()}
	if code := run(t.Context(), []string{"serve"}, func(name string) string { return env[name] }, nil, &out, &errs); code != exitFailed ||
		!strings.Contains(errs.String(), `database "nowhere" does not exist`) || !strings.Contains(errs.String(), "To see whether it does: psql -h ") {
		t.Errorf("exit code %d\n%s", code, errs.String())
	}
}
