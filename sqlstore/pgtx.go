package sqlstore

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The texts that begin and end transactions.
const (
	beginUpdate = "begin isolation level read committed"
	beginView   = "begin isolation level repeatable read read only" // one snapshot for all statements
	commitTx    = "commit"
	rollbackTx  = "rollback"
	unflushed   = "set local synchronous_commit to off"
	flush       = "SELECT pg_logical_emit_message(true, 'noren', '')" // a transaction of its own, with a record that nobody reads
)

// pgTx is a transaction on a connection to PostgreSQL, in as few round trips as it can be: BEGIN goes with the first
// statement, a write whose outcome nobody waits for with the next statement or with COMMIT, and statements that do not
// depend on each other go together. What goes together is one pipeline, in which the server passes over all that comes
// behind an error, COMMIT included.
type pgTx struct {
	conn      *pgx.Conn
	opening   string         // what begins it; "" once that has been sent
	view      bool           // it only reads
	wrote     bool           // something has been sent that may be more than a read
	queue     []*request     // what goes with the next statement, and before it
	ended     bool           // what ends it has been sent too
	sharded   bool           // behind Citus
	home      bool           // on the node that has the tenant's rows: on any other there is nothing to flush, for that one commits
	elsewhere *regexp.Regexp // the flavor's
	spread    bool           // something was written that other nodes have too, which is committed in two phases
}

// request is a statement on its way to the server, and what came of it.
type request struct {
	text     string
	args     []any
	exec     bool                 // it returns no rows
	check    func(*request) error // of what was queued: what its method would have made of the outcome
	rows     cursor
	affected int64
	err      error
}

// query implements runner.
func (p *pgTx) query(ctx context.Context, text string, args []any) (cursor, error) {
	switch {
	case p.ended:
		return nil, errSentMore
	case p.opening == "" && len(p.queue) == 0:
		p.note(text)
		return pgRunner{p.conn}.query(ctx, text, args)
	}
	r := &request{text: text, args: args}
	sent := p.send(ctx, []*request{r}, nil)
	if sent.receive(r); r.err != nil {
		_ = sent.close()
		return nil, r.err
	}
	return lastCursor{r.rows, sent}, nil
}

// lastCursor goes through the rows of the last statement of a pipeline, which ends with them.
type lastCursor struct {
	cursor
	sent *pipeline
}

func (c lastCursor) close() error {
	err := c.cursor.close()
	if end := c.sent.close(); err == nil {
		err = end
	}
	return err
}

// exec implements runner.
func (p *pgTx) exec(ctx context.Context, text string, args []any) (int64, error) {
	switch {
	case p.ended:
		return 0, errSentMore
	case p.opening == "" && len(p.queue) == 0:
		p.note(text)
		return pgRunner{p.conn}.exec(ctx, text, args)
	}
	r := &request{text: text, args: args, exec: true}
	sent := p.send(ctx, []*request{r}, nil)
	sent.receive(r)
	return r.affected, sent.close()
}

// commit sends what is queued, with the COMMIT. A transaction that has sent nothing needs none.
//
// A transaction keeps its locks until its COMMIT is on disk, and the rows of a tenant's counters are locked by nearly every
// write: each of a tenant's writes would wait for the disk by itself. So the COMMIT does not wait for the disk, and what
// waits is a transaction behind it that changes nothing, which writes the log up to itself, and with the neighbours' at once. Nobody is
// told of a write before that, and what others do after they have seen it is behind it in the log.
func (p *pgTx) commit(ctx context.Context) error {
	if p.ended || p.opening != "" && len(p.queue) == 0 {
		return nil
	}
	for _, r := range p.queue {
		p.note(r.text)
	}
	end := []string{commitTx}
	if p.wrote && (!p.sharded || p.home && !p.spread) {
		end = []string{unflushed, commitTx, flush}
	}
	return p.send(ctx, nil, end).close()
}

// note notes what a statement may be. One that only locks rows has nothing to lose.
func (p *pgTx) note(text string) {
	if strings.HasPrefix(text, "SELECT") {
		return
	}
	p.wrote = true
	p.spread = p.spread || p.home && p.elsewhere.MatchString(text)
}

// over reports whether the connection is in no transaction and free for another.
func (p *pgTx) over() bool { return p.conn.PgConn().TxStatus() == 'I' && !p.conn.PgConn().IsBusy() }

// abandon ends a transaction that has nothing to commit, whether or not ctx is done. A connection that cannot do so is
// given up.
func (p *pgTx) abandon(ctx context.Context) {
	if p.over() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endPatience)
	defer cancel()
	if _, err := p.conn.Exec(ctx, rollbackTx); err != nil {
		_ = p.conn.Close(ctx)
	}
}

// pipeline is what was sent in one go and whose responses are being read.
type pipeline struct {
	results pgx.BatchResults
	end     []string // the statements at its end, one of which is a COMMIT
	err     error    // the first; nothing behind it took place
}

// send sends what begins the transaction and what is queued, where there is anything, the requests, and the statements that
// end the transaction, if any. The requests are received in their order before the pipeline is closed.
func (p *pgTx) send(ctx context.Context, requests []*request, end []string) *pipeline {
	var batch pgx.Batch
	before := p.queue
	if p.opening != "" {
		before = append([]*request{{text: p.opening, exec: true, check: beginOutcome}}, before...)
	}
	for _, r := range slices.Concat(p.queue, requests) {
		p.note(r.text)
	}
	for _, r := range slices.Concat(before, requests) {
		batch.Queue(r.text, r.args...)
	}
	for _, text := range end {
		batch.Queue(text)
	}
	p.opening, p.queue, p.ended = "", nil, end != nil
	sent := &pipeline{results: p.conn.SendBatch(ctx, &batch), end: end}
	for _, r := range before {
		sent.receive(r)
		sent.err = r.check(r)
		if r.rows != nil {
			_ = r.rows.close()
		}
		if sent.err != nil {
			break
		}
	}
	return sent
}

// beginOutcome is what becomes of a BEGIN. Where pgx could not prepare one of the statements, that is the error.
func beginOutcome(r *request) error {
	if _, preparing := errors.AsType[pgx.ErrPreprocessingBatch](r.err); preparing {
		return r.err
	}
	return doing("beginning the transaction", r.err)
}

// receive reads what came of the request, up to its first row.
func (s *pipeline) receive(r *request) {
	switch {
	case s.err != nil:
	case r.exec:
		tag, err := s.results.Exec()
		r.affected, s.err = tag.RowsAffected(), err
	default:
		rows, err := s.results.Query()
		if err == nil {
			r.rows, err = readAhead(rows)
		}
		s.err = err
	}
	r.err = s.err
}

// close reads what came of COMMIT, and returns the first error of all. It may be called again.
func (s *pipeline) close() error {
	ending := len(s.end) > 0
	for _, text := range s.end {
		if s.err != nil {
			break
		}
		tag, err := s.results.Exec()
		if err == nil && text == commitTx && tag.String() == "ROLLBACK" {
			err = pgx.ErrTxCommitRollback // the transaction had failed before, and nothing else says so
		}
		if err != nil {
			s.err = &commitError{err}
		}
	}
	s.end = nil
	// What waits for the disk is over when the server is ready for more.
	if err := s.results.Close(); s.err == nil && err != nil {
		if s.err = err; ending {
			s.err = &commitError{err}
		}
	}
	return s.err
}
