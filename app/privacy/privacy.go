// Package privacy hands out what is stored of one person, and erases one person, as the laws about personal data require.
package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// Tx is the part of a transaction that people's data takes.
type Tx interface {
	unit.Tx
	audit.Tx
	noren.PersonTx
	noren.RetentionTx
	noren.FileTx
	noren.PointTx
	noren.PurchaseTx
	noren.RankTx
}

// Service has the use cases of people's data. It is safe for concurrent use.
type Service struct{ run unit.Room[Tx] }

// New makes a Service.
func New(run *unit.Runner) *Service { return &Service{unit.In[Tx](run)} }

// Data is everything that is stored of one person. MarshalJSON says how it is written.
type Data struct {
	Contract    string
	ReadAt      time.Time
	Member      map[string]any // by the names of the columns; those without a value are left out
	Notes       []noren.Note
	Files       []noren.Attachment
	Points      []noren.PointEntry
	Purchases   []noren.Purchase
	RankChanges []noren.RankChange
	Changes     []Change
	Traces      []noren.Trace
}

// Change is an entry of the audit log about the person.
type Change struct {
	At      time.Time       `json:"at"`
	By      string          `json:"by"`
	Changes json.RawMessage `json:"changes"` // {"column": [before, after], …}
}

// mostEntries bounds each list of Data. Nobody has that many; it keeps a mistake from filling the memory.
const mostEntries = 100_000

// HandOut returns everything that is stored of a member, and records that it was handed out. NotFound if the caller may not see the
// member; Forbidden for a caller restricted to one store, because the traces are of all stores.
func (s *Service) HandOut(ctx context.Context, c noren.Caller, id int64) (Data, error) {
	// Reading is a view of its own: it reads every text of the tenant, and locks should not be held for so long.
	d, err := s.Held(ctx, c, id)
	if err != nil {
		return d, err
	}
	// After it was read and before it leaves: what is not recorded is not handed out.
	return d, s.run.Update(ctx, c.Tenant.ID, func(tx Tx) error {
		by := c.Entry(s.run.Now())
		by.Subject, by.SubjectID, by.Changes = "export", fmt.Sprintf("member %d", id), audit.Change("access", nil, "handed out")
		return tx.AddAudit(ctx, []noren.AuditEntry{by})
	})
}

// Held is HandOut for who only counts.
func (s *Service) Held(ctx context.Context, c noren.Caller, id int64) (d Data, err error) {
	if err := c.WholeTenant(); err != nil {
		return d, err
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		d, err = handOut(ctx, tx, c, id, s.run.Now())
		return err
	})
	return d, err
}

func handOut(ctx context.Context, tx Tx, c noren.Caller, id int64, now time.Time) (d Data, err error) {
	found, err := tx.MembersByID(ctx, []int64{id}, false)
	if err == nil && len(found) == 0 {
		err = noren.Missing("member", id)
	}
	if err != nil {
		return d, err
	}
	// All in one view, so that the lists fit together.
	page := noren.Page{Limit: mostEntries}
	d = Data{Contract: c.Tenant.Contract, ReadAt: now, Member: columnsOf(&found[0])}
	if d.Notes, err = tx.Notes(ctx, noren.NoteFilter{MemberID: id, Page: page}); err != nil {
		return d, err
	}
	if d.Files, err = tx.Attachments(ctx, []int64{id}); err != nil {
		return d, err
	}
	if d.Points, err = tx.PointEntries(ctx, noren.PointEntryFilter{MemberID: id, Page: page}); err != nil {
		return d, err
	}
	if d.Purchases, _, err = tx.Purchases(ctx, noren.PurchaseFilter{MemberID: id, Page: page}); err != nil {
		return d, err
	}
	if d.RankChanges, _, err = tx.RankChanges(ctx, noren.RankChangeFilter{MemberID: id, Page: page}); err != nil {
		return d, err
	}
	log, err := tx.Audit(ctx, noren.AuditFilter{Subject: "member", SubjectID: strconv.FormatInt(id, 10), Page: page})
	if err != nil {
		return d, err
	}
	for _, e := range log {
		// A program has no login: then it is the API that it speaks.
		by := e.Login
		if by == "" {
			by = e.Dialect
		}
		d.Changes = append(d.Changes, Change{e.At, by, e.Changes})
	}
	traces, err := tx.PersonTraces(ctx, []noren.Person{noren.PersonOf(found[0])})
	d.Traces = traces[id]
	return d, err
}

// columnsOf lists the columns of a member that have a value.
func columnsOf(m *noren.Member) map[string]any {
	columns := map[string]any{"id": m.ID, "created_at": m.CreatedAt, "updated_at": m.UpdatedAt}
	for _, c := range noren.MemberColumns() {
		// A column that equals that of a new member says nothing.
		if !c.Equal(m, &noren.Member{}) {
			columns[c.Name] = c.Ref(m)
		}
	}
	return columns
}

// Erase removes everything that tells who a member was, and returns the receipt. Sums stay: points, purchases, spend. NotFound
// if there is no such member; Conflict if an import that is not finished names the person; Forbidden for a caller restricted
// to one store.
func (s *Service) Erase(ctx context.Context, c noren.Caller, id int64) (noren.Erasure, error) {
	e, _, err := s.EraseOnce(ctx, c, id, nil)
	return e, err
}

// EraseOnce is Erase for a request that may carry an Idempotency-Key.
func (s *Service) EraseOnce(
	ctx context.Context, c noren.Caller, id int64, once *unit.Once,
) (e noren.Erasure, kept *noren.KeptAnswer, err error) {
	if err := c.WholeTenant(); err != nil {
		return e, nil, err
	}
	// The entry that Write prepares is not used: erase makes one for each member.
	kept, err = s.run.Write(ctx, c, once, func(tx Tx, _ noren.AuditEntry) (any, error) {
		// The precision of the database, so that the receipt in the response is the one that is stored.
		e, err = Erase(ctx, tx, unit.Unit{Tenant: c.Tenant, Now: s.run.Now().UTC().Truncate(time.Microsecond)}, c, id)
		return e, err
	})
	return e, kept, err
}

// Erase is Service.Erase inside a transaction.
func Erase(ctx context.Context, tx Tx, u unit.Unit, c noren.Caller, id int64) (noren.Erasure, error) {
	by := c.Login
	if by == "" {
		by = string(c.Client.Dialect)
	}
	receipts, waiting, err := erase(ctx, tx, u, c.Entry(u.Now), by, []int64{id})
	switch {
	case err != nil:
		return noren.Erasure{}, err
	case waiting[id] != 0:
		return noren.Erasure{}, &noren.Error{
			Kind: noren.Conflict, Field: "import", Value: strconv.FormatInt(waiting[id], 10),
			Message: fmt.Sprintf("import %d, which is not finished, has lines about the member; finish or cancel it first", waiting[id]),
		}
	case len(receipts) == 0:
		return noren.Erasure{}, noren.Missing("member", id)
	}
	return receipts[0], nil
}

// erase erases those of the members who exist, and returns their receipts. waiting has those whom an import names that is not
// finished, with the import: they stay as they are.
func erase(
	ctx context.Context, tx Tx, u unit.Unit, entry noren.AuditEntry, by string, ids []int64,
) (receipts []noren.Erasure, waiting map[int64]int64, err error) {
	// Locked first, so that nothing is written about them between looking for traces and removing them.
	if err := tx.AwaitLane(ctx); err != nil {
		return nil, nil, err
	}
	found, err := tx.MembersByID(ctx, ids, true)
	if err != nil || len(found) == 0 {
		return nil, nil, err
	}
	// By what they were called before, too: files and messages of then are still there.
	before, err := tx.ChangesOf(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	people := make([]noren.Person, len(found))
	for i, m := range found {
		people[i] = noren.PersonOf(m).Erasable(m, before[m.ID])
	}
	removed, waiting, err := tx.ErasePeople(ctx, people)
	if err != nil {
		return nil, nil, err
	}
	var changes []noren.MemberChange
	var entries []noren.AuditEntry
	var gone []noren.Person
	for i, m := range found {
		// An import that is under way would write them anew.
		if waiting[m.ID] != 0 {
			continue
		}
		// The member's row stays without its person: points, purchases and spend refer to it.
		after := m.Erased(u.Today())
		after.UpdatedAt = u.Now
		changes = append(changes, noren.MemberChange{Before: m, After: after})
		receipts = append(receipts, noren.Erasure{MemberID: m.ID, At: u.Now, By: by, Removed: removed[m.ID]})
		// That there was an erasure is logged, and nothing of what was erased.
		entry.Subject, entry.SubjectID, entry.Changes = "member", strconv.FormatInt(m.ID, 10), audit.Change("erased", nil, "erased")
		entries, gone = append(entries, entry), append(gone, people[i])
	}
	if len(gone) == 0 {
		return nil, waiting, nil
	}
	if err := tx.UpdateMembers(ctx, changes); err != nil {
		return nil, nil, err
	}
	// Looked for once more, by what they were called before: the receipts say that nothing is left, so nothing may be.
	left, err := tx.PersonTraces(ctx, gone)
	for id, places := range left {
		// One is enough: the error takes back the whole transaction, and nobody is half erased.
		return nil, nil, fmt.Errorf("erasing member %d: %s %s is left", id, places[0].What, places[0].Where)
	}
	if err == nil {
		err = tx.AddErasures(ctx, receipts)
	}
	if err == nil {
		err = tx.AddAudit(ctx, entries)
	}
	return receipts, waiting, err
}

// Erasures lists the receipts, newest first. Forbidden for a caller restricted to one store.
func (s *Service) Erasures(ctx context.Context, c noren.Caller) (list []noren.Erasure, err error) {
	if err := c.WholeTenant(); err != nil {
		return nil, err
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		list, err = tx.Erasures(ctx)
		return err
	})
	return list, err
}
