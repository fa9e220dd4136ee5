package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"noren"
)

// importColumns are what scanImport reads, in its order.
const importColumns = "id, kind, state, source, file_name, encoding, columns, view, client_id, login, dialect, store_id, " +
	"request_id, total, processed, created, updated, unchanged, refused, tries, created_at, started_at, finished_at, system, by_number, " +
	"told, remarks, contradictions, code_lengths"

// activeImport is the condition of the index over what is to be worked on, in its very words: SQLite uses the index
// where it finds them.
const activeImport = "state IN ('waiting', 'running')"

func scanImport(row scannable) (i noren.Import, err error) {
	var columns, remarks, contradictions, lengths []byte
	var createdAt int64
	var startedAt, finishedAt sql.NullInt64
	if err := row.Scan(&i.ID, &i.Kind, &i.State, &i.Source, &i.FileName, &i.Encoding, &columns, &i.View, &i.ClientID, &i.Login,
		&i.Dialect, &i.StoreID, &i.RequestID, &i.Total, &i.Processed, &i.Created, &i.Updated, &i.Unchanged, &i.Refused, &i.Tries,
		&createdAt, &startedAt, &finishedAt, &i.System, &i.By, &i.Told, &remarks, &contradictions, &lengths); err != nil {
		return i, err
	}
	i.CreatedAt, i.StartedAt, i.FinishedAt = fromMicros(createdAt), fromNullMicros(startedAt), fromNullMicros(finishedAt)
	err = errors.Join(json.Unmarshal(columns, &i.Columns), json.Unmarshal(remarks, &i.Remarks),
		json.Unmarshal(contradictions, &i.Contradictions), json.Unmarshal(lengths, &i.CodeLengths))
	if len(i.Remarks) == 0 {
		i.Remarks = nil // as it was given
	}
	if len(i.Contradictions) == 0 {
		i.Contradictions = nil
	}
	if len(i.CodeLengths) == 0 {
		i.CodeLengths = nil
	}
	return i, doing("read the texts of an import", err)
}

// importTexts are what of an import is stored as JSON. It is read and written whole, and no query looks into it.
type importTexts struct{ columns, remarks, contradictions, lengths string }

func textsOf(i noren.Import) (texts importTexts, err error) {
	text := func(list any) string {
		data, wrong := json.Marshal(list)
		err = errors.Join(err, wrong)
		return string(data)
	}
	if i.Remarks == nil {
		i.Remarks = []noren.ImportProblem{} // NULL would be neither a list nor allowed
	}
	if i.Contradictions == nil {
		i.Contradictions = []noren.ImportContradiction{}
	}
	if i.CodeLengths == nil {
		i.CodeLengths = []int{}
	}
	texts = importTexts{text(i.Columns), text(i.Remarks), text(i.Contradictions), text(i.CodeLengths)}
	return texts, doing("write the texts of an import", err)
}

// AddImport implements noren.ImportTx.
func (t *tx) AddImport(ctx context.Context, i noren.Import) error {
	texts, err := textsOf(i)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, "INSERT INTO imports (tenant_id, "+importColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.tenant, i.ID, i.Kind, i.State, i.Source, i.FileName, i.Encoding, texts.columns, i.View, i.ClientID, i.Login, i.Dialect,
		i.StoreID, i.RequestID, i.Total, i.Processed, i.Created, i.Updated, i.Unchanged, i.Refused, i.Tries,
		micros(i.CreatedAt), nullMicros(i.StartedAt), nullMicros(i.FinishedAt), i.System, i.By, i.Told, texts.remarks,
		texts.contradictions, texts.lengths); err != nil {
		return doing("add an import", err)
	}
	_, err = t.exec(ctx, `INSERT INTO lanes (tenant_id) VALUES (?) ON CONFLICT DO NOTHING`, t.tenant)
	return doing("make a lane", err)
}

// AddImportPieces implements noren.ImportTx.
func (t *tx) AddImportPieces(ctx context.Context, id int64, pieces []noren.ImportPiece) error {
	lines := make([]any, len(pieces))
	for n, p := range pieces {
		data, err := json.Marshal(p.Lines)
		if err != nil {
			return doing("write the lines of an import", err)
		}
		lines[n] = data
	}
	// A piece never changes, so one that is there already, of a run whose commit was in doubt, is the same one.
	_, err := t.insertRows(ctx, "import_pieces", "ON CONFLICT DO NOTHING", []column{
		{"import_id", kindInt, valuesOf(pieces, func(*noren.ImportPiece) any { return id })},
		{"number", kindInt, valuesOf(pieces, func(p *noren.ImportPiece) any { return p.Number })},
		{"lines", kindBytes, lines},
	})
	return doing("add lines of an import", err)
}

// Import implements noren.ImportTx.
func (t *tx) Import(ctx context.Context, id int64, forUpdate bool) (*noren.Import, error) {
	query := "SELECT " + importColumns + " FROM imports WHERE tenant_id = ? AND id = ?"
	if forUpdate {
		t.takes(lockWork, "imports")
		query += t.db.flavor.forUpdate()
	}
	return oneImport(t.queryRow(ctx, query, t.tenant, id))
}

// oneImport reads the import that a query finds, or nil.
func oneImport(row scannable) (*noren.Import, error) {
	i, err := scanImport(row)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, doing("read an import", err)
	}
	return &i, nil
}

// CodeLengths implements noren.CodeTx.
func (t *tx) CodeLengths(ctx context.Context) ([]int, error) {
	rows, err := t.query(ctx, `SELECT DISTINCT length(code) FROM members WHERE tenant_id = ?
		UNION SELECT DISTINCT length(alias_code) FROM members WHERE tenant_id = ? AND alias_code IS NOT NULL ORDER BY 1 ASC`, t.tenant, t.tenant)
	list, err := collect(rows, err, func(row scannable) (n int, err error) {
		err = row.Scan(&n)
		return n, err
	})
	return list, doing("look how long codes are", err)
}

// Imports implements noren.ImportTx.
func (t *tx) Imports(ctx context.Context, f noren.ImportFilter) ([]noren.Import, int, error) {
	w := t.where()
	// An upload that is under way, or has broken off, is not shown as an import.
	w.and("state <> ?", noren.ImportUploading)
	if f.VisibleTo != nil {
		w.and("store_id = ?", *f.VisibleTo)
	}
	return listing[noren.Import]{
		table: "imports", columns: importColumns, sortable: map[string]string{"id": "id"}, key: []string{"id"},
		scan: scanImport,
	}.page(ctx, t, w, []noren.Sort{{Column: "id", Desc: true}}, f.Page)
}

// NextImport implements noren.ImportTx. That the import still waits or runs is asked twice: once to find the oldest, and
// again of the row as it is once it is locked, for whoever had it may have ended it meanwhile.
func (t *tx) NextImport(ctx context.Context) (*noren.Import, error) {
	t.takes(lockWork, "imports")
	return oneImport(t.queryRow(ctx, "SELECT "+importColumns+" FROM imports WHERE tenant_id = ? AND "+activeImport+` AND id = (
		SELECT id FROM imports WHERE tenant_id = ? AND `+activeImport+" ORDER BY id LIMIT 1)"+t.db.flavor.skipLocked, t.tenant, t.tenant))
}

// ImportPieces implements noren.ImportTx.
func (t *tx) ImportPieces(ctx context.Context, id, after int64, limit int) ([]noren.ImportPiece, error) {
	// In the order of the primary key, from where the last call ended, so that no call reads what others have read.
	rows, err := t.query(ctx, `SELECT number, lines FROM import_pieces
		WHERE tenant_id = ? AND import_id = ? AND number > ? ORDER BY number LIMIT ?`, t.tenant, id, after, limit)
	list, err := collect(rows, err, func(row scannable) (p noren.ImportPiece, err error) {
		var lines []byte
		if err := row.Scan(&p.Number, &lines); err != nil {
			return p, err
		}
		err = json.Unmarshal(lines, &p.Lines)
		return p, err
	})
	return list, doing("read lines of an import", err)
}

// UpdateImport implements noren.ImportTx.
func (t *tx) UpdateImport(ctx context.Context, i noren.Import) error {
	texts, err := textsOf(i)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE imports SET state = ?, source = ?, columns = ?, total = ?, processed = ?, created = ?, updated = ?,
		unchanged = ?, refused = ?, tries = ?, started_at = ?, finished_at = ?, by_number = ?, told = ?, remarks = ?,
		contradictions = ?, code_lengths = ?,
		encoding = ?, view = ?, system = ? WHERE tenant_id = ? AND id = ?`,
		i.State, i.Source, texts.columns, i.Total, i.Processed, i.Created, i.Updated, i.Unchanged, i.Refused, i.Tries,
		nullMicros(i.StartedAt), nullMicros(i.FinishedAt), i.By, i.Told, texts.remarks, texts.contradictions, texts.lengths,
		i.Encoding, i.View, i.System, t.tenant, i.ID)
	return doing("update an import", err)
}

// FinishImportPiece implements noren.ImportTx.
func (t *tx) FinishImportPiece(ctx context.Context, i noren.Import, piece int64, refused []noren.RefusedLine) error {
	// In the transaction of the lines' effect: that the piece is gone is what makes them take effect once (ADR 5).
	if _, err := t.exec(ctx, `DELETE FROM import_pieces WHERE tenant_id = ? AND import_id = ? AND number = ?`,
		t.tenant, i.ID, piece); err != nil {
		return doing("remove lines of an import", err)
	}
	cells, problems := make([]any, len(refused)), make([]any, len(refused))
	for n, r := range refused {
		c, cellsErr := json.Marshal(r.Cells)
		p, err := json.Marshal(r.Problems)
		if err := errors.Join(cellsErr, err); err != nil {
			return doing("write refused lines", err)
		}
		cells[n], problems[n] = string(c), string(p)
	}
	if _, err := t.insertRows(ctx, "import_refusals", "", []column{
		{"import_id", kindInt, valuesOf(refused, func(*noren.RefusedLine) any { return i.ID })},
		{"line", kindInt, valuesOf(refused, func(r *noren.RefusedLine) any { return int64(r.Line) })},
		{"cells", kindText, cells},
		{"problems", kindText, problems},
	}); err != nil {
		return doing("keep refused lines", err)
	}
	return t.UpdateImport(ctx, i)
}

// RefusedLines implements noren.ImportTx.
func (t *tx) RefusedLines(ctx context.Context, id int64, after, limit int) ([]noren.RefusedLine, error) {
	// In the order of the primary key, as the pieces are.
	rows, err := t.query(ctx, `SELECT line, cells, problems FROM import_refusals
		WHERE tenant_id = ? AND import_id = ? AND line > ? ORDER BY line LIMIT ?`, t.tenant, id, after, limit)
	list, err := collect(rows, err, func(row scannable) (r noren.RefusedLine, err error) {
		var cells, problems []byte
		if err := row.Scan(&r.Line, &cells, &problems); err != nil {
			return r, err
		}
		return r, errors.Join(json.Unmarshal(cells, &r.Cells), json.Unmarshal(problems, &r.Problems))
	})
	return list, doing("read refused lines", err)
}

// endedImports selects the imports of which nothing more will take effect.
const endedImports = "SELECT id FROM imports WHERE tenant_id = ? AND state IN ('done', 'cancelled', 'failed')"

// SweepImports implements noren.ImportTx. What refers to an import goes before it does.
func (t *tx) SweepImports(ctx context.Context, before, drafts time.Time, limit int) (int, error) {
	// A draft that nobody has come back to is cancelled first, and then swept like any other.
	if _, err := t.exec(ctx, `UPDATE imports SET state = 'cancelled', finished_at = created_at
		WHERE tenant_id = ? AND state IN ('uploading', 'draft') AND created_at < ?`, t.tenant, micros(drafts)); err != nil {
		return 0, doing("cancel drafts of imports", err)
	}
	// Neither engine has a DELETE with a limit, so what is to go is picked by a sub-select.
	swept := 0
	old := endedImports + " AND created_at < ?"
	for _, s := range []struct {
		query string
		args  []any
	}{{
		`DELETE FROM import_pieces WHERE tenant_id = ? AND (import_id, number) IN (SELECT import_id, number FROM import_pieces
			WHERE tenant_id = ? AND import_id IN (` + endedImports + `) LIMIT ?)`, []any{t.tenant, t.tenant, t.tenant, limit},
	}, {
		`DELETE FROM import_refusals WHERE tenant_id = ? AND (import_id, line) IN (SELECT import_id, line FROM import_refusals
			WHERE tenant_id = ? AND import_id IN (` + old + `) LIMIT ?)`, []any{t.tenant, t.tenant, t.tenant, micros(before), limit},
	}, {
		`DELETE FROM import_files WHERE tenant_id = ? AND (import_id, number) IN (SELECT import_id, number FROM import_files
			WHERE tenant_id = ? AND import_id IN (` + endedImports + `) LIMIT ?)`, []any{t.tenant, t.tenant, t.tenant, limit},
	}, {
		`DELETE FROM imports WHERE tenant_id = ? AND id IN (` + old + ` AND NOT EXISTS (SELECT 1 FROM import_pieces p
				WHERE p.tenant_id = imports.tenant_id AND p.import_id = imports.id)
			AND NOT EXISTS (SELECT 1 FROM import_files f WHERE f.tenant_id = imports.tenant_id AND f.import_id = imports.id)
			AND NOT EXISTS (SELECT 1 FROM import_refusals r WHERE r.tenant_id = imports.tenant_id AND r.import_id = imports.id)
			LIMIT ?)`, []any{t.tenant, t.tenant, micros(before), limit},
	}} {
		n, err := t.exec(ctx, s.query, s.args...)
		if err != nil {
			return swept, doing("sweep imports", err)
		}
		swept += int(n)
	}
	return swept, nil
}
