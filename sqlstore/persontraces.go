package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"noren"
)

// traces is what is stored of people in texts, in the form in which it is written back.
type traces struct {
	bulk      map[int64]noren.BulkRows // requests that name a member
	urls      map[int64]string         // of requests that are finished, what is left of their callback URLs
	responses [][2]int64               // to callbacks: request and attempt
	named     []int64                  // requests whose ID, which the client has chosen, names a person
	entries   []int64                  // of the audit log, in the same way
	answers   []noren.IdempotencyKey
	paths     []noren.IdempotencyKey         // answers whose very path or key names a person
	imports   map[int64][]noren.ImportColumn // with samples of people
	fileNames []int64                        // imports of files that are called after a person
	refusals  [][2]int64                     // import and line
	webhooks  [][2]string                    // source, and the source's id
	shown     map[int64][]noren.Trace
	counts    map[int64]map[string]int // of each member, how many of what
	pending   map[int64]int64          // members whom an import names that is not finished, with the import
	// leftovers are pieces of imports that have ended without them.
	leftovers [][2]int64
}

// ChangesOf implements noren.PersonTx.
func (t *tx) ChangesOf(ctx context.Context, members []int64) (map[int64][]json.RawMessage, error) {
	if len(members) == 0 {
		return nil, nil
	}
	subjects := make([]string, len(members))
	for i, id := range members {
		subjects[i] = strconv.FormatInt(id, 10)
	}
	about, subject := isIn(t.db.flavor, "subject_id", subjects)
	rows, err := t.query(ctx, "SELECT CAST(subject_id AS bigint), changes FROM audit WHERE tenant_id = ? AND subject = 'member' AND "+about+
		" AND changes <> '{}'", t.tenant, subject)
	found := make(map[int64][]json.RawMessage)
	err = each(rows, err, func(row scannable) error {
		var id int64
		var changes []byte
		err := row.Scan(&id, &changes)
		found[id] = append(found[id], bytes.Clone(changes))
		return err
	})
	return found, doing("read what members were called before", err)
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
		bulk: make(map[int64]noren.BulkRows), urls: make(map[int64]string),
		imports: make(map[int64][]noren.ImportColumn), shown: make(map[int64][]noren.Trace),
		counts: make(map[int64]map[string]int), pending: make(map[int64]int64),
	}, files: make(map[int64]importedFile)}
	s.inBulk(ctx)
	s.inAudit(ctx)
	s.inRequests(ctx)
	s.inImports(ctx)
	s.inLines(ctx)
	return s.found, s.err
}

// traceSearch is one reading of all texts.
type traceSearch struct {
	people
	tx    *tx
	found traces
	files map[int64]importedFile
	err   error // the first; nothing is read after it
}

// importedFile is what says how to read the lines of an import.
type importedFile struct {
	kind   noren.ImportKind
	fields []string // of each column; "" where it was not imported
}

// show notes a place where something of the members is stored.
func (s *traceSearch) show(ids []int64, kind, what string, content func(id int64) string, where string, args ...any) {
	for _, id := range ids {
		s.found.shown[id] = append(s.found.shown[id], noren.Trace{What: what, Where: fmt.Sprintf(where, args...), Content: content(id)})
		s.found.count(id, kind, 1)
	}
}

// whole is the content of what is about one person alone.
func whole(text string) func(int64) string { return func(int64) string { return text } }

// read reads the tenant's rows of one kind.
func (s *traceSearch) read(ctx context.Context, what, query string, scan func(row scannable) error) {
	if s.err == nil {
		rows, err := s.tx.query(ctx, query, s.tx.tenant)
		s.err = doing("look for a person in "+what, each(rows, err, scan))
	}
}

// inBulk looks into bulk requests: their rows, and where their callbacks go. Requests for stock have callbacks too.
func (s *traceSearch) inBulk(ctx context.Context) {
	s.read(ctx, "bulk requests", `SELECT r.id, r.state, r.callback_url, COALESCE(c.url, r.callback_url), COALESCE(c.state, ''),
			r.client_request_id, CASE WHEN r.kind = 'members' OR r.state = 'accepted' THEN r.rows END
		FROM bulk_requests AS r LEFT JOIN callbacks AS c ON c.tenant_id = r.tenant_id AND c.request_id = r.id
		WHERE r.tenant_id = ?`, func(row scannable) error {
		var id int64
		var state noren.BulkState
		var delivery noren.DeliveryState
		var address, sentTo, reference string
		var data []byte
		if err := row.Scan(&id, &state, &address, &sentTo, &delivery, &reference, &data); err != nil {
			return err
		}
		var rows noren.BulkRows
		// Taking the rows apart costs most, so it is done only where the digits occur. They may be the beginning of a
		// longer number, which the rows show then.
		if state == noren.BulkAccepted || slices.ContainsFunc(s.list, func(person noren.Person) bool {
			return bytes.Contains(data, fmt.Appendf(nil, `"id":%d`, person.MemberID))
		}) {
			var err error
			if rows, err = noren.DecodeBulkRows(data); err != nil {
				return err
			}
		}
		if err := s.inRows(id, rows); err != nil {
			return err
		}
		if ids := s.inText(reference); len(ids) > 0 {
			s.show(ids, "request IDs", "request ID", whole(reference), "bulk request %d", id)
			s.found.named = append(s.found.named, id)
		}
		if state == noren.BulkAccepted {
			// The URL is needed until the request is applied, and so is what will be left of it then.
			address = cmp.Or(rows.CallbackLeft, address)
			if ids, left := s.inURL(address); len(ids) > 0 {
				s.show(ids, "callback URLs", "callback URL", whole(address), "bulk request %d", id)
				rows.CallbackLeft = left
				s.found.bulk[id] = rows
			}
			return nil
		}
		ids, left := s.inURL(address)
		// Where a callback goes that is still to be sent is not removed yet, and is when it ends.
		if len(ids) == 0 && delivery != noren.CallbackPending {
			address = sentTo
			ids, left = s.inURL(sentTo)
		}
		if len(ids) > 0 {
			s.show(ids, "callback URLs", "callback URL", whole(address), "bulk request %d", id)
			s.found.urls[id] = left
		}
		return nil
	})
	s.read(ctx, "responses to callbacks", `SELECT request_id, number, answer FROM callback_attempts
			WHERE tenant_id = ? AND answer IS NOT NULL`, func(row scannable) error {
		var id, number int64
		var answer []byte
		err := row.Scan(&id, &number, &answer)
		if ids := s.inText(string(answer)); err == nil && len(ids) > 0 {
			s.show(ids, "responses to callbacks", "response to a callback", whole(string(answer)), "bulk request %d, attempt %d", id, number)
			s.found.responses = append(s.found.responses, [2]int64{id, number})
		}
		return err
	})
}

// mostLikely is how many values are looked for in SQL: its expressions have a depth.
const mostLikely = 200

// inAudit looks into the IDs that clients have given their requests, which the audit log keeps for good. Only those are read that have
// the digits and letters of a value, unless there are very many: it is the longest table.
func (s *traceSearch) inAudit(ctx context.Context) {
	if s.err != nil {
		return
	}
	plain := func(column string) string { return "REPLACE(REPLACE(LOWER(" + column + "), '-', ''), '.', '')" }
	var likely []string
	args := []any{s.tx.tenant}
	for value := range s.values {
		if utf8.RuneCountInString(value) >= leastTelling {
			likely = append(likely, plain("client_request_id")+" LIKE "+plain("?"))
			args = append(args, "%"+value+"%")
		}
	}
	query := "SELECT id, client_request_id FROM audit WHERE tenant_id = ? AND client_request_id <> ''"
	switch {
	case len(likely) == 0:
		return
	case len(likely) > mostLikely:
		args = args[:1]
	default:
		query += " AND (" + strings.Join(likely, " OR ") + ")"
	}
	rows, err := s.tx.query(ctx, query, args...)
	s.err = doing("look for a person in the audit log", each(rows, err, func(row scannable) error {
		var id int64
		var reference string
		err := row.Scan(&id, &reference)
		if ids := s.inText(reference); len(ids) > 0 {
			s.show(ids, "request IDs", "request ID", whole(reference), "entry %d of the audit log", id)
			s.found.entries = append(s.found.entries, id)
		}
		return err
	}))
}

// inRows looks into the rows of a bulk request.
func (s *traceSearch) inRows(id int64, rows noren.BulkRows) error {
	for i, m := range rows.Members {
		if !s.ids[m.ID] || bare(m) {
			continue
		}
		text, err := json.Marshal(m)
		if err != nil {
			return err
		}
		s.show([]int64{m.ID}, "bulk requests", "bulk request", whole(string(text)), "%d, row %d", id, i+1)
		// The row stays in its place: results and failures name rows by their numbers.
		rows.Members[i] = noren.MemberPatch{ID: m.ID}
		s.found.bulk[id] = rows
	}
	return nil
}

// bare reports whether a row has nothing but the member's number: it was emptied before, or has nothing to empty.
func bare(m noren.MemberPatch) bool {
	text, err := json.Marshal(m)
	return err == nil && string(text) == fmt.Sprintf(`{"id":%d}`, m.ID)
}

// inRequests looks into what programs have sent, and what was responded.
func (s *traceSearch) inRequests(ctx context.Context) {
	s.read(ctx, "kept answers", "SELECT client_id, route, key, body FROM kept_answers WHERE tenant_id = ?", func(row scannable) error {
		var k noren.IdempotencyKey
		var body []byte
		if err := row.Scan(&k.ClientID, &k.Route, &k.Key, &body); err != nil {
			return err
		}
		about, named := s.inPath(k.Route)
		keyed := s.inKey(k.Key) // the response may be about others, so only the key is theirs
		s.show(keyed, "kept answers", "kept answer", whole(k.Key), "%s, its key", k.Route)
		if named = named || len(keyed) > 0; named {
			s.found.paths = append(s.found.paths, k)
		}
		// A kept response without a body has nothing to hand out. Its path may still name somebody.
		if len(body) > 0 && string(body) != emptied {
			parts := s.inJSON(body)
			for _, id := range about {
				parts[id] = []string{string(body)} // a path with one member is about that one
			}
			if len(parts) > 0 && !named {
				s.found.answers = append(s.found.answers, k)
			}
			s.show(keysOf(parts), "kept answers", "kept answer", func(id int64) string { return strings.Join(parts[id], ", ") }, "%s", k.Route)
		} else if named {
			s.show(about, "kept answers", "kept answer", whole(""), "%s", k.Route)
		}
		return nil
	})
	s.read(ctx, "webhooks", "SELECT source, id, subject, detail FROM webhooks WHERE tenant_id = ?", func(row scannable) error {
		var source, id, subject, detail string
		err := row.Scan(&source, &id, &subject, &detail)
		if ids := s.namedIn(strings.Fields(subject + " " + detail)); err == nil && len(ids) > 0 {
			s.show(ids, "webhooks", "webhook", whole(subject+": "+detail), "%s", id)
			s.found.webhooks = append(s.found.webhooks, [2]string{source, id})
		}
		return err
	})
}

// inImports looks into imports: the names of their files, and what the columns show.
func (s *traceSearch) inImports(ctx context.Context) {
	s.read(ctx, "imports", "SELECT id, kind, state, file_name, columns FROM imports WHERE tenant_id = ?", func(row scannable) error {
		var id int64
		var kind noren.ImportKind
		var state noren.ImportState
		var fileName string
		var text []byte
		if err := row.Scan(&id, &kind, &state, &fileName, &text); err != nil {
			return err
		}
		var columns []noren.ImportColumn
		err := json.Unmarshal(text, &columns)
		file := importedFile{kind: kind}
		for _, c := range columns {
			file.fields = append(file.fields, c.Field)
		}
		s.files[id] = file
		if ids := s.inFileName(fileName); len(ids) > 0 {
			s.show(ids, "imports", "import", whole(fileName), "%d, the name of its file", id)
			s.found.fileNames = append(s.found.fileNames, id)
		}
		for i, c := range columns {
			own := func(sample string) []int64 { return s.inCell(kind, c.Field, sample) }
			for _, sample := range c.Samples {
				s.show(own(sample), "imports", "import", whole(sample), "%d, samples of %s", id, c.Header)
			}
			// Only the person's own samples go; those of others still help to tell the columns apart. Where the import
			// has ended nobody tells columns apart any more, and a sample may be a name, or a note, of anybody.
			if keep := slices.DeleteFunc(slices.Clone(c.Samples), func(sample string) bool {
				return state.Ended() || len(own(sample)) > 0
			}); len(keep) < len(c.Samples) {
				columns[i].Samples = keep
				s.found.imports[id] = columns
			}
		}
		return err
	})
}

// inLines looks into the lines of imports that wait or were refused. It needs to know the columns.
func (s *traceSearch) inLines(ctx context.Context) {
	const refused = "SELECT import_id, line, cells, problems FROM import_refusals WHERE tenant_id = ?"
	s.read(ctx, "refused lines", refused, func(row scannable) error {
		var id, line int64
		var cells, texts []byte
		if err := row.Scan(&id, &line, &cells, &texts); err != nil {
			return err
		}
		var list []string
		var problems []noren.ImportProblem
		err := errors.Join(json.Unmarshal(cells, &list), json.Unmarshal(texts, &problems))
		ids := s.inLine(s.files[id], list, true)
		s.show(ids, "refused lines", "refused line", whole(string(cells)), "import %d, line %d", id, line)
		for _, p := range problems {
			if p.Reason == noren.ReasonAlike { // a line about somebody else, which was told the person's code
				also := s.inCell(s.files[id].kind, p.Field, p.Limit)
				s.show(also, "refused lines", "refused line", whole(p.Limit), "import %d, line %d", id, line)
				ids = union(ids, also)
			}
		}
		if len(ids) > 0 {
			s.found.refusals = append(s.found.refusals, [2]int64{id, line})
		}
		return err
	})
	s.read(ctx, "lines of imports", `SELECT p.import_id, p.number, p.lines, i.state FROM import_pieces AS p
			JOIN imports AS i ON i.tenant_id = p.tenant_id AND i.id = p.import_id WHERE p.tenant_id = ?`, func(row scannable) error {
		var id, number int64
		var data []byte
		var state noren.ImportState
		if err := row.Scan(&id, &number, &data, &state); err != nil {
			return err
		}
		var lines []noren.ImportLine
		err := json.Unmarshal(data, &lines)
		var ids []int64
		for _, line := range lines {
			// A line with nothing but the same name may be about another, who must not keep the person here.
			ids = union(ids, s.inLine(s.files[id], line.Cells, state.Ended()))
		}
		switch {
		case err != nil || len(ids) == 0:
		// Nothing more is done with these lines, so they can go. Lines of an import that goes on cannot: it would
		// create the person anew.
		case state.Ended():
			s.show(ids, "lines of imports", "import", whole(""), "%d, lines that were not imported", id)
			s.found.leftovers = append(s.found.leftovers, [2]int64{id, number})
		default:
			s.show(ids, "lines of imports", "import", whole(""), "%d, not finished", id)
			for _, member := range ids {
				s.found.pending[member] = id
			}
		}
		return err
	})
}
