package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// pinned is one connection to SQLite with its prepared statements: preparing costs more than running most of them,
// and database/sql would look for the right one among its connections each time. One goroutine uses it at a time.
// It connects when it is first needed, and anew after discard.
type pinned struct {
	pool     *sql.DB
	detached bool // statements go on when the caller's context ends: they are not only the caller's
	conn     *sql.Conn
	stmts    map[string]*sql.Stmt
}

// begin starts a transaction with the statement how: BEGIN for a snapshot, BEGIN IMMEDIATE to write. Taking the
// lock at once is what lets busy_timeout wait for it; a snapshot that turns to writing later cannot wait.
func (p *pinned) begin(ctx context.Context, how string) error {
	if err := p.connect(ctx); err != nil {
		return err
	}
	_, err := p.ExecContext(ctx, how)
	return err
}

// connect makes the pinned connection ready for statements.
func (p *pinned) connect(ctx context.Context) error {
	if len(p.stmts) >= maxTexts {
		p.discard() // between transactions, where no rows are open
	}
	if p.conn != nil {
		return nil
	}
	conn, err := p.pool.Conn(ctx)
	if err != nil {
		return err
	}
	p.conn, p.stmts = conn, make(map[string]*sql.Stmt)
	return nil
}

// end ends the transaction with COMMIT or ROLLBACK, whether or not ctx is done. A COMMIT that fails leaves the
// transaction open, so it is rolled back. A connection that cannot even roll back is given up: either it is broken
// or SQLite rolled back by itself, as it does when the disk is full, and connecting anew costs little.
func (p *pinned) end(ctx context.Context, how string) error {
	_, err := p.ExecContext(context.WithoutCancel(ctx), how)
	if err == nil {
		return nil
	}
	if how != "ROLLBACK" {
		_ = p.end(ctx, "ROLLBACK")
		return err
	}
	p.discard()
	return err
}

// discard closes the connection and its statements.
func (p *pinned) discard() {
	for _, stmt := range p.stmts {
		_ = stmt.Close()
	}
	if p.conn != nil {
		// Closing alone would give it back to the pool, with whatever state it is in.
		_ = p.conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = p.conn.Close()
	}
	p.conn, p.stmts = nil, nil
}

// prepared answers the prepared statement of the text, preparing it the first time.
func (p *pinned) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := p.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := p.conn.PrepareContext(ctx, query)
	if err == nil {
		p.stmts[query] = stmt
	}
	return stmt, err
}

// context is under which statements run.
func (p *pinned) context(ctx context.Context) context.Context {
	if p.detached {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// QueryContext implements runner.
func (p *pinned) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = p.context(ctx)
	stmt, err := p.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRowContext implements runner.
func (p *pinned) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = p.context(ctx)
	stmt, err := p.prepared(ctx, query)
	if err != nil {
		return p.conn.QueryRowContext(ctx, query, args...) // fails in the same way, and a Row cannot be made by hand
	}
	return stmt.QueryRowContext(ctx, args...)
}

// ExecContext implements runner.
func (p *pinned) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = p.context(ctx)
	stmt, err := p.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}
