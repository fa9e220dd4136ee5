package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"noren/sharding"
)

// behindCitus reports whether a connection speaks to PostgreSQL with the extension Citus in this database.
func behindCitus(ctx context.Context, config *pgx.ConnConfig) (is bool, err error) {
	// What an operator has set for requests is no bound for this; the context is.
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(settleUnbounded))
	defer db.Close()
	return isCitus(ctx, db)
}

func isCitus(ctx context.Context, db *sql.DB) (is bool, err error) {
	err = db.QueryRowContext(ctx, `SELECT to_regproc('citus_version') IS NOT NULL`).Scan(&is)
	if IsUnreachable(err) {
		return false, err // this is merely the first statement
	}
	return is, doing("look whether this is Citus", err)
}

// onCoordinator returns an error where the connection is to a worker: tables made there would be on that worker alone, and
// nothing would say so.
func onCoordinator(ctx context.Context, db *sql.DB) error {
	var group int
	if err := db.QueryRowContext(ctx, `SELECT groupid FROM pg_dist_local_group`).Scan(&group); err != nil {
		return doing("look which node of Citus this is", err)
	}
	// The coordinator is the group 0.
	if group != 0 {
		return errors.New("this is a worker of Citus, and the schema is changed through its coordinator: connect to the coordinator once, " +
			"with noren serve or noren distribute --apply, and start the servers of the workers then")
	}
	return nil
}

// Distribute brings the schema of the database at the URL up to date where apply is set, and lists the statements that distribute
// its tables behind Citus, which it runs where apply is set. tell is told each of them before it is run. Run again it finds
// nothing to do. An error in a sentence where the server has no Citus, or is a worker, or the schema is not that of this program.
func Distribute(ctx context.Context, url string, apply bool, tell func(statement string)) error {
	if scheme, _, _ := strings.Cut(url, ":"); scheme != "postgres" && scheme != "postgresql" {
		return errors.New("only PostgreSQL with Citus is distributed: the database has to be postgres://…")
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return doing("reading the URL of the database", err)
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(settleUnbounded))
	defer db.Close()
	switch citus, err := isCitus(ctx, db); {
	case err != nil:
		return err
	case !citus:
		return errors.New("this server has no Citus, and PostgreSQL alone needs nothing of this: " +
			"CREATE EXTENSION citus in this database, on the coordinator and on every worker, comes first")
	}
	if err := onCoordinator(ctx, db); err != nil {
		return err
	}
	f := newCitus()
	if apply {
		if err := migrateWith(ctx, db, f, time.Now, tell); err != nil {
			return err
		}
		// Migrations distribute the tables that they make; this finds what a schema without them has left.
		return distribute(ctx, db, true, tell) // of a schema that was up to date
	}
	var current int64
	_, _, newest, err := f.migrations()
	if err != nil {
		return err
	}
	// An error is mostly that there is no table of versions yet, which is to be mended in the same way.
	if err := db.QueryRowContext(ctx, versionQuery).Scan(&current); err != nil || current != newest {
		return errors.New("the schema is not that of this program: noren distribute --apply makes it, and distributes it")
	}
	return distribute(ctx, db, false, tell)
}

// distribute tells, and where apply is set runs, each statement that is still to be run.
func distribute(ctx context.Context, db *sql.DB, apply bool, tell func(statement string)) error {
	statements, err := distribution(ctx, db)
	if err != nil {
		return err
	}
	for _, s := range statements {
		tell(s)
		if !apply {
			continue
		}
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("distributing the tables: %s: %w", s, err)
		}
	}
	return nil
}

// distribution lists the statements that are still to be run, in their order. A table that stands elsewhere than it should is an
// error: moving it is for somebody to decide.
func distribution(ctx context.Context, db *sql.DB) (statements []string, err error) {
	placed, err := placements(ctx, db)
	if err != nil {
		return nil, err
	}
	var narrow bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('goose_db_version')
		AND attname = 'id' AND atttypid = 'integer'::regtype)`).Scan(&narrow); err != nil {
		return nil, doing("look at the table of versions", err)
	}
	if narrow { // Citus takes no other numbers that a table gives by itself
		statements = append(statements, "ALTER TABLE goose_db_version ALTER COLUMN id TYPE bigint")
	}
	for _, t := range sharding.Tables() {
		column, is := placed[t.Name]
		switch {
		case is && column != t.Column:
			return nil, fmt.Errorf("the table %s is distributed by %q and has to be by %q (nothing: on every node): "+
				"SELECT undistribute_table('%s') first", t.Name, column, t.Column, t.Name)
		case is:
		case t.Column == "":
			statements = append(statements, "SELECT create_reference_table('"+t.Name+"')")
		default:
			// What belongs to tenants is placed beside the table of their rows, so that everything of one tenant is on
			// one node. Tables by other values have shards of their own.
			with := "none"
			if t.Column == sharding.Tenant && t.Name != "tenant_rows" {
				with = "tenant_rows"
			}
			statements = append(statements, "SELECT create_distributed_table('"+t.Name+"', '"+t.Column+"', colocate_with => '"+with+"')")
		}
	}
	var missing, compiled bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM tenants WHERE id NOT IN (SELECT tenant_id FROM tenant_rows)),
		NOT EXISTS (SELECT 1 FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
			WHERE d.datname = current_database() AND s.setrole = 0 AND 'jit=off' = ANY(s.setconfig))`).Scan(&missing, &compiled); err != nil {
		return nil, doing("look at what is distributed", err)
	}
	if missing {
		statements = append(statements, "INSERT INTO tenant_rows (tenant_id) SELECT id FROM tenants ON CONFLICT DO NOTHING")
	}
	if compiled { // a setting of a server's connection to the coordinator does not reach the workers
		statements = append(statements,
			"SELECT run_command_on_all_nodes(format('ALTER DATABASE %I SET jit = off', current_database()))")
	}
	return statements, nil
}

// placements reads by which column each table is distributed; "" for those that are on every node.
func placements(ctx context.Context, db *sql.DB) (placed map[string]string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT table_name::text, CASE WHEN citus_table_type = 'reference' THEN '' ELSE distribution_column END
		FROM citus_tables WHERE citus_table_type IN ('reference', 'distributed') ORDER BY 1`)
	if err != nil {
		return nil, doing("look at what is distributed", err)
	}
	defer rows.Close()
	placed = make(map[string]string)
	for rows.Next() {
		var name, column string
		if err := rows.Scan(&name, &column); err != nil {
			return nil, err
		}
		placed[name[strings.LastIndexByte(name, '.')+1:]] = column // without its schema
	}
	return placed, rows.Err()
}
