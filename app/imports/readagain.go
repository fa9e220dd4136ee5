package imports

import (
	"context"
	"iter"
	"slices"
	"strconv"

	"noren"
)

// maxFilePart is how many bytes of a file are kept in one row.
const maxFilePart = 1 << 20

// filePart cuts the bytes of a file into the parts that are stored, numbered from 1.
func filePart(data []byte) iter.Seq2[int64, []byte] {
	return func(yield func(int64, []byte) bool) {
		number := int64(0)
		for part := range slices.Chunk(data, maxFilePart) {
			if number++; !yield(number, part) {
				return
			}
		}
	}
}

// File returns the bytes of the draft's file, as they came. NotFound if the caller may not see the import; Conflict if it is no draft any
// more, or its file was not kept.
func (s *Service) File(ctx context.Context, c noren.Caller, id int64) (data []byte, err error) {
	for number := int64(1); ; number++ {
		var part []byte
		err := s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
			i, err := importOf(ctx, tx, c, id, false)
			switch {
			case err != nil:
				return err
			case i.State != noren.ImportDraft:
				return notReadAgain(id)
			}
			part, err = tx.ImportFilePart(ctx, id, number)
			return err
		})
		switch {
		case err != nil:
			return nil, err
		case part == nil && data == nil:
			return nil, notReadAgain(id)
		case part == nil:
			return data, nil
		}
		data = append(data, part...)
	}
}

// ReadAgain replaces the lines of a draft by those of the same file, read in another way. Columns are mapped anew. Errors as for File,
// and Conflict if somebody else is reading it again.
func (s *Service) ReadAgain(ctx context.Context, c noren.Caller, id int64, f noren.ImportFile) (noren.Import, error) {
	// Somebody who leaves while the lines are being replaced must not find half a draft.
	ctx = context.WithoutCancel(ctx)
	d := &drafter{service: s, caller: c}
	if err := s.change(ctx, c, id, func(tx Tx, i *noren.Import) (bool, error) {
		if i.State != noren.ImportDraft {
			return false, notReadAgain(id)
		}
		d.draft = *i
		d.understand(f)
		if err := d.remember(ctx, tx); err != nil {
			return false, err
		}
		*i = d.draft
		return true, nil
	}); err != nil {
		return noren.Import{}, err
	}
	for {
		var removed int
		if err := d.update(ctx, func(tx Tx) (err error) {
			removed, err = tx.RemoveImportPieces(ctx, id, piecesAtOnce)
			return err
		}); err != nil {
			return noren.Import{}, err
		}
		if removed == 0 {
			return d.readLines(ctx, f)
		}
	}
}

func notReadAgain(id int64) error {
	return &noren.Error{
		Kind: noren.Conflict, Reason: noren.ReasonChanged, Field: "import", Value: strconv.FormatInt(id, 10),
		Message: "the file is no longer kept, or is being read; send it again",
	}
}
