package sqlstore

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
)

// flavor holds every difference between the engines. All other code sends one SQL text, with ? for each argument.
type flavor struct {
	name       string        // "sqlite" | "postgres"; migrations that only one engine can do carry it in their name
	dialect    goose.Dialect // how goose speaks to it
	arrays     bool          // it takes lists as arrays, and its placeholders are numbered
	lockRows   string        // appended to a SELECT to lock what it reads
	skipLocked string        // the same, leaving out what another transaction has locked
	byKey      string        // behind members, where a few are looked up by their ids and then sorted

	mu    sync.Mutex
	texts map[string]string // SQL text → the same with numbered placeholders
}

// maxTexts bounds what is remembered by SQL text. The set of columns in an update follows what clients send, so
// the number of texts has no useful bound of its own.
const maxTexts = 512

// newSQLite has no locks to ask for: there is one writer, and it sees nobody else's changes while it works. It would
// rather read all members in the order that is asked for than sort a few, unless it is told by which index to look.
func newSQLite() *flavor {
	return &flavor{name: "sqlite", dialect: goose.DialectSQLite3, byKey: " INDEXED BY sqlite_autoindex_members_1"}
}

func newPostgres() *flavor {
	return &flavor{
		name:       "postgres",
		dialect:    goose.DialectPostgres,
		arrays:     true,
		lockRows:   " FOR UPDATE",
		skipLocked: " FOR UPDATE SKIP LOCKED",
		texts:      make(map[string]string),
	}
}

// forUpdate is appended to a SELECT whose rows are about to be changed.
func (f *flavor) forUpdate() string { return f.lockRows }

// in is the condition that column is one of a list, with one ? for the list as list answers it. One argument
// whatever the length keeps the SQL text the same.
func (f *flavor) in(column string) string {
	if f.arrays {
		return column + " = ANY(?)"
	}
	return column + " IN (SELECT value FROM json_each(?))"
}

// list is the argument for in. ids is an []int64 or []string. A nil slice is an empty list, not NULL, with which
// NOT (in …) would never be true.
func (f *flavor) list(ids any) any {
	switch list := ids.(type) {
	case []int64:
		ids = append([]int64{}, list...)
	case []string:
		ids = append([]string{}, list...)
	}
	if f.arrays {
		return ids
	}
	text, err := json.Marshal(ids)
	if err != nil {
		panic("sqlstore: a list that JSON cannot hold: " + err.Error()) // lists are of integers or strings
	}
	return string(text)
}

// bind answers the text with the placeholders that the engine understands.
func (f *flavor) bind(query string) string {
	if !f.arrays {
		return query
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	text, ok := f.texts[query]
	if !ok {
		if len(f.texts) == maxTexts {
			clear(f.texts)
		}
		text = number(query)
		f.texts[query] = text
	}
	return text
}

// number replaces each ? outside quotes by $1, $2 and so on.
func number(query string) string {
	var b strings.Builder
	b.Grow(len(query) + 16)
	quoted, n := false, 0
	for _, c := range []byte(query) {
		switch {
		case c == '\'':
			quoted = !quoted
			b.WriteByte(c)
		case c == '?' && !quoted:
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
