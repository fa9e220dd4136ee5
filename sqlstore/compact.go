package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// ErrCompactsItself is the error of Compact for a database that gives room back by itself.
var ErrCompactsItself = errors.New("PostgreSQL gives room back by itself (autovacuum)")

// Compact writes a SQLite file anew, without the room that what was removed has left, and returns its size before and after.
// Meanwhile nobody else can write; readers go on. It needs as much free room as the file will have.
func (db *DB) Compact(ctx context.Context) (before, after int64, err error) {
	b, ok := db.on.(*sqliteBackend)
	if !ok {
		return 0, 0, ErrCompactsItself
	}
	// The options of the connection follow the name of the file.
	path, _, _ := strings.Cut(b.source, "?")
	// A connection of its own, because VACUUM must not run inside a transaction, and the writer's statements do.
	p := &pinned{source: b.source}
	defer p.discard()
	if err := p.connect(); err != nil {
		return 0, 0, comeBack(err)
	}
	// Not the size of the file, which has not got yet what is in the log alone.
	rows, err := p.query(ctx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", nil)
	if err = (row{&result{rows, &tx{}}, err}).Scan(&before); err != nil {
		return 0, 0, doing("read the size of the file", err)
	}
	// VACUUM is one call that may take minutes, and only an interruption ends it.
	defer p.conn.interruptedBy(ctx)()
	patience := fmt.Sprintf("PRAGMA busy_timeout = %d", b.writer.wait/time.Millisecond)
	// The new pages are in the log at first, so the file itself shrinks only when the log has been moved.
	for _, text := range []string{patience, "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := p.exec(ctx, text, nil); err != nil {
			if classify(err) != final {
				err = comeBack(err)
			}
			return 0, 0, doing("write the file anew", err)
		}
	}
	after, err = fileSize(path)
	return before, after, err
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
