package imports

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"noren"
	"noren/app/unit"
)

// maxImportTries is how many unexpected errors at the same lines end an import as failed.
const maxImportTries = 5

// Waiting lists the tenants that have imports to work on.
func (s *Service) Waiting(ctx context.Context) ([]noren.TenantID, error) {
	return s.directory.TenantsWithImports(ctx)
}

// Step applies the next piece, some hundred lines, of the tenant's oldest waiting or running import, and
// stores the progress in the same transaction, so each line takes effect once even if the process dies. It returns the
// import after that; nil if there is none, or another process is working on it. An error leaves everything unchanged.
func (s *Service) Step(ctx context.Context, tenant noren.TenantID) (*noren.Import, error) {
	var next *ready
	var reading sync.WaitGroup
	r := s.ahead.take(tenant)
	if r != nil {
		reading.Go(func() { next = s.lookAhead(ctx, tenant, r.importID, r) })
	}
	stepped, err := s.step(ctx, tenant, r)
	reading.Wait()
	switch {
	case err == nil && stepped != nil && !stepped.State.Ended():
		if !next.is(stepped) {
			next = s.lookAhead(ctx, tenant, stepped.ID, nil)
		}
		s.ahead.put(next)
	// Not if the database was unavailable or we are shutting down: that says nothing against the lines.
	case err != nil && noren.KindOf(err) != noren.Unavailable && ctx.Err() == nil:
		s.countTry(ctx, tenant)
	}
	return stepped, err
}

func (s *Service) step(ctx context.Context, tenant noren.TenantID, r *ready) (stepped *noren.Import, err error) {
	// A panic is a mistake of ours in what one line leads to. The worker goes on with other tenants, and this import counts a try.
	defer func() {
		if p := recover(); p != nil {
			stepped, err = nil, fmt.Errorf("applying an import of tenant %d: panic: %v\n%s", tenant, p, debug.Stack())
		}
	}()
	err = s.run.Update(ctx, tenant, func(tx Tx) error {
		stepped = nil // the transaction may run again
		i, err := tx.NextImport(ctx)
		if err != nil || i == nil {
			return err
		}
		if err := s.advance(ctx, tx, i, r); err != nil {
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

// advance applies the import's next piece, which r may be, or ends the import if there is none.
func (s *Service) advance(ctx context.Context, tx Tx, i *noren.Import, r *ready) error {
	now := s.run.Now()
	var pieces []noren.ImportPiece
	var members []memberLine
	var err error
	if r.is(i) {
		pieces, members = []noren.ImportPiece{r.piece}, r.members
	} else if pieces, err = tx.ImportPieces(ctx, i.ID, 0, 1); err != nil {
		return err
	}
	i.State = noren.ImportRunning
	switch {
	// The same lines failed again and again: give up instead of blocking the imports behind.
	case i.Tries >= maxImportTries:
		i.State, i.FinishedAt = noren.ImportFailed, &now
		return tx.UpdateImport(ctx, *i)
	case len(pieces) == 0:
		i.State, i.FinishedAt = noren.ImportDone, &now
		return tx.UpdateImport(ctx, *i)
	}
	// Read here and not taken from a caller: there is none, and settings may have changed since the import was started.
	u := unit.Unit{Now: now}
	var by noren.AuditEntry
	err = tx.Together(ctx, func() (err error) {
		u.Tenant, err = tx.Tenant(ctx)
		return err
	}, func() (err error) {
		by, err = startedBy(ctx, tx, *i, now)
		return err
	})
	if err != nil {
		return err
	}
	run := run{tx: tx, Unit: u, Import: i, writing: true, members: members, by: by}
	plan, err := run.plan(ctx, pieces[0].Lines)
	if err != nil {
		return err
	}
	if err := plan.write(ctx); err != nil {
		return err
	}
	var refused []noren.RefusedLine
	for n, o := range plan.outcomes {
		line := pieces[0].Lines[n]
		count(i, o)
		remark(i, o.remarks...)
		if o.result == lineRefused {
			refused = append(refused, noren.RefusedLine{Line: line.Number, Cells: line.Cells, Problems: o.problems})
		}
	}
	i.Contradictions = slices.DeleteFunc(i.Contradictions, func(c noren.ImportContradiction) bool {
		return len(pieces[0].Lines) > 0 && c.Line <= pieces[0].Lines[len(pieces[0].Lines)-1].Number
	})
	// These lines worked; the next ones have all their tries.
	i.Tries = 0
	// Here rather than in the next step, so that the state is right as soon as the last line is applied.
	if i.Processed >= i.Total {
		i.State, i.FinishedAt = noren.ImportDone, &now
	}
	return tx.FinishImportPiece(ctx, *i, pieces[0].Number, refused)
}

// countTry records that the next lines of the tenant's import failed unexpectedly. It needs a transaction of its
// own, because the failed one was rolled back.
func (s *Service) countTry(ctx context.Context, tenant noren.TenantID) {
	err := s.run.Update(ctx, tenant, func(tx Tx) error {
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

// run judges and applies lines of one import inside one transaction.
type run struct {
	tx Tx
	unit.Unit
	*noren.Import
	writing bool         // false: only find out what would happen
	members []memberLine // lines of members as they are read, where that was done before; judging does not change them
	by      noren.AuditEntry
}

// startedBy returns the audit entry of a change by a running import: whoever started it has made the change, from where they were then.
// The log says who that was, in its last entry about the import; the entry's values may have been removed since.
func startedBy(ctx context.Context, tx Tx, i noren.Import, now time.Time) (noren.AuditEntry, error) {
	log, err := tx.Audit(ctx, noren.AuditFilter{
		Subject: importSubject, SubjectID: strconv.FormatInt(i.ID, 10), Page: noren.Page{Limit: 1},
	})
	by := noren.AuditEntry{At: now, ClientID: i.ClientID, Login: i.Login, Dialect: i.Dialect, RequestID: i.RequestID}
	if err == nil && len(log) > 0 {
		e := log[0]
		by = noren.AuditEntry{
			At: now, ClientID: e.ClientID, Login: e.Login, Dialect: e.Dialect,
			RequestID: e.RequestID, Address: e.Address, ClientRequestID: e.ClientRequestID,
		}
	}
	return by, err
}

// lineResult is the result of a line.
type lineResult uint8

const (
	lineUnchanged lineResult = iota // the same is stored already
	lineCreated
	lineUpdated
	lineRefused
)

type lineOutcome struct {
	result   lineResult
	problems []noren.ImportProblem // if the line is refused
	remarks  []noren.ImportProblem // what is told without refusing it
}

// fieldChange is how one field of one member would change.
type fieldChange struct {
	id            int64
	member, field string
	words         Words
	before, after string
}

// maxRemarks is how many remarks an import keeps. They are stored again with each piece.
const maxRemarks = maxPreviewProblems

// remark keeps what is told about lines.
func remark(i *noren.Import, remarks ...noren.ImportProblem) {
	i.Told += len(remarks)
	for _, p := range remarks {
		if len(i.Remarks) < maxRemarks {
			p.Value = "" // they outlive the person
			switch p.Reason {
			case noren.ReasonNameDiffers:
				p.Limit, p.Message = "", "the name is not the stored one, which the line replaces; check that it is the same member"
			case noren.ReasonNamePartly:
				p.Limit, p.Message = "", "the name is not the stored one; check that it is the same member"
			}
			i.Remarks = append(i.Remarks, p)
		}
	}
}

// count adds the result of a line.
func count(i *noren.Import, o lineOutcome) {
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

// plan is the result of lines, judged by what is stored.
type plan struct {
	tenant   noren.Tenant
	outcomes []lineOutcome                   // one for each line
	changes  []fieldChange                   // of stored members; only in a preview
	held     map[int64]int64                 // points of the members that the lines name; only in a preview, as the next three
	granted  int64                           // how many they would get
	later    int64                           // how many of these can only be used from a later day on
	reported int64                           // how many the lines say they have
	write    func(ctx context.Context) error // carries the plan out
}

// refuse records what is wrong with line n of the piece. Reports are passed around, so they do not repeat what the tenant
// takes for sensitive.
func (p *plan) refuse(n int, problems ...noren.ImportProblem) {
	conceal(p.tenant, problems)
	p.outcomes[n] = lineOutcome{result: lineRefused, problems: problems}
}

// conceal takes out the values of what the tenant takes for sensitive.
func conceal(t noren.Tenant, problems []noren.ImportProblem) []noren.ImportProblem {
	anybody := noren.Caller{Tenant: t, Login: "anybody"} // who may see nothing that is sensitive
	for i := range problems {
		if !anybody.MaySee(problems[i].Field) {
			problems[i].Value = ""
		}
	}
	return problems
}

// plan judges the lines. It sends a fixed number of statements, however many lines there are.
func (r run) plan(ctx context.Context, lines []noren.ImportLine) (plan, error) {
	p, err := r.planKind(ctx, lines)
	if err == nil {
		err = r.tellAlikes(ctx, &p, lines)
	}
	return p, err
}

// planKind judges the lines as those of their kind.
func (r run) planKind(ctx context.Context, lines []noren.ImportLine) (plan, error) {
	switch r.Kind {
	case noren.ImportMembers:
		return r.planMembers(ctx, lines)
	case noren.ImportProducts:
		return r.planProducts(ctx, lines)
	case noren.ImportStock:
		return r.planStock(ctx, lines)
	case noren.ImportPurchases:
		return r.planPurchases(ctx, lines)
	case noren.ImportPoints:
		return r.planPoints(ctx, lines)
	}
	return plan{}, errors.New("noren: an import of an unknown kind: " + string(r.Kind))
}

// newPlan returns a plan in which the lines are refused that could not be read or contradict an earlier one.
func (r run) newPlan(lines []noren.ImportLine) plan {
	p := plan{tenant: r.Tenant, outcomes: make([]lineOutcome, len(lines)), write: func(context.Context) error { return nil }}
	for n, l := range lines {
		if l.Broken != nil {
			p.refuse(n, l.Broken.In(l, r.Columns))
			continue
		}
		at, found := slices.BinarySearchFunc(r.Contradictions, l.Number, func(c noren.ImportContradiction, line int) int { return c.Line - line })
		if found {
			p.refuse(n, r.contradicts(l, r.Contradictions[at]))
		}
	}
	return p
}

// contradicts is why a line is refused that says something else than an earlier one. Both applied, each import of the file would change
// the same to and fro.
func (r run) contradicts(line noren.ImportLine, c noren.ImportContradiction) noren.ImportProblem {
	first := strconv.Itoa(c.First)
	return problem{
		noren.ReasonContradicts, first, "differs from line " + first + ", which names the same; correct one of them",
	}.in(line.Number, c.Field, r.cell(line, c.Field))
}

// open reports whether line n has not been refused so far.
func (p *plan) open(n int) bool { return p.outcomes[n].result != lineRefused }
