package noren

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// maxImportTries is after how many unexpected errors at the same lines an import is given up.
const maxImportTries = 5

// TenantsWithImports lists the tenants that have imports to work on.
func (s *Service) TenantsWithImports(ctx context.Context) ([]TenantID, error) {
	return s.engine.TenantsWithImports(ctx)
}

// StepImport applies the next lines, about a hundred, of the tenant's oldest import that waits or runs, and notes the
// progress in the same transaction: so each line takes effect once, whoever dies when. It answers the import as it is
// then; nil where there is none to work on or another process is at it. An error leaves everything as it was.
func (s *Service) StepImport(ctx context.Context, tenant TenantID) (*Import, error) {
	stepped, err := s.stepImport(ctx, tenant)
	if err != nil && KindOf(err) != Unavailable && ctx.Err() == nil {
		s.countImportTry(ctx, tenant)
	}
	return stepped, err
}

func (s *Service) stepImport(ctx context.Context, tenant TenantID) (stepped *Import, err error) {
	defer func() {
		if p := recover(); p != nil {
			stepped, err = nil, fmt.Errorf("applying an import of tenant %d: panic: %v\n%s", tenant, p, debug.Stack())
		}
	}()
	err = s.engine.Update(ctx, tenant, func(tx Tx) error {
		stepped = nil
		i, err := tx.NextImport(ctx)
		if err != nil || i == nil {
			return err
		}
		if i.Kind == ImportStock {
			// Levels that do not exist yet are made by one process at a time: whoever has the lane.
			if locked, err := tx.LockLane(ctx); err != nil || !locked {
				return err
			}
		}
		if err := s.advance(ctx, tx, i); err != nil {
			return fmt.Errorf("import %d of tenant %d, after %d lines: %w", i.ID, tenant, i.Processed, err)
		}
		stepped = i
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stepped, nil
}

// advance applies the import's next piece, or ends it where there is none.
func (s *Service) advance(ctx context.Context, tx Tx, i *Import) error {
	now := s.now()
	pieces, err := tx.ImportPieces(ctx, i.ID, 0, 1)
	if err != nil {
		return err
	}
	i.State = ImportRunning
	switch {
	case i.Tries >= maxImportTries:
		i.State, i.FinishedAt = ImportFailed, &now
		return tx.UpdateImport(ctx, *i)
	case len(pieces) == 0:
		i.State, i.FinishedAt = ImportDone, &now
		return tx.UpdateImport(ctx, *i)
	}
	t, err := tx.Tenant(ctx)
	if err != nil {
		return err
	}
	run := importRun{lane: lane{tx: tx, tenant: t, now: now}, Import: i, writing: true}
	plan, err := run.plan(ctx, pieces[0].Lines)
	if err != nil {
		return err
	}
	if err := plan.write(ctx); err != nil {
		return err
	}
	var refused []RefusedLine
	for n, o := range plan.outcomes {
		line := pieces[0].Lines[n]
		if i.count(o); o.result == lineRefused {
			refused = append(refused, RefusedLine{Line: line.Number, Cells: line.Cells, Problems: o.problems})
		}
	}
	i.Tries = 0
	if i.Processed >= i.Total {
		i.State, i.FinishedAt = ImportDone, &now
	}
	return tx.FinishImportPiece(ctx, *i, pieces[0].Number, refused)
}

// countImportTry notes that the next lines of the tenant's import met an unexpected error.
func (s *Service) countImportTry(ctx context.Context, tenant TenantID) {
	err := s.engine.Update(ctx, tenant, func(tx Tx) error {
		i, err := tx.NextImport(ctx)
		if err != nil || i == nil {
			return err
		}
		i.Tries++
		return tx.UpdateImport(ctx, *i)
	})
	if err != nil {
		s.log.ErrorContext(ctx, "counting a failed try of an import", "tenant", tenant, "error", err)
	}
}

// importRun judges and applies lines of one import inside one transaction.
type importRun struct {
	lane
	*Import
	writing bool // otherwise only what would happen is wanted
}

// entry is the audit entry of what the import does.
func (r importRun) entry() AuditEntry {
	return AuditEntry{At: r.now, ClientID: r.ClientID, Login: r.Login, Dialect: r.Dialect, RequestID: r.RequestID}
}

// lineResult is what becomes of a line.
type lineResult uint8

const (
	lineUnchanged lineResult = iota // it says what is stored
	lineCreated
	lineUpdated
	lineRefused
)

type lineOutcome struct {
	result   lineResult
	problems []ImportProblem // where it is refused
}

// count adds what became of a line.
func (i *Import) count(o lineOutcome) {
	i.Processed++
	switch o.result {
	case lineCreated:
		i.Created++
	case lineUpdated:
		i.Updated++
	case lineUnchanged:
		i.Unchanged++
	case lineRefused:
		i.Refused++
	}
}

// importPlan is what lines come to, judged against what is stored.
type importPlan struct {
	outcomes []lineOutcome                   // of each line
	write    func(ctx context.Context) error // makes it so
}

// refuse says what is wrong with the line at place n.
func (p *importPlan) refuse(n int, problems ...ImportProblem) {
	p.outcomes[n] = lineOutcome{lineRefused, problems}
}

// plan judges the lines. It sends a fixed number of statements, whatever the number of lines.
func (r importRun) plan(ctx context.Context, lines []ImportLine) (importPlan, error) {
	switch r.Kind {
	case ImportMembers:
		return r.planMembers(ctx, lines)
	case ImportProducts:
		return r.planProducts(ctx, lines)
	case ImportStock:
		return r.planStock(ctx, lines)
	case ImportPurchases:
		return r.planPurchases(ctx, lines)
	}
	return importPlan{}, errors.New("noren: an import of an unknown kind: " + string(r.Kind))
}

// newPlan is a plan for lines of which those that could not be read are refused.
func newPlan(lines []ImportLine) importPlan {
	p := importPlan{outcomes: make([]lineOutcome, len(lines)), write: func(context.Context) error { return nil }}
	for n, l := range lines {
		if l.Broken != nil {
			p.refuse(n, ImportProblem{Line: l.Number, Reason: l.Broken.Reason, Message: l.Broken.Message})
		}
	}
	return p
}

// open reports whether nothing is wrong yet with the line at place n.
func (p *importPlan) open(n int) bool { return p.outcomes[n].result != lineRefused }

// The bounds of a preview. It only reads, and beside those who write.
const (
	maxPreviewLines    = 20_000
	maxPreviewProblems = 200
	shownLines         = 10
	previewPieces      = 10 // judged together
)

// PreviewImport judges a draft, or what is left of an import, against what is stored now, with the columns taken for
// what setup says; it changes nothing. Lines that would be new because of one before them count as new each time, if
// they are far apart. Refusals where the columns do not do; NotFound where the caller may not see the import.
func (s *Service) PreviewImport(ctx context.Context, c Caller, id int64, setup ImportSetup) (ImportPreview, error) {
	var p ImportPreview
	for after := int64(0); ; {
		var pieces []ImportPiece
		err := s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
			i, err := tx.Import(ctx, id, false)
			if err != nil {
				return err
			}
			if !i.visibleTo(c) {
				return notFound("import", id)
			}
			if err := i.set(setup); err != nil {
				return err
			}
			p.Import, p.Keyless = *i, i.Kind.keyless(i.Columns)
			if pieces, err = tx.ImportPieces(ctx, id, after, previewPieces); err != nil || len(pieces) == 0 {
				return err
			}
			t, err := tx.Tenant(ctx)
			if err != nil {
				return err
			}
			run := importRun{lane: lane{tx: tx, tenant: t, now: s.now()}, Import: i}
			return p.judge(ctx, run, pieces)
		})
		if err != nil || len(pieces) == 0 || p.Judged >= maxPreviewLines {
			return p, err
		}
		after = pieces[len(pieces)-1].Number
	}
}

// judge adds what the pieces come to.
func (p *ImportPreview) judge(ctx context.Context, run importRun, pieces []ImportPiece) error {
	var lines []ImportLine
	for _, piece := range pieces {
		lines = append(lines, piece.Lines...)
	}
	plan, err := run.plan(ctx, lines)
	if err != nil {
		return err
	}
	p.Lines = append(p.Lines, lines[:min(len(lines), shownLines-len(p.Lines))]...)
	var counts Import
	for _, o := range plan.outcomes {
		counts.count(o)
		p.ProblemsTotal += len(o.problems)
		room := maxPreviewProblems - len(p.Problems)
		p.Problems = append(p.Problems, o.problems[:min(len(o.problems), room)]...)
	}
	p.Judged += counts.Processed
	p.Created, p.Updated = p.Created+counts.Created, p.Updated+counts.Updated
	p.Unchanged, p.Refused = p.Unchanged+counts.Unchanged, p.Refused+counts.Refused
	return nil
}
