package sqlstore

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The bounds of waits for PostgreSQL. docs/operations.md states them.
const (
	connectTimeout = 5 * time.Second  // where the URL does not say
	poolPatience   = 10 * time.Second // for one of the pool's connections, or one of the tenant's share
	runPatience    = time.Minute      // for one run of a closure with all its statements; longer than any bound of the server's
	endPatience    = 5 * time.Second  // for the end of a transaction that has nothing to commit
)

// serverBounds are settings of a connection by which the server bounds its own waits. A machine that is lost or stopped
// holds its locks no longer than it may be idle in a transaction.
func serverBounds() []setting {
	return []setting{
		{"lock_timeout", "3s"},
		{"statement_timeout", "30s"},
		{"idle_in_transaction_session_timeout", "10s"},
		{"tcp_keepalives_idle", "10"}, // seconds
		{"tcp_keepalives_interval", "5"},
		{"tcp_keepalives_count", "3"},
		{"tcp_user_timeout", "20000"}, // milliseconds
	}
}

// setting is one of the server's settings.
type setting struct{ name, value string }

// settle gives a new connection its settings: serverBounds where nobody has said otherwise for the connection, by its URL, or for
// its role or database; the cost of a page of an index as it is on a disk without moving parts, unless anybody has set it, because with
// the server's own default a table of some ten thousand rows is read whole to find a hundred; and no compiler, because a page is
// there long before a statement is compiled whose plan seems to cost much. They are no parameters of the connection, because poolers
// refuse those that they do not know, and what a server does not know is passed over.
func settle(ctx context.Context, conn *pgx.Conn) error {
	values, args := []string{"('jit', 'off', 'always')", "('random_page_cost', '1.1', 'default')"}, []any(nil)
	for _, s := range serverBounds() {
		args = append(args, s.name, s.value)
		values = append(values, fmt.Sprintf("($%d, $%d, 'bound')", len(args)-1, len(args)))
	}
	// A connection that is broken fails with its first statement.
	_, _ = conn.Exec(ctx, `SELECT set_config(s.name, v.value, false) FROM (VALUES `+strings.Join(values, ", ")+`) AS v (name, value, kind)
		JOIN pg_settings AS s ON s.name = v.name
		WHERE CASE v.kind WHEN 'always' THEN true WHEN 'default' THEN s.source = 'default'
			ELSE s.source NOT IN ('client', 'user', 'database', 'database user', 'global') END`,
		append([]any{pgx.QueryExecModeExec}, args...)...)
	return nil
}

// settleUnbounded is settle for a connection whose statements may take as long as they do: those of migrations.
func settleUnbounded(ctx context.Context, conn *pgx.Conn) error {
	_ = settle(ctx, conn)
	_, _ = conn.Exec(ctx, "SET statement_timeout = 0")
	// Behind Citus a transaction that has changed a table that is on every node may change others only one shard after another.
	_, _ = conn.Exec(ctx, `SELECT set_config('citus.multi_shard_modify_mode', 'sequential', false)
		WHERE to_regproc('citus_version') IS NOT NULL`)
	return nil
}

// unbounded lifts the bounds that are made for requests off the rest of a transaction.
func (t *tx) unbounded(ctx context.Context) error {
	p, ok := t.run.(*pgTx)
	if !ok {
		return nil
	}
	if err := p.conn.PgConn().Conn().SetDeadline(time.Time{}); err != nil {
		return doing("lift the bound of a run", err)
	}
	_, err := t.exec(ctx, "SET LOCAL statement_timeout = 0")
	return doing("lift the bound of statements", err)
}

// dial connects so that a server whose machine is lost is noticed: after 25 seconds of silence, or 20 in which nothing that was
// sent has arrived.
func dial(connectTimeout time.Duration) pgconn.DialFunc {
	d := net.Dialer{
		Timeout:         connectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3},
		Control:         boundUnanswered,
	}
	return d.DialContext
}

// within bounds one wait, and makes Unavailable of it where the bound is met, and not the caller's own.
func within(ctx context.Context, patience time.Duration, waitingFor string, wait func(ctx context.Context) error) error {
	bound, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := wait(bound)
	if err != nil && bound.Err() != nil && ctx.Err() == nil {
		return comeBack(fmt.Errorf("%s took more than %s: %w", waitingFor, patience, err))
	}
	return err
}
