package imports

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"noren"
	"noren/app/audit"
)

// Setup is what a person chooses for a draft.
type Setup struct {
	Fields []string // for each column what it is mapped to, "" to ignore it; nil: as stored
	Source string   // of purchases and points; "": DefaultSource
	By     string   // a column, id or code, that names members whatever the names in the file say; "": none
	All    bool     // preview every line, however many there are
}

// What may name members whatever the names in a file say.
const (
	ByID   = "id"
	ByCode = "code"
)

const maxImportSource = 50 // characters

// Start starts a draft: its lines wait for a worker. Refusals if the mapping is wrong; Conflict if the draft was
// cancelled, or has been started with another setup. An import that was started with this one is returned unchanged, so
// asking twice does no harm.
func (s *Service) Start(ctx context.Context, c noren.Caller, id int64, setup Setup) (out noren.Import, err error) {
	said, err := s.repeats(ctx, c, id, setup)
	if err != nil {
		return out, err
	}
	err = s.change(ctx, c, id, func(tx Tx, i *noren.Import) (bool, error) {
		out = *i
		switch i.State {
		case noren.ImportDraft:
		case noren.ImportUploading, noren.ImportCancelled, noren.ImportFailed:
			return false, &noren.Error{
				Kind: noren.Conflict, Field: "import", Value: strconv.FormatInt(id, 10),
				Message: fmt.Sprintf("the import is %s; send the file again", i.State),
			}
		default:
			return false, sameSetup(*i, setup)
		}
		if err := setUp(i, setup); err != nil {
			return false, err
		}
		i.Remarks, i.Told, i.Contradictions, i.CodeLengths = said.list, said.all, said.contradictions, said.lengths
		i.State, i.StartedAt = noren.ImportWaiting, new(s.run.Now())
		out = *i
		if err := tx.RemoveImportFile(ctx, id); err != nil { // it will not be read again
			return false, err
		}
		return true, tx.AddAudit(ctx, []noren.AuditEntry{s.entry(c, *i, "started")})
	})
	if err == nil {
		s.importReady.Give()
	}
	return out, err
}

// repeats tells which lines of a draft name the same as a line before, with the columns as they are set up.
func (s *Service) repeats(ctx context.Context, c noren.Caller, id int64, setup Setup) (repeats, error) {
	draft, err := s.Get(ctx, c, id)
	if err != nil || draft.State != noren.ImportDraft || setUp(&draft, setup) != nil {
		return repeats{}, err // what is wrong with the setup is told when it is stored
	}
	return s.twins(ctx, c, draft)
}

// sameSetup returns a Conflict if the import was started with another setup: what the caller chose is not what runs.
func sameSetup(started noren.Import, setup Setup) error {
	wanted := started
	sameField := func(a, b noren.ImportColumn) bool { return a.Field == b.Field }
	if err := setUp(&wanted, setup); err == nil && wanted.Source == started.Source && wanted.By == started.By &&
		slices.EqualFunc(wanted.Columns, started.Columns, sameField) {
		return nil
	}
	return &noren.Error{
		Kind: noren.Conflict, Reason: noren.ReasonChanged, Field: "import", Value: strconv.FormatInt(started.ID, 10),
		Message: "somebody else has started this import with other columns or another source",
	}
}

// setUp applies the chosen setup. Refusals if it is wrong.
func setUp(i *noren.Import, setup Setup) error {
	columns, err := mapped(i.Kind, i.Columns, setup)
	if err != nil {
		return err
	}
	i.Columns = columns
	if setup.Source != "" {
		i.Source = setup.Source
	}
	i.By = setup.By
	switch {
	case !slices.Contains([]string{"", ByID, ByCode}, i.By):
		return noren.Refusals{{Kind: noren.Invalid, Reason: noren.ReasonUnknownWord, Field: "by", Value: i.By, Message: "must be id or code"}}
	case utf8.RuneCountInString(i.Source) > maxImportSource:
		return noren.Refusals{{
			Kind: noren.Invalid, Reason: noren.ReasonTooLong, Field: "source",
			Message: fmt.Sprintf("must be at most %d characters", maxImportSource),
		}}
	case i.Source != noren.Storable(i.Source):
		return noren.Refusals{{Kind: noren.Invalid, Reason: noren.ReasonForm, Field: "source", Message: "must be valid text"}}
	}
	return nil
}

// Cancel ends an import: lines that took effect stay, the others never will. An import that has already ended is
// returned unchanged.
func (s *Service) Cancel(ctx context.Context, c noren.Caller, id int64) (out noren.Import, err error) {
	err = s.change(ctx, c, id, func(tx Tx, i *noren.Import) (bool, error) {
		out = *i
		if i.State.Ended() {
			return false, nil
		}
		i.State, i.FinishedAt = noren.ImportCancelled, new(s.run.Now())
		out = *i
		return true, tx.AddAudit(ctx, []noren.AuditEntry{s.entry(c, *i, "cancelled")})
	})
	return out, err
}

// change runs change on an import that the caller may see, and stores it if change returns true.
func (s *Service) change(ctx context.Context, c noren.Caller, id int64, change func(Tx, *noren.Import) (bool, error)) error {
	return s.run.Update(ctx, c.Tenant.ID, func(tx Tx) error {
		i, err := importOf(ctx, tx, c, id, true)
		if err != nil {
			return err
		}
		if changed, err := change(tx, i); err != nil || !changed {
			return err
		}
		return tx.UpdateImport(ctx, *i)
	})
}

// visibleTo reports whether the caller may see the import: it has the same restriction, or none.
func visibleTo(i *noren.Import, c noren.Caller) bool {
	own := c.Client.StoreID
	return i != nil && (own == nil || i.StoreID != nil && noren.SeesStore(own, *i.StoreID))
}

// importSubject is the subject of imports in the audit log.
const importSubject = "import"

func (s *Service) entry(c noren.Caller, i noren.Import, what string) noren.AuditEntry {
	e := c.Entry(s.run.Now())
	e.Subject, e.SubjectID = importSubject, strconv.FormatInt(i.ID, 10)
	e.Changes = audit.Change(what, nil, map[string]any{"kind": i.Kind, "file": i.FileName, "lines": i.Total, "processed": i.Processed})
	return e
}
