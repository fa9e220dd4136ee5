package noren

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxImportSource = 50  // characters
	maxFileName     = 255 // characters; longer ones are shortened
	maxSamples      = 3   // of a column
	maxSample       = 40  // characters
	piecesAtOnce    = 16  // stored in one transaction, at most
	bytesAtOnce     = 1 << 20
)

// DraftImport stores the lines of a file, so that they can be looked at, and started, without sending it again. The
// columns are taken for what the file's reader recognised. Forbidden where the caller is bound to a store and the
// kind is of the whole company. An upload that is cut short is swept a day later.
func (s *Service) DraftImport(ctx context.Context, c Caller, kind ImportKind, f ImportFile) (Import, error) {
	if !slices.Contains(ImportKinds(), kind) {
		return Import{}, &Error{Kind: Invalid, Reason: ReasonUnknownWord, Field: "kind", Value: string(kind), Message: "there is no such kind of import"}
	}
	if c.Client.StoreID != nil && (kind == ImportProducts || kind == ImportPurchases) {
		return Import{}, &Error{
			Kind: Forbidden, Field: "kind", Message: fmt.Sprintf("%s are those of all stores; only who sees all stores can import them", kind),
		}
	}
	d := &drafter{service: s, caller: c, draft: Import{
		Kind: kind, State: ImportUploading, Source: DefaultImportSource, FileName: storable(shortened(f.Name, maxFileName)), Encoding: f.Encoding, View: f.View,
		ClientID: c.entry(s.now()).ClientID, Login: c.Login, Dialect: string(c.Client.Dialect), StoreID: c.Client.StoreID,
		RequestID: c.RequestID, CreatedAt: s.now(),
	}}
	for i, header := range f.Header {
		d.draft.Columns = append(d.draft.Columns, ImportColumn{Header: header, Field: f.Fields[i], Samples: []string{}})
	}
	if err := d.begin(ctx); err != nil {
		return Import{}, err
	}
	for line, err := range f.Lines {
		if err != nil {
			return Import{}, err
		}
		if err := d.add(ctx, line); err != nil {
			return Import{}, err
		}
	}
	return d.draft, d.end(ctx)
}

// drafter stores a draft in bounded transactions, so that a large file does not keep others from writing.
type drafter struct {
	service *Service
	caller  Caller
	draft   Import

	lines  []ImportLine // of the piece that is being filled
	bytes  int          // of their cells
	pieces []ImportPiece
	held   int   // bytes in pieces
	last   int64 // piece's number
}

func (d *drafter) update(ctx context.Context, fn func(tx Tx) error) error {
	return d.service.engine.Update(ctx, d.caller.Tenant.ID, fn)
}

// begin may leave a draft without lines behind, where the answer to a commit was lost; it is swept.
func (d *drafter) begin(ctx context.Context) error {
	return d.update(ctx, func(tx Tx) (err error) {
		if d.draft.ID, err = tx.Reserve(ctx, CounterImport, 1); err != nil {
			return err
		}
		return tx.AddImport(ctx, d.draft)
	})
}

func (d *drafter) add(ctx context.Context, line ImportLine) error {
	size := 0
	for i, cell := range line.Cells {
		size += len(cell)
		if line.Broken == nil && i < len(d.draft.Columns) {
			d.draft.Columns[i].sample(cell)
		}
	}
	if len(d.lines) == pieceLines || len(d.lines) > 0 && d.bytes+size > pieceBytes {
		if err := d.cut(ctx); err != nil {
			return err
		}
	}
	d.lines, d.bytes = append(d.lines, line), d.bytes+size
	d.draft.Total++
	return nil
}

// cut ends a piece, and stores what has gathered where that is enough.
func (d *drafter) cut(ctx context.Context) error {
	if len(d.lines) > 0 {
		d.last++
		d.pieces, d.held = append(d.pieces, ImportPiece{d.last, d.lines}), d.held+d.bytes
		d.lines, d.bytes = nil, 0
	}
	if len(d.pieces) < piecesAtOnce && d.held < bytesAtOnce {
		return nil
	}
	return d.store(ctx)
}

func (d *drafter) store(ctx context.Context) error {
	if len(d.pieces) == 0 {
		return nil
	}
	err := d.update(ctx, func(tx Tx) error { return tx.AddImportPieces(ctx, d.draft.ID, d.pieces) })
	d.pieces, d.held = nil, 0
	return err
}

func (d *drafter) end(ctx context.Context) error {
	if err := d.cut(ctx); err != nil {
		return err
	}
	if err := d.store(ctx); err != nil {
		return err
	}
	d.draft.State = ImportDraft
	return d.update(ctx, func(tx Tx) error { return tx.UpdateImport(ctx, d.draft) })
}

// sample keeps the cell as an example, if it is a new one and there is room.
func (c *ImportColumn) sample(cell string) {
	if cell == "" || len(c.Samples) == maxSamples {
		return
	}
	if cell = shortened(cell, maxSample); !slices.Contains(c.Samples, cell) {
		c.Samples = append(c.Samples, cell)
	}
}

// storable is the text without what no database keeps as text.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "")
}

// shortened is the text with at most so many characters.
func shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

// StartImport lets a draft take effect: its lines wait for a worker. Refusals where the columns do not do; Conflict
// where it was cancelled. One that has been started already is answered as it is, so that asking twice does no harm.
func (s *Service) StartImport(ctx context.Context, c Caller, id int64, setup ImportSetup) (out Import, err error) {
	err = s.changeImport(ctx, c, id, func(tx Tx, i *Import) (bool, error) {
		out = *i
		switch i.State {
		case ImportDraft:
		case ImportUploading, ImportCancelled, ImportFailed:
			return false, &Error{
				Kind: Conflict, Field: "import", Value: fmt.Sprint(id), Message: fmt.Sprintf("the import is %s; send the file again", i.State),
			}
		default:
			return false, nil
		}
		if err := i.set(setup); err != nil {
			return false, err
		}
		i.State, i.StartedAt = ImportWaiting, new(s.now())
		out = *i
		return true, lane{tx: tx}.audit(ctx, []AuditEntry{s.importEntry(c, *i, "started")})
	})
	if err == nil {
		s.importReady.give()
	}
	return out, err
}

// set takes over what was chosen. Refusals where it does not do.
func (i *Import) set(setup ImportSetup) error {
	columns, err := i.Kind.mapped(i.Columns, setup)
	if err != nil {
		return err
	}
	i.Columns = columns
	if setup.Source != "" {
		i.Source = setup.Source
	}
	switch {
	case utf8.RuneCountInString(i.Source) > maxImportSource:
		return Refusals{{
			Kind: Invalid, Reason: ReasonTooLong, Field: "source", Message: fmt.Sprintf("the name of a source has at most %d characters", maxImportSource),
		}}
	case i.Source != storable(i.Source):
		return Refusals{{Kind: Invalid, Reason: ReasonForm, Field: "source", Message: "the name of a source is text"}}
	}
	return nil
}

// CancelImport ends an import: lines that have taken effect stay, the others never do. One that has ended already is
// answered as it is.
func (s *Service) CancelImport(ctx context.Context, c Caller, id int64) (out Import, err error) {
	err = s.changeImport(ctx, c, id, func(tx Tx, i *Import) (bool, error) {
		out = *i
		if i.State.Ended() {
			return false, nil
		}
		i.State, i.FinishedAt = ImportCancelled, new(s.now())
		out = *i
		return true, lane{tx: tx}.audit(ctx, []AuditEntry{s.importEntry(c, *i, "cancelled")})
	})
	return out, err
}

// changeImport runs change on an import that the caller sees, and stores it where that answers true.
func (s *Service) changeImport(ctx context.Context, c Caller, id int64, change func(Tx, *Import) (bool, error)) error {
	return s.engine.Update(ctx, c.Tenant.ID, func(tx Tx) error {
		i, err := tx.Import(ctx, id, true)
		if err != nil {
			return err
		}
		if !i.visibleTo(c) {
			return notFound("import", id)
		}
		if changed, err := change(tx, i); err != nil || !changed {
			return err
		}
		return tx.UpdateImport(ctx, *i)
	})
}

// visibleTo reports whether the caller may see the import: it has the same restriction, or none.
func (i *Import) visibleTo(c Caller) bool {
	own := c.Client.StoreID
	return i != nil && (own == nil || i.StoreID != nil && *i.StoreID == *own)
}

func (s *Service) importEntry(c Caller, i Import, what string) AuditEntry {
	e := c.entry(s.now())
	e.Subject, e.SubjectID = "import", fmt.Sprint(i.ID)
	e.Changes = change(what, nil, map[string]any{"kind": i.Kind, "file": i.FileName, "lines": i.Total, "processed": i.Processed})
	return e
}

// Import answers one import. NotFound where the caller may not see it.
func (s *Service) Import(ctx context.Context, c Caller, id int64) (out Import, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		i, err := tx.Import(ctx, id, false)
		if err != nil {
			return err
		}
		if !i.visibleTo(c) {
			return notFound("import", id)
		}
		out = *i
		return nil
	})
	return out, err
}

// Imports answers the imports that the caller may see, newest first.
func (s *Service) Imports(ctx context.Context, c Caller, p Page) (out List[Import], err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Items, out.Total, err = tx.Imports(ctx, ImportFilter{VisibleTo: c.Client.StoreID, Page: p})
		return err
	})
	return out, err
}

// refusedSlice is how many refused lines are read at once.
const refusedSlice = 500

// RefusedLines visits the lines that an import refused, slice by slice in the order of the file. While it runs, those
// that come meanwhile may be among them. NotFound where the caller may not see it; an error of visit is answered as it is.
func (s *Service) RefusedLines(ctx context.Context, c Caller, id int64, visit func([]RefusedLine) error) error {
	after := 0
	for {
		var slice []RefusedLine
		err := s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
			i, err := tx.Import(ctx, id, false)
			if err != nil {
				return err
			}
			if !i.visibleTo(c) {
				return notFound("import", id)
			}
			slice, err = tx.RefusedLines(ctx, id, after, refusedSlice)
			return err
		})
		if err != nil || len(slice) == 0 {
			return err
		}
		if err := visit(slice); err != nil {
			return err
		}
		after = slice[len(slice)-1].Line
	}
}

// How long imports are kept.
const (
	ImportKept = 90 * 24 * time.Hour // with the lines that were refused
	DraftKept  = 24 * time.Hour      // where it is not started
)

// sweptRows is how many rows of each kind one transaction of SweepImports removes. A piece may be as large as a line.
const sweptRows = 50

// SweepImports removes what is left of the tenant's imports that have ended: at once the lines that nobody will apply,
// later the rest. It answers how many rows it removed, a bounded number a call.
func (s *Service) SweepImports(ctx context.Context, tenant TenantID) (swept int, err error) {
	now := s.now()
	err = s.engine.Update(ctx, tenant, func(tx Tx) error {
		swept, err = tx.SweepImports(ctx, now.Add(-ImportKept), now.Add(-DraftKept), sweptRows)
		return err
	})
	return swept, err
}
