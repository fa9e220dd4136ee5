package sqlstore

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"noren/pgtest"
	"noren/sharding"
)

// TestDistribute distributes a fresh database, as noren distribute does, and finds nothing to do the second time. That PostgreSQL
// stands for Citus: what is looked at is which statements are run, in an order in which Citus takes them.
func TestDistribute(t *testing.T) {
	t.Parallel()
	url := pgtest.LikeCitus(t)
	ctx := t.Context()
	run := func(apply bool) (told []string, err error) {
		err = Distribute(ctx, url, apply, func(s string) { told = append(told, s) })
		return told, err
	}
	if _, err := run(false); err == nil || !strings.Contains(err.Error(), "noren distribute --apply") {
		t.Errorf("of an empty database: %v", err)
	}
	told, err := run(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"SELECT create_reference_table('tenants')", "SELECT create_reference_table('goose_db_version')",
		"SELECT create_distributed_table('sign_in_failures', 'subject', colocate_with => 'none')", "SELECT create_reference_table('access_tokens')",
		"SELECT create_distributed_table('tenant_tokens', 'tenant_id', colocate_with => 'tenant_rows')",
		"SELECT create_distributed_table('members', 'tenant_id', colocate_with => 'tenant_rows')",
		"ALTER TABLE goose_db_version ALTER COLUMN id TYPE bigint",
	} {
		if !slices.Contains(told, want) {
			t.Errorf("%s was not run, but %q", want, told)
		}
	}
	for _, apply := range []bool{false, true} {
		if again, err := run(apply); err != nil || len(again) > 0 {
			t.Errorf("again, apply %t: %q, %v", apply, again, err)
		}
	}

	// After a migration that makes a table, and one that a program without Citus in mind has made the row of a tenant for.
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{
		"DELETE FROM citus_tables WHERE table_name = 'erasures'::regclass", "INSERT INTO tenants VALUES (7, 'sb_7', '{}', 0, 0)",
	} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"SELECT create_distributed_table('erasures', 'tenant_id', colocate_with => 'tenant_rows')",
		"INSERT INTO tenant_rows (tenant_id) SELECT id FROM tenants ON CONFLICT DO NOTHING",
	}
	for range 2 { // printed, and then run
		if told, err := run(false); err != nil || !slices.Equal(told, want) {
			t.Errorf("after a migration: %q, %v, want %q", told, err, want)
		}
	}

	if _, err := db.ExecContext(ctx, "UPDATE citus_tables SET distribution_column = 'id' WHERE table_name = 'members'::regclass"); err != nil {
		t.Fatal(err)
	}
	if _, err := run(true); err == nil || !strings.Contains(err.Error(), "undistribute_table('members')") {
		t.Errorf("of a table that is distributed otherwise: %v", err)
	}
}

// TestOpenDistributes looks that a server on Citus distributes what its migrations have made.
func TestOpenDistributes(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Citus(t))
	var placed, tables int
	if err := b.connect(t).QueryRow("SELECT count(*) FROM citus_tables").Scan(&placed); err != nil {
		t.Fatal(err)
	}
	if tables = len(sharding.Tables()); placed != tables || !b.flavor.sharded {
		t.Errorf("%d tables are distributed, want %d", placed, tables)
	}
}

// TestDistributeRefuses looks at servers on which nothing can be distributed.
func TestDistributeRefuses(t *testing.T) {
	t.Parallel()
	plain, worker := pgtest.Database(t), pgtest.LikeCitus(t)
	db, err := sql.Open("pgx", worker)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "UPDATE pg_dist_local_group SET groupid = 3"); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		plain: "this server has no Citus", worker: "this is a worker of Citus", "sqlite:x.db": "only PostgreSQL with Citus",
	} {
		for _, apply := range []bool{false, true} {
			err := Distribute(t.Context(), url, apply, func(s string) { t.Errorf("%s was told", s) })
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
		}
	}
	// A server would make its tables on the worker alone.
	if _, err := Open(t.Context(), Config{URL: worker}); err == nil || !strings.Contains(err.Error(), "this is a worker of Citus") {
		t.Errorf("a server on an empty worker: %v", err)
	}
	var tables int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_tables WHERE tablename IN ('tenants', 'migration_lease')").Scan(&tables); err != nil || tables > 0 {
		t.Errorf("%d tables were made on the worker, error %v", tables, err)
	}
}

// TestEveryTableIsListed compares the list of what is distributed with what there is, and looks that each table comes behind those
// that it refers to.
func TestEveryTableIsListed(t *testing.T) {
	t.Parallel()
	db := setup(t, pgtest.Database(t)).connect(t)
	place := make(map[string]int)
	for i, table := range sharding.Tables() {
		place[table.Name] = i
	}
	read := func(query string) (list [][2]string) {
		rows, err := db.Query(query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var r [2]string
			if err := rows.Scan(&r[0], &r[1]); err != nil {
				t.Fatal(err)
			}
			list = append(list, r)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return list
	}
	there := read("SELECT tablename, '' FROM pg_tables WHERE schemaname = 'public'")
	for _, r := range there {
		if _, listed := place[r[0]]; !listed {
			t.Errorf("the table %s is not on the list of package sharding", r[0])
		}
	}
	if len(there) != len(place) {
		t.Errorf("%d tables are listed, but there are %d", len(place), len(there))
	}
	for _, r := range read("SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'") {
		if place[r[0]] < place[r[1]] {
			t.Errorf("%s is listed before %s, to which it refers", r[0], r[1])
		}
	}
}

// TestMigrationsKeepTheRules lints each statement of the migrations for PostgreSQL. Tables that a later one drops are not listed,
// and are not looked at.
func TestMigrationsKeepTheRules(t *testing.T) {
	t.Parallel()
	files, others, _, err := newPostgres().migrations()
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, &sql.DB{}, files, goose.WithExcludeNames(others))
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, source := range provider.ListSources() {
		text, err := migrationFiles.ReadFile("migrations/" + source.Path)
		if err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(withoutComments(string(text)), ";") {
			for _, what := range sharding.Lint(statement, false) {
				if dropped := strings.Contains(what, "search") || strings.Contains(what, "token_members") || strings.Contains(what, "gram_blocks"); !dropped &&
					!strings.HasPrefix(strings.TrimSpace(statement), "INSERT") && !strings.HasPrefix(strings.TrimSpace(statement), "UPDATE") {
					t.Errorf("%s: %s: %.200s", source.Path, what, statement)
				}
			}
			looked++
		}
	}
	if looked < 100 {
		t.Errorf("only %d statements were looked at", looked)
	}
}

// withoutComments leaves out what is behind --, in which a semicolon ends nothing.
func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "--")
		b.WriteString(code + "\n")
	}
	return b.String()
}
