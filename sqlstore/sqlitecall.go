package sqlstore

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// This file calls SQLite as C programs do. Its database/sql driver reads one member in 25 microseconds, of which SQLite
// takes 7: for each statement it fetches names and declared types of all columns and allocates each argument, and each
// of its calls takes a lock.

// sqliteError is what SQLite says of a call that failed.
type sqliteError struct {
	code    int // an extended result code, such as sqlite3.SQLITE_CONSTRAINT_UNIQUE
	message string
}

func (e *sqliteError) Error() string { return fmt.Sprintf("SQLite: %s (%d)", e.message, e.code) }

// sqliteConn is a connection to SQLite. One goroutine uses it at a time, so it is opened without SQLite's locks.
type sqliteConn struct {
	tls    *libc.TLS
	db     uintptr
	out    uintptr // C memory for one pointer that a call returns
	buffer uintptr // C memory for the texts and bytes of the arguments of a statement that runs to its end
	size   int     // of the buffer

	mu     sync.Mutex // between interrupt and close
	closed bool
}

// statement is a prepared statement of a connection. Its rows have to be read before it is run again.
type statement struct {
	handle  uintptr
	params  int
	columns int
}

// openSQLiteFile connects to the file of a source as sqliteSource returns it, and runs the pragmas in it.
func openSQLiteFile(source string) (*sqliteConn, error) {
	path, params, _ := strings.Cut(source, "?")
	given, err := url.ParseQuery(params)
	if err != nil {
		return nil, fmt.Errorf("the parameters of the database file: %w", err)
	}
	// Its parameters are those that the driver of database/sql would read, which migrations and copies use.
	c := &sqliteConn{tls: libc.NewTLS()}
	if err := c.open(path, given.Get("mode") == "ro"); err != nil {
		c.close()
		return nil, err
	}
	pragmas := given["_pragma"]
	// How long to wait for others comes first: the other pragmas may have to.
	slices.SortStableFunc(pragmas, func(a, b string) int { return waits(b) - waits(a) })
	for _, pragma := range pragmas {
		if err := c.runOnce("PRAGMA " + pragma); err != nil {
			c.close()
			return nil, fmt.Errorf("PRAGMA %s: %w", pragma, err)
		}
	}
	return c, nil
}

func waits(pragma string) int {
	if strings.HasPrefix(pragma, "busy_timeout") {
		return 1
	}
	return 0
}

func (c *sqliteConn) open(path string, readOnly bool) error {
	c.out = libc.Xmalloc(c.tls, types.Size_t(unsafe.Sizeof(c.out)))
	name, err := libc.CString(path)
	if err != nil || c.out == 0 {
		return &sqliteError{sqlite3.SQLITE_NOMEM, "out of memory"}
	}
	defer libc.Xfree(c.tls, name)
	how := int32(sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE)
	if readOnly {
		how = sqlite3.SQLITE_OPEN_READONLY
	}
	code := sqlite3.Xsqlite3_open_v2(c.tls, name, c.out, how|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	c.db = *at[uintptr](c.out) // also of a connection that failed
	if code == sqlite3.SQLITE_OK {
		code = sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	}
	if code == sqlite3.SQLITE_OK {
		// Plans do not depend on arguments. Otherwise a statement is planned anew for each number that is bound to LIMIT ?.
		yes := libc.NewVaList(int32(1), uintptr(0))
		code = sqlite3.Xsqlite3_db_config(c.tls, c.db, sqlite3.SQLITE_DBCONFIG_ENABLE_QPSG, yes)
		libc.Xfree(c.tls, yes)
	}
	return c.failure(code)
}

// failure is the error of the call that returned the code; nil where it succeeded.
func (c *sqliteConn) failure(code int32) error {
	switch {
	case code == sqlite3.SQLITE_OK:
		return nil
	case c.db == 0:
		return &sqliteError{int(code), libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, code))}
	}
	return &sqliteError{int(code), libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))}
}

// prepare compiles the statement, which stays until finalize.
func (c *sqliteConn) prepare(text string) (*statement, error) {
	sql, err := libc.CString(text)
	if err != nil {
		return nil, &sqliteError{sqlite3.SQLITE_NOMEM, "out of memory"}
	}
	defer libc.Xfree(c.tls, sql)
	// PERSISTENT: it is kept, so it should not be taken from the memory that is for statements that run once.
	code := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, sql, -1, sqlite3.SQLITE_PREPARE_PERSISTENT, c.out, 0)
	if code != sqlite3.SQLITE_OK {
		return nil, c.failure(code)
	}
	s := &statement{handle: *at[uintptr](c.out)}
	s.params = int(sqlite3.Xsqlite3_bind_parameter_count(c.tls, s.handle))
	s.columns = int(sqlite3.Xsqlite3_column_count(c.tls, s.handle))
	return s, nil
}

func (c *sqliteConn) finalize(s *statement) { sqlite3.Xsqlite3_finalize(c.tls, s.handle) }

// bind sets the arguments, which plain has made plain. Where the statement runs to its end before another is bound, they
// may stay in the connection's buffer; otherwise SQLite makes copies.
func (c *sqliteConn) bind(s *statement, args []any, toItsEnd bool) error {
	if len(args) != s.params {
		return fmt.Errorf("%d arguments for a statement of %d", len(args), s.params)
	}
	// Measured before anything is put there: a buffer that is made longer moves what SQLite has the address of.
	need := 0
	for _, arg := range args {
		switch v := arg.(type) {
		case string:
			need += len(v)
		case []byte:
			need += len(v)
		}
	}
	// One byte more, so that an empty text has an address too: without one SQLite would bind NULL.
	if err := c.reserve(need + 1); err != nil {
		return err
	}
	var lifetime uintptr // 0 is SQLITE_STATIC
	if !toItsEnd {
		lifetime = ^uintptr(0) // SQLITE_TRANSIENT
	}
	free := c.buffer
	put := func(v string) (p uintptr, n int32) {
		p, n = free, int32(len(v)) //nolint:gosec // SQLite takes no value of two gigabytes
		copy(unsafe.Slice(at[byte](p), len(v)), v)
		free += uintptr(len(v))
		return p, n
	}
	for i, arg := range args {
		place := int32(i + 1)
		var code int32
		switch v := arg.(type) {
		case nil:
			code = sqlite3.Xsqlite3_bind_null(c.tls, s.handle, place)
		case int64:
			code = sqlite3.Xsqlite3_bind_int64(c.tls, s.handle, place, v)
		case bool:
			code = sqlite3.Xsqlite3_bind_int(c.tls, s.handle, place, one(v))
		case float64:
			code = sqlite3.Xsqlite3_bind_double(c.tls, s.handle, place, v)
		case string:
			p, n := put(v)
			code = sqlite3.Xsqlite3_bind_text(c.tls, s.handle, place, p, n, lifetime)
		case []byte:
			if v == nil {
				code = sqlite3.Xsqlite3_bind_null(c.tls, s.handle, place)
				break
			}
			p, n := put(unsafe.String(unsafe.SliceData(v), len(v)))
			code = sqlite3.Xsqlite3_bind_blob(c.tls, s.handle, place, p, n, lifetime)
		default:
			return fmt.Errorf("argument %d is a %T", place, arg)
		}
		if code != sqlite3.SQLITE_OK {
			return c.failure(code)
		}
	}
	return nil
}

func one(v bool) int32 {
	if v {
		return 1
	}
	return 0
}

// maxBuffer bounds the buffer that a connection keeps, in bytes.
const maxBuffer = 1 << 20

// reserve makes the buffer at least n bytes long.
func (c *sqliteConn) reserve(n int) error {
	// One that has grown beyond the bound is made anew, so that a single large value does not take its room for good.
	if n <= c.size && c.size <= maxBuffer {
		return nil
	}
	libc.Xfree(c.tls, c.buffer)
	c.size = max(n, 4<<10)
	if c.buffer = libc.Xmalloc(c.tls, types.Size_t(c.size)); c.buffer == 0 { //nolint:gosec // not negative
		c.size = 0
		return &sqliteError{sqlite3.SQLITE_NOMEM, "out of memory"}
	}
	return nil
}

// step goes to the next row; false behind the last.
func (c *sqliteConn) step(s *statement) (row bool, err error) {
	switch code := sqlite3.Xsqlite3_step(c.tls, s.handle); code {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		return false, c.failure(code)
	}
}

// reset ends a run of the statement. What went wrong in it step has told.
func (c *sqliteConn) reset(s *statement) { sqlite3.Xsqlite3_reset(c.tls, s.handle) }

// runOnce prepares the statement, runs it to its end and forgets it.
func (c *sqliteConn) runOnce(text string) error {
	s, err := c.prepare(text)
	if err != nil {
		return err
	}
	defer c.finalize(s)
	for row := true; row && err == nil; {
		row, err = c.step(s)
	}
	return err
}

// changes is how many rows the last statement wrote.
func (c *sqliteConn) changes() int64 { return sqlite3.Xsqlite3_changes64(c.tls, c.db) }

// value is a column of the row that the statement is at: nil, an int64, float64, string or []byte. It is the caller's.
func (c *sqliteConn) value(s *statement, column int) any {
	i := int32(column) //nolint:gosec // there are no more than 32,767
	switch sqlite3.Xsqlite3_column_type(c.tls, s.handle, i) {
	case sqlite3.SQLITE_INTEGER:
		return sqlite3.Xsqlite3_column_int64(c.tls, s.handle, i)
	case sqlite3.SQLITE_FLOAT:
		return sqlite3.Xsqlite3_column_double(c.tls, s.handle, i)
	case sqlite3.SQLITE_TEXT:
		// The address first: asking for it may convert the text, and only then is the length right.
		p := sqlite3.Xsqlite3_column_text(c.tls, s.handle, i)
		return string(unsafe.Slice(at[byte](p), sqlite3.Xsqlite3_column_bytes(c.tls, s.handle, i)))
	case sqlite3.SQLITE_BLOB:
		p := sqlite3.Xsqlite3_column_blob(c.tls, s.handle, i)
		n := sqlite3.Xsqlite3_column_bytes(c.tls, s.handle, i)
		if n == 0 {
			return []byte{} // for which SQLite has no address
		}
		return slices.Clone(unsafe.Slice(at[byte](p), n))
	}
	return nil
}

// at is the C memory at the address. It is not Go's, so nothing moves or frees it while SQLite has it.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// interruptedBy lets the statement that runs end with an error when ctx is done, until stop is called.
func (c *sqliteConn) interruptedBy(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	interrupted := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.closed {
			tls := libc.NewTLS() // each goroutine that calls C has its own
			sqlite3.Xsqlite3_interrupt(tls, c.db)
			tls.Close()
		}
	})
	return func() {
		if !forget() {
			<-interrupted // or it would interrupt whoever has the connection next
		}
	}
}

// close closes the connection, whose statements have been finalized.
func (c *sqliteConn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Under the lock, so that an interrupt that comes late does not reach a connection that is gone.
	c.closed = true
	if c.db != 0 {
		sqlite3.Xsqlite3_close_v2(c.tls, c.db)
	}
	libc.Xfree(c.tls, c.buffer)
	libc.Xfree(c.tls, c.out)
	c.tls.Close()
}
