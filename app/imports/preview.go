package imports

import (
	"context"

	"noren"
	"noren/app/unit"
)

// Preview is what an import would do, judged by what is stored now.
type Preview struct {
	Import        noren.Import
	Lines         []noren.ImportLine    // the first few
	Problems      []noren.ImportProblem // in order of the lines, at most maxPreviewProblems
	ProblemsTotal int
	Judged        int // number of lines judged: from the first, at most maxPreviewLines
	Created       int // of the judged lines, as are the other counts
	Updated       int
	Unchanged     int
	Refused       int
	Remarks       []noren.ImportProblem // what is told about lines that are not refused for it, at most maxPreviewProblems
	Told          int                   // how much that is
	Fields        []FieldChange         // how members would change
	Points        *Totals               // of points, where the file has any
	changes       changes
	Keyless       bool // no column identifies the member or product: importing the file twice creates everything twice
}

// Limits of a preview. It only reads, so it does not get in the way of writers.
const (
	maxPreviewLines    = 20_000
	maxPreviewProblems = 200
	shownLines         = 10
	previewPieces      = 4 // judged together
)

// Preview judges a draft, or the remaining lines of an import, by what is stored now and with the mapping in
// setup. It changes nothing. Each batch of lines is judged on its own, so a member or product that is new in one batch
// counts as new again in a later one. Refusals if the mapping is wrong; NotFound if the caller may not see the import.
func (s *Service) Preview(ctx context.Context, c noren.Caller, id int64, setup Setup) (Preview, error) {
	var p Preview
	said, err := s.repeats(ctx, c, id, setup)
	if err != nil {
		return p, err
	}
	p.Remarks, p.Told = said.list, said.all
	for after := int64(0); ; {
		var pieces []noren.ImportPiece
		err := s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
			i, err := importOf(ctx, tx, c, id, false)
			if err != nil {
				return err
			}
			if err := setUp(i, setup); err != nil {
				return err
			}
			if i.State == noren.ImportDraft {
				i.Contradictions, i.CodeLengths = said.contradictions, said.lengths
			}
			p.Import, p.Keyless = *i, keyless(i)
			if pieces, err = tx.ImportPieces(ctx, id, after, previewPieces); err != nil || len(pieces) == 0 {
				return err
			}
			t, err := tx.Tenant(ctx)
			if err != nil {
				return err
			}
			run := run{tx: tx, Unit: unit.Unit{Tenant: t, Now: s.run.Now()}, Import: i}
			return p.judge(ctx, run, pieces)
		})
		if err != nil || len(pieces) == 0 || p.Judged >= maxPreviewLines && !setup.All {
			return p, err
		}
		// Each View is short, because a long read would keep the engine from cleaning up.
		after = pieces[len(pieces)-1].Number
	}
}

// judge adds the results of the pieces.
func (p *Preview) judge(ctx context.Context, run run, pieces []noren.ImportPiece) error {
	var lines []noren.ImportLine
	for _, piece := range pieces {
		lines = append(lines, piece.Lines...)
	}
	plan, err := run.plan(ctx, lines)
	if err != nil {
		return err
	}
	p.Lines = append(p.Lines, lines[:min(len(lines), shownLines-len(p.Lines))]...)
	var counts noren.Import
	for _, o := range plan.outcomes {
		count(&counts, o)
		p.ProblemsTotal += len(o.problems)
		room := maxPreviewProblems - len(p.Problems)
		p.Problems = append(p.Problems, o.problems[:min(len(o.problems), room)]...)
		p.tell(conceal(run.Tenant, o.remarks))
	}
	p.changes.add(run.concealed(plan.changes))
	p.Fields = p.changes.list
	p.Judged += counts.Processed
	p.Created, p.Updated = p.Created+counts.Created, p.Updated+counts.Updated
	p.Unchanged, p.Refused = p.Unchanged+counts.Unchanged, p.Refused+counts.Refused
	p.addPoints(plan)
	return nil
}

// tell adds what is told about lines.
func (p *Preview) tell(remarks []noren.ImportProblem) {
	p.Told += len(remarks)
	p.Remarks = append(p.Remarks, remarks[:min(len(remarks), maxPreviewProblems-len(p.Remarks))]...)
}

// addPoints adds the points of a batch. A member whom two batches name counts once.
func (p *Preview) addPoints(plan plan) {
	if plan.held == nil && plan.granted == 0 && plan.reported == 0 {
		return
	}
	if p.Points == nil {
		p.Points = &Totals{counted: make(map[int64]bool)}
	}
	for id, held := range plan.held {
		if !p.Points.counted[id] {
			p.Points.counted[id] = true
			p.Points.Before += held
			p.Points.After += held
		}
	}
	p.Points.Members = len(p.Points.counted)
	p.Points.After += plan.granted
	p.Points.Later += plan.later
	p.Points.File += plan.reported
}

// concealed returns the changes without the values of what the tenant takes for sensitive: previews are passed around.
func (r run) concealed(changes []fieldChange) []fieldChange {
	for i := range changes {
		if _, sensitive := r.Tenant.Sensitive(changes[i].field); sensitive {
			changes[i].before, changes[i].after = "", ""
		}
	}
	return changes
}
