package sharding_test

import (
	"strings"
	"testing"

	"noren/sharding"
)

// TestLintFindsPlantedViolations plants one violation of each rule.
func TestLintFindsPlantedViolations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sql, want string }{
		{"no tenant", "SELECT id FROM members WHERE code = ?", "SELECT of members without its tenant_id"},
		{"a tenant beside OR", "SELECT id FROM members WHERE tenant_id = ? OR id = ?", "without its tenant_id"},
		{"a tenant of a list", "SELECT id FROM members WHERE tenant_id = ANY(?)", "without its tenant_id"},
		{"a join without it", "SELECT 1 FROM members m JOIN ranks r ON r.id = m.rank_id WHERE m.tenant_id = ?", "SELECT of r without its tenant_id"},
		{"a query within", "SELECT 1 FROM members WHERE tenant_id = ? AND id IN (SELECT member_id FROM purchases)", "SELECT of purchases"},
		{"a query within a list", "SELECT COALESCE((SELECT next FROM counters WHERE name = 'x'), 0)", "SELECT of counters"},
		{"a value of a row outside", "SELECT id, (SELECT b.amount FROM point_burns b WHERE b.tenant_id = l.tenant_id) FROM point_lots l WHERE tenant_id = ?", "SELECT of b without its tenant_id"},
		{"behind UNION", "SELECT id FROM members WHERE tenant_id = ? UNION ALL SELECT id FROM staff", "SELECT of staff"},
		{"in WITH", "WITH a AS (SELECT id FROM staff) SELECT id FROM a", "SELECT of staff"},
		{"a table of WITH does not say it", "WITH a AS (SELECT tenant_id FROM lanes WHERE tenant_id = ?) SELECT 1 FROM a JOIN staff s ON s.tenant_id = a.tenant_id", "SELECT of s"},
		{"an UPDATE", "UPDATE callbacks SET next_at = ? WHERE state = 'pending'", "UPDATE of callbacks without its tenant_id"},
		{"a DELETE", "DELETE FROM callbacks WHERE request_id = ?", "DELETE of callbacks without its tenant_id"},
		{"an INSERT", "INSERT INTO staff (id, code) VALUES (?, ?)", "INSERT into staff without its tenant_id"},
		{"an INSERT of a text", "INSERT INTO staff (tenant_id, id) VALUES (1 + ?, ?)", "with tenant_id that is not an argument"},
		{"a hidden tenant", "SELECT id FROM members WHERE +tenant_id = ?", "hides the shard"},
		{"a lock", "SELECT request_id FROM callbacks WHERE next_at <= ? FOR UPDATE SKIP LOCKED", "rows of callbacks are locked"},
		{"a lock of what is listed", "SELECT request_id FROM callbacks WHERE next_at <= ? FOR UPDATE" + sharding.Across("due callbacks"), "rows of callbacks are locked"},
		{"a write of what is listed", "DELETE FROM members" + sharding.Across("verify"), "DELETE of members for several tenants"},
		{"a name that is not listed", "SELECT id FROM members" + sharding.Across("whatever"), `"whatever" is not on the list`},
		{"the server's time", "INSERT INTO lanes (tenant_id) VALUES (?) ON CONFLICT (tenant_id) DO UPDATE SET x = now()", "now is the server's time"},
		{"the server's time in CASE", "SELECT CASE WHEN expires_at < CURRENT_TIMESTAMP THEN 1 END FROM uploads WHERE tenant_id = ?", "the server's time"},
		{"a constraint's name", "INSERT INTO lanes (tenant_id) VALUES (?) ON CONFLICT ON CONSTRAINT lanes_pkey DO NOTHING", "names a constraint"},
		{"two placements", "SELECT 1 FROM sign_in_failures a JOIN clients c ON c.tenant_id = a.tenant_id WHERE a.subject = ? AND c.tenant_id = ?", "are joined"},
		{"an outer join", "SELECT 1 FROM client_keys k FULL JOIN clients c ON c.tenant_id = k.tenant_id" + sharding.Across("verify"), "an outer join keeps"},
		{"two statements", "DELETE FROM lanes WHERE tenant_id = ?; SELECT 1", "several statements"},
		{"two definitions", "ALTER TABLE staff ADD COLUMN a text; ALTER TABLE staff ADD COLUMN b text", "several statements"},
		{"a key without the tenant", "CREATE TABLE staff (tenant_id bigint, id bigint PRIMARY KEY)", "does not lead with tenant_id"},
		{"a key with the tenant behind", "CREATE TABLE staff (tenant_id bigint, id bigint, PRIMARY KEY (id, tenant_id))", "does not lead with tenant_id"},
		{"a unique constraint", "CREATE TABLE staff (tenant_id bigint, code text, UNIQUE (code))", "does not lead with tenant_id"},
		{"a foreign key", "CREATE TABLE staff (tenant_id bigint, x bigint, FOREIGN KEY (x) REFERENCES stores (id))", "does not lead with tenant_id"},
		{"a unique index", "CREATE UNIQUE INDEX staff_code ON staff (code)", "does not lead with tenant_id"},
		{"a serial", "CREATE TABLE staff (tenant_id bigint, id bigserial, PRIMARY KEY (tenant_id, id))", "has bigserial"},
		{"a table that is not listed", "CREATE TABLE novelties (tenant_id bigint PRIMARY KEY)", "novelties is not on the list"},
		{"behind Citus: a batch from nowhere", "INSERT INTO staff (tenant_id, id) SELECT CAST(? AS bigint), v.* FROM unnest(CAST(? AS bigint[])) AS v (c0)", "is not drawn from a row"},
		{"behind Citus: an INSERT within WITH", "WITH t AS (INSERT INTO counters (tenant_id, name) VALUES (?, ?) RETURNING next) SELECT next FROM t", "an INSERT within WITH"},
		{"behind Citus: a volatile function", "UPDATE callbacks SET lease_until = ? WHERE tenant_id = ? AND set_config('a', 'b', true) = 'b'", "set_config is called"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(sharding.Lint(c.sql, true), "\n"); !strings.Contains(got, c.want) {
				t.Errorf("%s\nis said to break %q, want %q", c.sql, got, c.want)
			}
			if strings.HasPrefix(c.name, "behind Citus") {
				if got := sharding.Lint(c.sql, false); len(got) > 0 {
					t.Errorf("not behind Citus: %q", got)
				}
			}
		})
	}
}

func TestLintPassesWhatGoesToOneShard(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{
		"SELECT id FROM members WHERE tenant_id = $1 AND (id = $2 OR code = $3) FOR UPDATE",
		"SELECT id FROM members AS m LEFT JOIN ranks AS r ON r.tenant_id = m.tenant_id AND r.id = m.rank_id WHERE m.tenant_id = ? AND m.x IS DISTINCT FROM r.id",
		"SELECT 1 FROM members WHERE tenant_id = CAST(? AS bigint) AND EXISTS (SELECT 1 FROM purchases p WHERE p.tenant_id = members.tenant_id)",
		"SELECT t.contract FROM tenants t WHERE t.id = ?",
		"SELECT id FROM members WHERE paid_at BETWEEN ? AND ? AND tenant_id = ?",
		"INSERT INTO staff (tenant_id, id) SELECT a.tenant_id, v.* FROM tenant_rows AS a CROSS JOIN unnest(CAST(? AS bigint[])) AS v (c0) WHERE a.tenant_id = ? ON CONFLICT DO NOTHING",
		"WITH found AS MATERIALIZED (SELECT request_id FROM callbacks WHERE tenant_id = ? LIMIT ? FOR UPDATE SKIP LOCKED) UPDATE callbacks SET lease_until = ? FROM found WHERE callbacks.tenant_id = ? AND callbacks.request_id = found.request_id",
		"SELECT scopes FROM access_tokens WHERE hash = ?",
		"SELECT tenant_id FROM lanes" + sharding.Across("due bulk"),
		"SELECT 'it''s now() ? -- ;' /* FOR UPDATE; */ -- now()\n",
	} {
		if got := sharding.Lint(sql, true); len(got) > 0 {
			t.Errorf("%s\nis said to break %q", sql, got)
		}
	}
}

// FuzzLint looks that no text ends the lint.
func FuzzLint(f *testing.F) {
	f.Add("WITH a AS (SELECT 1) SELECT * FROM a WHERE tenant_id = ? FOR UPDATE")
	f.Add("INSERT INTO staff (tenant_id) VALUES")
	f.Add("UPDATE")
	f.Fuzz(func(_ *testing.T, sql string) { sharding.Lint(sql, true) })
}
