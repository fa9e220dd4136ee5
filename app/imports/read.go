package imports

import (
	"context"
	"time"

	"noren"
)

// importOf returns the import, locked if that is asked for. NotFound if the caller may not see it.
func importOf(ctx context.Context, tx Tx, c noren.Caller, id int64, lock bool) (*noren.Import, error) {
	i, err := tx.Import(ctx, id, lock)
	if err == nil && !visibleTo(i, c) {
		return nil, noren.Missing("import", id)
	}
	return i, err
}

// Get returns one import. NotFound if the caller may not see it.
func (s *Service) Get(ctx context.Context, c noren.Caller, id int64) (out noren.Import, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		i, err := importOf(ctx, tx, c, id, false)
		if err != nil {
			return err
		}
		out = *i
		return nil
	})
	return out, err
}

// List returns the imports that the caller may see, newest first.
func (s *Service) List(ctx context.Context, c noren.Caller, p noren.Page) (out noren.List[noren.Import], err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		out.Items, out.Total, err = tx.Imports(ctx, noren.ImportFilter{VisibleTo: c.Client.StoreID, Page: p})
		return err
	})
	return out, err
}

// refusedSlice is how many refused lines are read at once.
const refusedSlice = 500

// RefusedLines visits the lines that an import refused, slice by slice, in the order of the file. Lines that are
// refused while it runs may be among them. NotFound if the caller may not see the import; an error of visit is returned
// unchanged.
func (s *Service) RefusedLines(ctx context.Context, c noren.Caller, id int64, visit func([]noren.RefusedLine) error) error {
	// One View for each slice: visit may write to a slow client, and a long snapshot would keep the engine from cleaning up.
	after := 0
	for {
		var slice []noren.RefusedLine
		err := s.run.View(ctx, c.Tenant.ID, func(tx Tx) (err error) {
			if _, err = importOf(ctx, tx, c, id, false); err != nil {
				return err
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

// FirstProblems returns what is wrong with the first of the lines that an import refused, as many as a preview shows, and how many of the
// refused lines that is about. NotFound if the caller may not see the import.
func (s *Service) FirstProblems(ctx context.Context, c noren.Caller, id int64) (list []noren.ImportProblem, lines int, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if _, err := importOf(ctx, tx, c, id, false); err != nil {
			return err
		}
		refused, err := tx.RefusedLines(ctx, id, 0, maxPreviewProblems)
		list, lines = nil, 0
		for _, l := range refused {
			if len(list) >= maxPreviewProblems {
				break
			}
			list, lines = append(list, l.Problems...), lines+1
		}
		return err
	})
	return list, lines, err
}

// How long imports are kept.
const (
	Kept      = 90 * 24 * time.Hour // including refused lines
	DraftKept = 24 * time.Hour      // a draft that is not started
)

// sweptRows is how many rows of each kind one transaction of Sweep removes. It is small because one piece can
// hold a very long line.
const sweptRows = 50

// Sweep removes what is left of the tenant's ended imports: the waiting lines at once, the rest later. It
// removes a bounded number of rows and returns how many.
func (s *Service) Sweep(ctx context.Context, t noren.Tenant) (swept int, err error) {
	now, kept := s.run.Now(), t.Keep.Imports.Or(s.kept)
	before := now.Add(-kept)
	if kept < 0 {
		before = time.Time{}
	}
	err = s.run.Update(ctx, t.ID, func(tx Tx) error {
		swept, err = tx.SweepImports(ctx, before, now.Add(-DraftKept), sweptRows)
		return err
	})
	return swept, err
}
