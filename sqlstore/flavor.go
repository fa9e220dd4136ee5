package sqlstore

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"

	"noren/sharding"
)

// flavor holds every difference between the engines. All other code sends one SQL text, with ? for each argument.
type flavor struct {
	name       string        // "sqlite" | "postgres"; migrations that only one engine can do carry it in their name
	dialect    goose.Dialect // how goose speaks to it
	unnests    bool          // one statement writes many rows, from an array for each column; else a statement writes a few
	inList     string        // the condition that what stands before it is in a list, with one ? for the list
	inRows     string        // the condition that what stands before it is in the column of a query, with one %s for the query
	jsonLists  bool          // that list is a JSON text; else an array
	elements   string        // the elements of a JSON list, with one ? for the list
	lockRows   string        // appended to a SELECT to lock what it reads
	skipLocked string        // the same, leaving out what another transaction has locked
	unsynced   string        // appended to the conditions of a write that may be lost in a crash: nobody waits for the disk
	byKey      string        // behind members, where a few are looked up by their ids and then sorted
	remote     bool          // a commit is reported over a network, which may lose the report
	oneFile    bool          // all is in one file, which can be damaged as a whole
	sharded    bool          // a statement should go to the shard of one tenant: package sharding has the rules

	// What is looked up before the tenant is known is not in the tenants' shards. So there these two are not what they seem.
	lockAcross string // lockRows for it: nothing where it is sharded, for no statement locks rows in several shards
	skipAcross string // skipLocked for it
	tenantRows string // r, with the tenant_id of each tenant, where the tenant's rows are
	// elsewhere finds statements that write to a table whose rows are not where the tenant's are, or not there alone.
	elsewhere *regexp.Regexp

	mu    sync.Mutex
	texts map[string]string // SQL text → the same with numbered placeholders; nil: it takes ?
}

// maxTexts bounds what is remembered by SQL text. The set of columns in an update follows what clients send, so
// the number of texts has no useful bound of its own.
const maxTexts = 512

// newSQLite has no locks to ask for: there is one writer, and it sees nobody else's changes while it works. It would
// rather read all members in the order that is asked for than sort a few, unless it is told by which index to look.
func newSQLite() *flavor {
	return &flavor{
		name:      "sqlite",
		dialect:   goose.DialectSQLite3,
		inList:    " IN (SELECT value FROM json_each(?))",
		inRows:    " IN (%s)",
		jsonLists: true,
		elements:  "json_each(?)",
		byKey:     " INDEXED BY sqlite_autoindex_members_1",
		oneFile:   true,

		tenantRows: allTenants,
	}
}

// allTenants is tenantRows where a table is anywhere.
const allTenants = "(SELECT id AS tenant_id FROM tenants) AS r"

func newPostgres() *flavor {
	return &flavor{
		name:       "postgres",
		dialect:    goose.DialectPostgres,
		unnests:    true,
		inList:     " = ANY(?)",
		inRows:     " = ANY(ARRAY(%s))", // not joined: see named
		elements:   "json_array_elements(CAST(? AS json))",
		lockRows:   " FOR UPDATE",
		skipLocked: " FOR UPDATE SKIP LOCKED",
		unsynced:   " AND set_config('synchronous_commit', 'off', true) = 'off'", // until its transaction ends
		remote:     true,
		texts:      make(map[string]string),

		lockAcross: " FOR UPDATE", skipAcross: " FOR UPDATE SKIP LOCKED", tenantRows: allTenants,
	}
}

// newCitus is PostgreSQL with Citus. What is written may call no volatile function there; each commit waits for the disk of
// the tenant's node.
func newCitus() *flavor {
	f := newPostgres()
	f.sharded, f.unsynced, f.lockAcross, f.skipAcross, f.tenantRows = true, "", "", "", "tenant_rows AS r"
	var names []string
	for _, table := range sharding.Tables() {
		if table.Column != sharding.Tenant {
			names = append(names, regexp.QuoteMeta(table.Name))
		}
	}
	f.elsewhere = regexp.MustCompile(`(?i)\b(INSERT INTO|UPDATE|DELETE FROM) (` + strings.Join(names, "|") + `)\b`)
	return f
}

// forUpdate is appended to a SELECT whose rows are about to be changed.
func (f *flavor) forUpdate() string { return f.lockRows }

// in is the condition that column is one of a list, with one ? for the list as list returns it. One argument
// whatever the length keeps the SQL text the same.
func (f *flavor) in(column string) string { return column + f.inList }

// list is the argument for in. ids is an []int64 or []string. A nil slice is an empty list, not NULL, with which
// NOT (in …) would never be true.
func (f *flavor) list(ids any) any {
	switch list := ids.(type) {
	case []int64:
		ids = append([]int64{}, list...)
	case []string:
		ids = append([]string{}, list...)
	}
	if !f.jsonLists {
		return ids
	}
	text, err := json.Marshal(ids)
	if err != nil {
		panic("sqlstore: a list that JSON cannot hold: " + err.Error()) // lists are of integers or strings
	}
	return string(text)
}

// isIn is the condition that column is one of the values, with its only argument. One value needs no list, which SQLite
// would take apart through a virtual table: that costs more than the look-up itself.
func isIn[T int64 | string](f *flavor, column string, values []T) (condition string, arg any) {
	if len(values) == 1 {
		return column + " = ?", values[0]
	}
	return f.in(column), f.list(values)
}

// bind returns the text with the placeholders that the engine understands.
func (f *flavor) bind(query string) string {
	if f.texts == nil {
		return query
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	text, ok := f.texts[query]
	if !ok {
		// What is in use is soon there again.
		if len(f.texts) == maxTexts {
			clear(f.texts)
		}
		text = number(query, nil)
		f.texts[query] = text
	}
	return text
}

// number replaces each ? outside quotes by $1, $2 and so on, but for those that literal, where it is given, has a text for.
func number(query string, literal func(i int) string) string {
	var b strings.Builder
	b.Grow(len(query) + 16)
	quoted, i, n := false, 0, 0
	// Bytes suffice: a quotation mark and a question mark are no part of any other character in UTF-8.
	for _, c := range []byte(query) {
		switch {
		case c == '\'':
			quoted = !quoted
			b.WriteByte(c)
		case c == '?' && !quoted:
			text := ""
			if literal != nil {
				text = literal(i)
			}
			if i++; text == "" {
				n++
				text = "$" + strconv.Itoa(n)
			}
			b.WriteString(text)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
