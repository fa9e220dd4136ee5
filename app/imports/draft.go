package imports

import (
	"context"
	"errors"
	"slices"

	"noren"
)

// DefaultSource is the Source of purchases if none is chosen.
const DefaultSource = "csv"

// Limits of a piece. A commit costs as much as sixty lines, so short pieces cost twice the time; SQLite's only writer is held for about
// 15 ms by one of this size, as by a bulk request of some hundred rows.
const (
	PieceLines = 250       // exported for tests that count steps
	pieceBytes = 256 << 10 // of its cells
)

const maxFileName = 255 // characters; longer names are shortened

const maxSamples = 3 // for each column

const maxSample = 40 // characters

const piecesAtOnce = 16 // stored in one transaction at most

const bytesAtOnce = 1 << 20

// Draft stores the lines of a file, so that the import can be previewed and started without sending the file
// again. Columns are mapped as they were when a file with such headers was imported last, or else as the file's reader
// recognised them. Forbidden if the caller is restricted to one store
// and the kind concerns all stores. An interrupted upload is swept a day later.
func (s *Service) Draft(ctx context.Context, c noren.Caller, kind noren.ImportKind, f noren.ImportFile) (noren.Import, error) {
	if !slices.Contains(noren.ImportKinds(), kind) {
		return noren.Import{}, &noren.Error{
			Kind: noren.Invalid, Reason: noren.ReasonUnknownWord, Field: "kind", Value: string(kind),
			Message: "must be members, products, stock, purchases or points",
		}
	}
	if kind == noren.ImportProducts || kind == noren.ImportPurchases { // they belong to no store
		if err := c.WholeTenant(); err != nil {
			return noren.Import{}, err
		}
	}
	d := &drafter{service: s, caller: c, data: f.Data, draft: noren.Import{
		Kind: kind, FileName: noren.Storable(noren.Shortened(f.Name, maxFileName)),
		ClientID: c.Entry(s.run.Now()).ClientID, Login: c.Login, Dialect: string(c.Client.Dialect), StoreID: c.Client.StoreID,
		RequestID: c.RequestID, CreatedAt: s.run.Now(),
	}}
	d.understand(f)
	if err := d.begin(ctx); err != nil {
		return noren.Import{}, err
	}
	return d.readLines(ctx, f)
}

// understand puts into the draft how its file is understood, and nothing of its lines.
func (d *drafter) understand(f noren.ImportFile) {
	d.draft.State, d.draft.Source, d.draft.Total, d.draft.Columns = noren.ImportUploading, sourceOf(d.draft.Kind, f.System), 0, nil
	d.draft.Encoding, d.draft.View, d.draft.System = f.Encoding, f.View, f.System
	for i, header := range f.Header {
		d.draft.Columns = append(d.draft.Columns, noren.ImportColumn{Header: header, Field: f.Fields[i], Samples: []string{}})
	}
}

// readLines stores the lines of the file, and then makes what is being uploaded a draft.
func (d *drafter) readLines(ctx context.Context, f noren.ImportFile) (noren.Import, error) {
	defer func() { _ = d.stored() }() // of a file that ended with an error
	for line, err := range f.Lines {
		if err != nil {
			return noren.Import{}, err
		}
		if err := d.add(ctx, line); err != nil {
			return noren.Import{}, err
		}
	}
	return d.draft, d.end(ctx)
}

// sourceOf is the source of what is in the file: orders exported from Shopify are those of its webhooks.
func sourceOf(kind noren.ImportKind, from noren.System) string {
	if kind == noren.ImportPurchases && from == noren.SystemShopify {
		return noren.WebhookShopify
	}
	return DefaultSource
}

// drafter stores a draft in bounded transactions, so that a large file does not keep others from writing.
type drafter struct {
	service *Service
	caller  noren.Caller
	draft   noren.Import
	data    []byte // of the file, to be kept; nil: it is not, or is already

	lines  []noren.ImportLine // of the piece being filled
	bytes  int                // of their cells
	pieces []noren.ImportPiece
	held   int   // bytes in pieces
	last   int64 // number of the last piece

	storing chan error // receives the outcome of the pieces that are being stored; nil if there are none
}

func (d *drafter) update(ctx context.Context, fn func(tx Tx) error) error {
	return d.service.run.Update(ctx, d.caller.Tenant.ID, fn)
}

// begin adds the draft. If a commit is in doubt it may leave a second one without lines, which is swept.
func (d *drafter) begin(ctx context.Context) error {
	return d.update(ctx, func(tx Tx) (err error) {
		if d.draft.ID, err = tx.Reserve(ctx, noren.CounterImport, 1); err != nil {
			return err
		}
		if err := d.remember(ctx, tx); err != nil {
			return err
		}
		return tx.AddImport(ctx, d.draft)
	})
}

// rememberedImports is how many of the latest imports the mapping of a column is looked for in.
const rememberedImports = 30

// remember maps columns as people have mapped columns of the same headers in files of the same system before, also those that
// they have left out: the refused lines of a file, and the same export next month, need no mapping again. The latest import that was
// started has the say for each header. A field that another column has by then is not given twice.
func (d *drafter) remember(ctx context.Context, tx Tx) error {
	past, _, err := tx.Imports(ctx, noren.ImportFilter{VisibleTo: d.caller.Client.StoreID, Page: noren.Page{Limit: rememberedImports}})
	if err != nil {
		return err
	}
	chosen := make(map[string]string)
	for _, i := range past { // newest first
		// 会員ID is ours in our own files, and another system's in its own.
		if i.Kind != d.draft.Kind || i.System != d.draft.System || i.StartedAt == nil {
			continue
		}
		for _, c := range i.Columns {
			if _, newer := chosen[c.Header]; !newer {
				chosen[c.Header] = c.Field
			}
		}
	}
	taken := make(map[string]bool)
	for i := range d.draft.Columns {
		c := &d.draft.Columns[i]
		if field, known := chosen[c.Header]; known && (field == "" || !taken[field]) {
			c.Field = field
			taken[field] = field != fieldMemo // which several columns may have
		}
	}
	for i := range d.draft.Columns { // recognised ones yield to remembered ones
		c := &d.draft.Columns[i]
		if _, known := chosen[c.Header]; known || c.Field == "" {
			continue
		}
		if taken[c.Field] {
			c.Field = ""
		}
		taken[c.Field] = c.Field != fieldMemo
	}
	return nil
}

func (d *drafter) add(ctx context.Context, line noren.ImportLine) error {
	size := 0
	for i, cell := range line.Cells {
		size += len(cell)
		if line.Broken == nil && i < len(d.draft.Columns) {
			sample(&d.draft.Columns[i], cell)
		}
	}
	if len(d.lines) == PieceLines || len(d.lines) > 0 && d.bytes+size > pieceBytes {
		if err := d.cut(ctx); err != nil {
			return err
		}
	}
	d.lines, d.bytes = append(d.lines, line), d.bytes+size
	d.draft.Total++
	return nil
}

// cut ends a piece, and stores the pieces once there are enough.
func (d *drafter) cut(ctx context.Context) error {
	if len(d.lines) > 0 {
		d.last++
		d.pieces, d.held = append(d.pieces, noren.ImportPiece{Number: d.last, Lines: d.lines}), d.held+d.bytes
		d.lines, d.bytes = nil, 0
	}
	// Several at a time, because each transaction costs a durable commit; not too many, because they are held in memory.
	if len(d.pieces) < piecesAtOnce && d.held < bytesAtOnce {
		return nil
	}
	return d.store(ctx)
}

// store stores the pieces while the next lines are read: one transaction at a time.
func (d *drafter) store(ctx context.Context) error {
	if err := d.stored(); err != nil || len(d.pieces) == 0 {
		return err
	}
	pieces, outcome := d.pieces, make(chan error, 1)
	d.pieces, d.held, d.storing = nil, 0, outcome
	go func() {
		outcome <- d.update(ctx, func(tx Tx) error { return tx.AddImportPieces(ctx, d.draft.ID, pieces) })
	}()
	return nil
}

// stored waits for the pieces that are being stored.
func (d *drafter) stored() error {
	if d.storing == nil {
		return nil
	}
	err := <-d.storing
	d.storing = nil
	return err
}

func (d *drafter) end(ctx context.Context) error {
	if err := d.cut(ctx); err != nil {
		return err
	}
	if err := errors.Join(d.store(ctx), d.stored()); err != nil {
		return err
	}
	for number, part := range filePart(d.data) {
		if err := d.update(ctx, func(tx Tx) error { return tx.AddImportFilePart(ctx, d.draft.ID, number, part) }); err != nil {
			return err
		}
	}
	// Last, so that an interrupted upload stays ImportUploading and is swept.
	d.draft.State = noren.ImportDraft
	return d.update(ctx, func(tx Tx) error { return tx.UpdateImport(ctx, d.draft) })
}

// sample keeps the cell as an example if it is new and there is room.
func sample(c *noren.ImportColumn, cell string) {
	if cell == "" || len(c.Samples) == maxSamples {
		return
	}
	if cell = noren.Shortened(cell, maxSample); !slices.Contains(c.Samples, cell) {
		c.Samples = append(c.Samples, cell)
	}
}
