// Package sharding says by what each table is sharded behind Citus, and tells of a statement whether one shard can run it. It
// reads SQL, and sends none: package sqlstore does.
package sharding

import "strings"

// Table is one table and where its rows are.
type Table struct {
	Name string
	// Column is by what the table is sharded; "": every node has all of it (a reference table).
	Column string
}

// Tenant is the column by which nearly everything is sharded, colocated.
const Tenant = "tenant_id"

// Tables lists every table that there is after all migrations, reference tables first, because others may refer to them.
//
// What is looked up before the tenant is known is a table of its own, on every node: clients' keys, and tokens and sessions whose
// secret does not name the tenant, which are those that somebody gave and those of earlier versions. All of these change about
// never, for writing to a reference table waits for every node. Tokens and sessions that are made name their tenant, and are
// where it is. Failures to sign in are written all day and have no tenant: they are sharded by what they are looked up by.
func Tables() []Table {
	tables := []Table{
		{Name: "goose_db_version"},
		{Name: "copying"},
		{Name: "migration_lease"}, // so that a server that is connected to a worker sees the version
		{Name: "tenants"},
		{Name: "client_keys"},
		{Name: "access_tokens"},
		{Name: "console_sessions"},
		{"sign_in_failures", "subject"},
		{"tenant_rows", Tenant}, // before all others: they are colocated with it
	}
	for name := range strings.FieldsSeq(`
		audit bulk_requests callback_attempts callbacks clients console_second_factors console_users counters erasures imports import_files
		import_pieces import_refusals
		kept_answers lanes uploads member_attachments member_changes member_notes member_spend members point_burns point_entries
		point_lots products purchase_refunds purchases rank_changes rank_checks ranks settings_versions signing_keys staff
		staff_ranks stock_levels stock_movements stores taken_over tenant_sessions tenant_tokens webhooks`) {
		tables = append(tables, Table{name, Tenant})
	}
	return tables
}

// across lists the statements that may look at several tenants, by the name that they carry in a comment, with the reason.
// None of them locks a row of a tenant's tables, or any row behind Citus.
func across() map[string]string {
	return map[string]string{
		"due bulk":         "polling: asks each lane whether a request waits, through a partial index",
		"due callbacks":    "polling: asks each lane whether a callback is due, through a partial index",
		"due imports":      "polling: from a partial index over the imports that wait or run",
		"unused files":     "sweeping: the tenants with files that nothing refers to, each by a partial index",
		"stray callbacks":  "once a minute: the tenants with a callback that waits too long, from the index of what is pending",
		"queue statistics": "metrics: counts and oldest of what waits, from partial indexes",
		"expired rows":     "sweeping: the tenants with kept answers, tokens or sessions that have expired, each by an index",
		"expired":          "sweeping: a bounded number of failures to sign in, from their index by time",
		"verify":           "noren verify reads everything",
	}
}

// Across is the comment by which a statement says that it looks at several tenants, under a name that is listed.
func Across(name string) string { return " /* across tenants: " + name + " */" }
