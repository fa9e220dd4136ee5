package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
)

// SQLite overwrites what is removed (secure_delete), but when it moves rows from a page to others, as it does where rows are added or
// grow, it leaves the old copies in the unused room between the page's pointers and its rows. After somebody was erased the checkpointer
// overwrites that room in all pages, some at a time beside the writer, through SQLite's own table of pages: in transactions, as any
// write. What is moved from then on is rid of them.

// gapPages is how many pages are looked at in one transaction: about a megabyte, a few milliseconds.
const gapPages = 256

// The bytes of a page that say what it is; see https://www.sqlite.org/fileformat2.html#b_tree_pages.
const (
	leafHeader     = 8
	interiorHeader = 12
	mostFragmented = 60 // bytes of fragments that a page has at most
	// From this page on, the number of a page with which the others begin, which have what did not fit or nothing, could look like the
	// beginning of a B-tree's: that is a file of 137 GB.
	pagesApart = 2 << 24
)

// gapOf returns where the unused room of a page begins and ends, between its pointers and its rows. ok is false for a page that is not
// plainly one of a B-tree with rows.
func gapOf(page []byte) (from, to int, ok bool) {
	if len(page) < interiorHeader {
		return 0, 0, false
	}
	header := leafHeader
	switch page[0] {
	case 2, 5:
		header = interiorHeader
	case 10, 13:
	default:
		return 0, 0, false
	}
	word := func(at int) int { return int(binary.BigEndian.Uint16(page[at:])) }
	free, cells := word(1), word(3)
	from, to = header+2*cells, word(5)
	if to == 0 {
		to = 1 << 16 // of pages of this size it does not fit
	}
	if cells == 0 || from > to || to > len(page) || page[7] > mostFragmented || free != 0 && (free < to || free >= len(page)) {
		return 0, 0, false
	}
	for i := range cells {
		if at := word(header + 2*i); at < to || at >= len(page) {
			return 0, 0, false
		}
	}
	return from, to, true
}

// left reports whether something is left in the unused room of a page.
func left(page []byte) bool {
	from, to, ok := gapOf(page)
	return ok && slices.ContainsFunc(page[from:to], func(b byte) bool { return b != 0 })
}

// overwriteGaps overwrites the unused room of all pages, from the given one on, and returns the first that it has not come to. The first
// page of a file has no rows of people.
func (p *pinned) overwriteGaps(ctx context.Context, from int) (next int, err error) {
	if err := p.connect(); err != nil {
		return from, err
	}
	var pages, moves, written int
	rows, err := p.query(ctx, "SELECT page_count, auto_vacuum FROM pragma_page_count, pragma_auto_vacuum", nil)
	if err = (row{&result{rows, &tx{}}, err}).Scan(&pages, &moves); err != nil || moves != 0 || pages >= pagesApart {
		return from, err // a file that moves its pages has others, which look like those of a B-tree
	}
	for next = max(from, 2); next <= pages && err == nil; {
		last := min(next+gapPages-1, pages)
		var found []int
		for n := next; n <= last && err == nil; n++ {
			var page []byte
			if page, err = p.page(ctx, n); err == nil && left(page) {
				found = append(found, n)
			}
		}
		if err == nil {
			err = p.overwrite(ctx, found)
		}
		if err != nil {
			break
		}
		next = last + 1
		// The log of a large file does not grow with it.
		if written += len(found); written >= checkpointFrom {
			_, err = p.conn.checkpoint()
			written = 0
		}
	}
	return next, err
}

// overwrite overwrites the unused room of some pages, as they are now.
func (p *pinned) overwrite(ctx context.Context, pages []int) error {
	if len(pages) == 0 {
		return nil
	}
	if err := p.begin(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, n := range pages {
		page, err := p.page(ctx, n)
		if from, to, ok := gapOf(page); err == nil && ok {
			clear(page[from:to])
			_, err = p.exec(ctx, "UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?", []any{page, n})
		}
		if err != nil {
			return errors.Join(err, p.end(ctx, "ROLLBACK"))
		}
	}
	return p.end(ctx, "COMMIT")
}

// page reads a page. It may have gone: then it has no bytes.
func (p *pinned) page(ctx context.Context, n int) (page []byte, err error) {
	rows, err := p.query(ctx, "SELECT data FROM sqlite_dbpage WHERE pgno = ?", []any{n})
	err = each(&result{rows, &tx{}}, err, func(row scannable) error {
		var data []byte
		err := row.Scan(&data)
		page = slices.Clone(data)
		return err
	})
	return page, err
}
