package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"noren"
)

// traces is what is stored of people in texts, in the form in which it is written back.
type traces struct {
	bulk     map[int64]noren.BulkRows // requests that name a member
	answers  []noren.IdempotencyKey
	imports  map[int64][]noren.ImportColumn // with samples of people
	refusals [][2]int64                     // import and line
	webhooks [][2]string                    // source, and the source's id
	shown    map[int64][]noren.Trace
	counts   map[int64]map[string]int // of each member, how many of what
	pending  map[int64]int64          // members whom an import names that is not finished, with the import
	// leftovers are pieces of imports that have ended without them.
	leftovers [][2]int64
}

// people is who is looked for: whom each value names, in small letters.
type people struct {
	list   []noren.Person
	named  map[string][]int64
	quoted map[int64][][]byte // of each member, the values as JSON has them
	ids    map[int64]bool
}

func peopleOf(list []noren.Person) people {
	p := people{list: list, named: make(map[string][]int64), quoted: make(map[int64][][]byte), ids: make(map[int64]bool)}
	for _, person := range list {
		p.ids[person.MemberID] = true
		for _, value := range person.Values {
			p.quoted[person.MemberID] = append(p.quoted[person.MemberID], quotedForms(value)...)
			// Two people may have the same value, such as a telephone number: then it names both.
			if key := strings.ToLower(value); !slices.Contains(p.named[key], person.MemberID) {
				p.named[key] = append(p.named[key], person.MemberID)
			}
		}
	}
	return p
}

// names returns the members whom a cell names.
func (p people) names(cell string) []int64 { return p.named[strings.ToLower(strings.TrimSpace(cell))] }

// namedIn returns the members whom any of the words names, each once.
func (p people) namedIn(words []string) (ids []int64) {
	for _, word := range words {
		for _, id := range p.names(word) {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// quotedIn returns the members of whom a JSON text has a value as a string, in any case.
func (p people) quotedIn(text []byte) (ids []int64) {
	text = bytes.ToLower(text)
	for _, person := range p.list {
		if slices.ContainsFunc(p.quoted[person.MemberID], func(quoted []byte) bool { return bytes.Contains(text, quoted) }) {
			ids = append(ids, person.MemberID)
		}
	}
	return ids
}

// quotedForms are the forms in which JSON of ours may have the value as a string, in small letters: some of it is written with <, >
// and & escaped. They have their quotation marks, so that a short value is not found inside a longer one.
func quotedForms(value string) (forms [][]byte) {
	for _, escaped := range []bool{true, false} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escaped)
		if err := e.Encode(value); err != nil {
			continue // a string always has a form
		}
		forms = append(forms, bytes.ToLower(bytes.TrimSpace(b.Bytes())))
	}
	return forms
}

// PersonTraces implements noren.PersonTx.
func (t *tx) PersonTraces(ctx context.Context, list []noren.Person) (map[int64][]noren.Trace, error) {
	found, err := t.tracesOf(ctx, list)
	return found.shown, err
}

// tracesOf reads every text of the tenant that may name one of the people, once for all of them. That is slow where there is much
// of it; people are erased rarely, and an index of everybody's values would be one more place to erase them from.
func (t *tx) tracesOf(ctx context.Context, list []noren.Person) (traces, error) {
	s := traceSearch{people: peopleOf(list), tx: t, found: traces{
		bulk: make(map[int64]noren.BulkRows), imports: make(map[int64][]noren.ImportColumn), shown: make(map[int64][]noren.Trace),
		counts: make(map[int64]map[string]int), pending: make(map[int64]int64),
	}}
	s.inRequests(ctx)
	s.inImports(ctx)
	return s.found, s.err
}

// traceSearch is one reading of all texts.
type traceSearch struct {
	people
	tx    *tx
	found traces
	err   error // the first; nothing is read after it
}

// show notes a place where something of the members is stored.
func (s *traceSearch) show(ids []int64, kind, what, content, where string, args ...any) {
	for _, id := range ids {
		s.found.shown[id] = append(s.found.shown[id], noren.Trace{What: what, Where: fmt.Sprintf(where, args...), Content: content})
		s.found.count(id, kind, 1)
	}
}

// read reads the tenant's rows of one kind.
func (s *traceSearch) read(ctx context.Context, what, query string, scan func(row scannable) error) {
	if s.err == nil {
		rows, err := s.tx.query(ctx, query, s.tx.tenant)
		s.err = doing("look for a person in "+what, each(rows, err, scan))
	}
}

// inRequests looks into what programs have sent, and what was responded.
func (s *traceSearch) inRequests(ctx context.Context) {
	s.read(ctx, "bulk requests", "SELECT id, rows FROM bulk_requests WHERE tenant_id = ? AND kind = 'members'", func(row scannable) error {
		var id int64
		var data []byte
		// Taking the rows apart costs most, so it is done only where the digits occur. They may be the beginning of a
		// longer number, which the rows show then.
		if err := row.Scan(&id, &data); err != nil || !slices.ContainsFunc(s.list, func(person noren.Person) bool {
			return bytes.Contains(data, fmt.Appendf(nil, `"id":%d`, person.MemberID))
		}) {
			return err
		}
		rows, err := noren.DecodeBulkRows(data)
		for i, m := range rows.Members {
			// A row that has nothing but the number was emptied before, or has nothing to empty.
			text, jsonErr := json.Marshal(m)
			if bare := fmt.Sprintf(`{"id":%d}`, m.ID); jsonErr == nil && s.ids[m.ID] && string(text) != bare {
				s.show([]int64{m.ID}, "bulk requests", "bulk request", string(text), "%d, row %d", id, i+1)
				// The row stays in its place: results and failures name rows by their numbers.
				rows.Members[i] = noren.MemberPatch{ID: m.ID}
				s.found.bulk[id] = rows
			}
		}
		return err
	})
	s.read(ctx, "kept answers", "SELECT client_id, route, key, body FROM kept_answers WHERE tenant_id = ?", func(row scannable) error {
		var k noren.IdempotencyKey
		var body []byte
		err := row.Scan(&k.ClientID, &k.Route, &k.Key, &body)
		if ids := s.quotedIn(body); err == nil && len(ids) > 0 {
			s.show(ids, "kept answers", "kept answer", string(body), "%s", k.Route)
			s.found.answers = append(s.found.answers, k)
		}
		return err
	})
	s.read(ctx, "webhooks", "SELECT source, id, subject, detail FROM webhooks WHERE tenant_id = ?", func(row scannable) error {
		var source, id, subject, detail string
		err := row.Scan(&source, &id, &subject, &detail)
		if ids := s.namedIn(strings.Fields(subject + " " + detail)); err == nil && len(ids) > 0 {
			s.show(ids, "webhooks", "webhook", subject+": "+detail, "%s", id)
			s.found.webhooks = append(s.found.webhooks, [2]string{source, id})
		}
		return err
	})
}

// inImports looks into imports: what is waiting, what was refused, and what the columns show.
func (s *traceSearch) inImports(ctx context.Context) {
	s.read(ctx, "imports", "SELECT id, columns FROM imports WHERE tenant_id = ?", func(row scannable) error {
		var id int64
		var text []byte
		if err := row.Scan(&id, &text); err != nil {
			return err
		}
		var columns []noren.ImportColumn
		err := json.Unmarshal(text, &columns)
		for i := range columns {
			if ids := s.namedIn(columns[i].Samples); len(ids) > 0 {
				s.show(ids, "imports", "import", strings.Join(columns[i].Samples, ", "), "%d, samples of %s", id, columns[i].Header)
				// Only the person's own samples go; those of others still help to tell the columns apart.
				columns[i].Samples = slices.DeleteFunc(slices.Clone(columns[i].Samples), func(sample string) bool { return len(s.names(sample)) > 0 })
				s.found.imports[id] = columns
			}
		}
		return err
	})
	s.read(ctx, "refused lines", "SELECT import_id, line, cells FROM import_refusals WHERE tenant_id = ?", func(row scannable) error {
		var id, line int64
		var cells []byte
		if err := row.Scan(&id, &line, &cells); err != nil {
			return err
		}
		var list []string
		err := json.Unmarshal(cells, &list)
		if ids := s.namedIn(list); len(ids) > 0 {
			s.show(ids, "refused lines", "refused line", string(cells), "import %d, line %d", id, line)
			s.found.refusals = append(s.found.refusals, [2]int64{id, line})
		}
		return err
	})
	s.read(ctx, "lines of imports", `SELECT p.import_id, p.number, p.lines, i.state FROM import_pieces AS p
			JOIN imports AS i ON i.tenant_id = p.tenant_id AND i.id = p.import_id WHERE p.tenant_id = ?`, func(row scannable) error {
		var id, number int64
		var lines []byte
		var state noren.ImportState
		err := row.Scan(&id, &number, &lines, &state)
		ids := s.quotedIn(lines)
		switch {
		case err != nil || len(ids) == 0:
		// Nothing more is done with these lines, so they can go. Lines of an import that goes on cannot: it would
		// create the person anew.
		case state.Ended():
			s.show(ids, "lines of imports", "import", "", "%d, lines that were not imported", id)
			s.found.leftovers = append(s.found.leftovers, [2]int64{id, number})
		default:
			s.show(ids, "lines of imports", "import", "", "%d, not finished", id)
			for _, member := range ids {
				s.found.pending[member] = id
			}
		}
		return err
	})
}

// count counts n of a kind for the member.
func (f traces) count(member int64, kind string, n int) {
	if f.counts[member] == nil {
		f.counts[member] = make(map[string]int)
	}
	f.counts[member][kind] += n
}

// ErasePeople implements noren.PersonTx.
func (t *tx) ErasePeople(ctx context.Context, list []noren.Person) (map[int64]map[string]int, map[int64]int64, error) {
	found, err := t.tracesOf(ctx, list)
	if err != nil {
		return nil, nil, err
	}
	// A member named by a running import stays whole, and so is left out of everything below.
	if len(found.pending) > 0 {
		rest := slices.DeleteFunc(slices.Clone(list), func(p noren.Person) bool { return found.pending[p.MemberID] != 0 })
		waiting := found.pending
		if len(rest) == 0 {
			return nil, waiting, nil
		}
		// What is written back must not have lost those who stay.
		if found, err = t.tracesOf(ctx, rest); err != nil {
			return nil, nil, err
		}
		list, found.pending = rest, waiting
	}
	members := make([]int64, len(list))
	subjects := make([]string, len(list))
	for i, p := range list {
		members[i], subjects[i] = p.MemberID, strconv.FormatInt(p.MemberID, 10)
		// So that everybody is in the counts, even those of whom nothing was found.
		found.count(p.MemberID, "notes", 0)
	}
	listed, arg := isIn(t.db.flavor, "member_id", members)
	about, subject := isIn(t.db.flavor, "subject_id", subjects)
	// After the first error nothing more is sent, and the transaction is rolled back as a whole.
	run := func(what, query string, args ...any) {
		if err == nil {
			_, err = t.exec(ctx, query, args...)
			err = doing("erase a person from "+what, err)
		}
	}
	// counted runs a statement that returns the member of each row that it has removed something from.
	counted := func(kind, query string, args ...any) {
		if err != nil {
			return
		}
		rows, queryErr := t.query(ctx, query, args...)
		err = doing("erase a person from "+kind, each(rows, queryErr, func(row scannable) error {
			var member int64
			err := row.Scan(&member)
			found.count(member, kind, 1)
			return err
		}))
	}
	counted("notes", "DELETE FROM member_notes WHERE tenant_id = ? AND "+listed+" RETURNING member_id", t.tenant, arg)
	// The values of the log go, and who wrote when stays. Entries about the member's purchases have amounts only.
	counted("audit values", "UPDATE audit SET changes = '{}' WHERE tenant_id = ? AND subject = 'member' AND "+about+
		" AND changes <> '{}' RETURNING CAST(subject_id AS bigint)", t.tenant, subject)
	// What its files said it had is kept by ids that may be the person's own, such as an address.
	run("points taken over", "DELETE FROM taken_over WHERE tenant_id = ? AND "+listed, t.tenant, arg)
	counted("texts of points", "UPDATE point_entries SET note = '' WHERE tenant_id = ? AND "+listed+" AND note <> '' RETURNING member_id",
		t.tenant, arg)
	for id, rows := range found.bulk {
		data, encodeErr := rows.Encode()
		if err = errors.Join(err, encodeErr); err == nil {
			run("bulk requests", "UPDATE bulk_requests SET rows = ? WHERE tenant_id = ? AND id = ?", data, t.tenant, id)
		}
	}
	for _, k := range found.answers {
		// The key stays, without what was answered: it still keeps the same write from taking effect twice.
		run("kept answers", "UPDATE kept_answers SET body = ? WHERE tenant_id = ? AND client_id = ? AND route = ? AND key = ?",
			[]byte("{}"), t.tenant, k.ClientID, k.Route, k.Key)
	}
	for id, columns := range found.imports {
		text, encodeErr := json.Marshal(columns)
		if err = errors.Join(err, encodeErr); err == nil {
			run("imports", "UPDATE imports SET columns = ? WHERE tenant_id = ? AND id = ?", string(text), t.tenant, id)
		}
	}
	for _, at := range found.refusals {
		run("refused lines", "DELETE FROM import_refusals WHERE tenant_id = ? AND import_id = ? AND line = ?", t.tenant, at[0], at[1])
	}
	for _, at := range found.leftovers {
		run("lines of imports", "DELETE FROM import_pieces WHERE tenant_id = ? AND import_id = ? AND number = ?", t.tenant, at[0], at[1])
	}
	// In whatever encoding they are, the bytes of drafts are not searched: those drafts cannot be read again.
	run("files of imports", "DELETE FROM import_files WHERE tenant_id = ?", t.tenant)
	for _, w := range found.webhooks {
		run("webhooks", "UPDATE webhooks SET subject = '', detail = 'erased' WHERE tenant_id = ? AND source = ? AND id = ?",
			t.tenant, w[0], w[1])
	}
	if err == nil {
		err = t.eraseFiles(ctx, members, found)
	}
	return found.counts, found.pending, err
}

// eraseFiles detaches the members' files. Files that nothing else refers to are made old, so that the next sweep removes
// their bytes instead of the one after a day.
func (t *tx) eraseFiles(ctx context.Context, members []int64, found traces) error {
	list, err := t.Attachments(ctx, members)
	if err != nil {
		return err
	}
	for _, a := range list {
		if _, err := t.DeleteAttachment(ctx, a.MemberID, a.ID); err != nil {
			return err
		}
		_, err := t.exec(ctx, "UPDATE uploads SET created_at = 0 WHERE tenant_id = ? AND file_key = ? AND attachments = 0", t.tenant, a.FileKey)
		if err != nil {
			return doing("erase a file", err)
		}
		found.count(a.MemberID, "files", 1)
	}
	return nil
}

// AddErasures implements noren.PersonTx.
func (t *tx) AddErasures(ctx context.Context, receipts []noren.Erasure) error {
	for _, e := range receipts {
		text, err := json.Marshal(e.Removed)
		if err != nil {
			return doing("write a receipt", err)
		}
		// The same receipt may be there from a run whose commit was in doubt.
		if _, err := t.exec(ctx, `INSERT INTO erasures (tenant_id, member_id, at, erased_by, removed) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, t.tenant, e.MemberID, micros(e.At), e.By, string(text)); err != nil {
			return doing("store a receipt", err)
		}
	}
	return nil
}

// Erasures implements noren.PersonTx.
func (t *tx) Erasures(ctx context.Context) ([]noren.Erasure, error) {
	rows, err := t.query(ctx, `SELECT member_id, at, erased_by, removed FROM erasures
		WHERE tenant_id = ? ORDER BY at DESC, member_id`, t.tenant)
	list, err := collect(rows, err, func(row scannable) (e noren.Erasure, err error) {
		var at int64
		var removed []byte
		if err := row.Scan(&e.MemberID, &at, &e.By, &removed); err != nil {
			return e, err
		}
		e.At = fromMicros(at)
		return e, json.Unmarshal(removed, &e.Removed)
	})
	return list, doing("list receipts", err)
}

// personInvariants prove that nothing is left of members who were erased. What somebody has written about the number since
// is another matter.
func personInvariants() []invariant {
	var columns []string
	// Whatever is added to members later counts as personal, until somebody says here that it is not.
	for _, c := range noren.MemberColumns() {
		switch c.Name {
		case "code", "sex", "status", "leave_date", "rank_id", "minimum_rank_id", "staff_rank_id", "store_id",
			"mail_opt_in", "is_invoice_provider", "skip_next_check":
		default:
			columns = append(columns, "m."+c.Name+" IS NOT NULL")
		}
	}
	return []invariant{{
		name:    "nothing is left of members who were erased",
		checked: "erasures",
		violated: `SELECT e.tenant_id, e.member_id, 'a column' AS what FROM erasures AS e
				JOIN members AS m ON m.tenant_id = e.tenant_id AND m.id = e.member_id AND m.updated_at <= e.at
				WHERE ` + strings.Join(columns, " OR ") + `
			UNION ALL SELECT e.tenant_id, e.member_id, 'a note' FROM erasures AS e
				JOIN member_notes AS n ON n.tenant_id = e.tenant_id AND n.member_id = e.member_id AND n.created_at <= e.at
			UNION ALL SELECT e.tenant_id, e.member_id, 'a file' FROM erasures AS e
				JOIN member_attachments AS a ON a.tenant_id = e.tenant_id AND a.member_id = e.member_id AND a.created_at <= e.at
			UNION ALL SELECT e.tenant_id, e.member_id, 'a text of points' FROM erasures AS e
				JOIN point_entries AS p ON p.tenant_id = e.tenant_id AND p.member_id = e.member_id AND p.at <= e.at AND p.note <> ''
			UNION ALL SELECT e.tenant_id, e.member_id, 'an audit value' FROM erasures AS e
				JOIN audit AS a ON a.tenant_id = e.tenant_id AND a.subject = 'member' AND a.subject_id = CAST(e.member_id AS text)
				AND a.at < e.at AND a.changes <> '{}'`,
		say: "of member %v, who was erased, %v is left",
	}}
}
