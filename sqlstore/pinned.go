package sqlstore

import (
	"context"
	"errors"

	sqlite3 "modernc.org/sqlite/lib"
)

// pinned is one connection to SQLite with its prepared statements: preparing costs more than running most of them. One
// goroutine uses it at a time. It connects when it is first needed, and anew after discard.
type pinned struct {
	source   string // as sqliteSource returns it
	detached bool   // statements go on when the caller's context ends: they are not only the caller's
	conn     *sqliteConn
	stmts    map[string]*statement
}

// begin starts a transaction with the statement how: BEGIN for a snapshot, BEGIN IMMEDIATE to write. Taking the
// lock at once is what lets busy_timeout wait for it; a snapshot that turns to writing later cannot wait.
func (p *pinned) begin(ctx context.Context, how string) error {
	if err := p.connect(); err != nil {
		return err
	}
	_, err := p.exec(ctx, how, nil)
	return err
}

// connect makes the pinned connection ready for statements.
func (p *pinned) connect() (err error) {
	if len(p.stmts) >= maxTexts {
		p.discard() // between transactions, where no rows are open
	}
	if p.conn != nil {
		return nil
	}
	if p.conn, err = openSQLiteFile(p.source); err != nil {
		p.conn = nil
		return err
	}
	p.stmts = make(map[string]*statement)
	return nil
}

// end ends the transaction with COMMIT or ROLLBACK, whether or not ctx is done. A COMMIT that fails leaves the
// transaction open, so it is rolled back. A connection that cannot even roll back is given up: either it is broken
// or SQLite rolled back by itself, as it does when the disk is full, and connecting anew costs little.
func (p *pinned) end(ctx context.Context, how string) error {
	_, err := p.exec(context.WithoutCancel(ctx), how, nil)
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
	for _, s := range p.stmts {
		p.conn.finalize(s)
	}
	if p.conn != nil {
		p.conn.close()
	}
	p.conn, p.stmts = nil, nil
}

// prepared returns the prepared statement of the text, preparing it the first time.
func (p *pinned) prepared(text string) (*statement, error) {
	if s, ok := p.stmts[text]; ok {
		return s, nil
	}
	if p.conn == nil { // SQLite has given the transaction up, and with it the connection
		return nil, &sqliteError{sqlite3.SQLITE_MISUSE, "there is no connection"}
	}
	s, err := p.conn.prepare(text)
	if err == nil {
		p.stmts[text] = s
	}
	return s, err
}

// run prepares the statement, binds the arguments and goes to its first row.
func (p *pinned) run(ctx context.Context, text string, args []any, toItsEnd bool) (s *statement, row bool, err error) {
	if !p.detached && ctx.Err() != nil {
		return nil, false, ctx.Err()
	}
	if s, err = p.prepared(text); err != nil {
		return nil, false, err
	}
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = plain(arg)
	}
	if err = p.conn.bind(s, values, toItsEnd); err == nil {
		row, err = p.conn.step(s)
	}
	if err != nil {
		p.conn.reset(s)
	}
	return s, row, interruption(ctx, err)
}

// interruption is the context's error instead of SQLite's where it is the context that has interrupted a statement.
func interruption(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*sqliteError](err); ok && e.code == sqlite3.SQLITE_INTERRUPT && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// query implements runner.
func (p *pinned) query(ctx context.Context, text string, args []any) (cursor, error) {
	s, row, err := p.run(ctx, text, args, false)
	if err != nil {
		return nil, err
	}
	return &sqliteCursor{pinned: p, ctx: ctx, s: s, first: true, row: row}, nil
}

// exec implements runner. Rows that the statement returns are passed over.
func (p *pinned) exec(ctx context.Context, text string, args []any) (int64, error) {
	s, row, err := p.run(ctx, text, args, true)
	if err != nil {
		return 0, err
	}
	for row && err == nil {
		row, err = p.conn.step(s)
	}
	// Before reset, which is the end of the statement. A statement that is not a write leaves the count of the last
	// one.
	affected := p.conn.changes()
	p.conn.reset(s)
	return affected, interruption(ctx, err)
}

// sqliteCursor implements cursor.
type sqliteCursor struct {
	*pinned
	ctx    context.Context //nolint:containedctx // under which the rows are read
	s      *statement
	first  bool // next has not been called
	row    bool // the statement is at a row
	closed bool
	err    error
}

func (c *sqliteCursor) next() bool {
	switch {
	case c.closed:
		return false
	case c.first:
		c.first = false
	default:
		c.row, c.err = c.conn.step(c.s)
		c.err = interruption(c.ctx, c.err)
	}
	// At once, and not when the caller closes: an open statement would keep its snapshot.
	if !c.row {
		_ = c.close()
	}
	return c.row
}

func (c *sqliteCursor) width() int { return c.s.columns }

func (c *sqliteCursor) value(column int) (any, error) { return c.conn.value(c.s, column), nil }

func (c *sqliteCursor) close() error {
	if !c.closed {
		c.closed = true
		c.conn.reset(c.s)
	}
	return c.err
}
