package storetest

import (
	"testing"
	"time"

	"noren"
)

func verifyPointChecks() []check {
	return []check{
		{"finds nothing in points and files where all is well", verifyPointsClean},
		{"finds each kind of violation in points and files", verifyPointsFinds},
	}
}

// cleanPoints fills a clean tenant with points, notes and files, by the use cases.
func (b *bundle) cleanPoints(t *testing.T) {
	t.Helper()
	b.clean(t)
	b.update(t, func(tx noren.Tx) error { return tx.PutStaff(b.ctx, []noren.Staff{{ID: 1, Code: "S1", Name: "店員"}}) })
	s := noren.NewService(noren.Config{Engine: b.Engine, Clock: func() time.Time { return at(0) }})
	caller := noren.Caller{Tenant: b.tenant, Client: b.client(1)}
	adjust := func(mode noren.PointMode, kind noren.PointType, amount int64, expiresOn noren.Field[noren.Date]) error {
		_, err := s.AdjustPoints(b.ctx, caller, noren.PointAdjustment{
			Query: noren.MemberQuery{IDs: []int64{1, 2}}, Mode: mode, Amount: amount, Type: kind, ExpiresOn: expiresOn,
			StaffID: new(int64(1)), Note: "付与",
		}, nil)
		return err
	}
	upload := func(key string) error {
		_, err := s.AddUpload(b.ctx, caller, noren.Upload{FileKey: key, MIMEType: "image/png", Size: 1}, nil)
		return err
	}
	_, _, noted := s.AddNote(b.ctx, caller, noren.Note{MemberID: 1, StaffID: new(int64(1)), Text: "メモ"}, nil)
	err := firstError(
		adjust(noren.AddPoints, noren.DefaultPoint, 100, noren.Set(noren.Date("2026-04-01"))),
		adjust(noren.AddPoints, noren.DefaultPoint, 50, noren.Null[noren.Date]()),
		adjust(noren.AddPoints, noren.PaidPoint, 7, noren.Null[noren.Date]()),
		adjust(noren.SubtractPoints, noren.DefaultPoint, 120, noren.Field[noren.Date]{}),
		noted, upload("a.png"), upload("b.png"),
	)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Attach(b.ctx, caller, noren.Attachment{MemberID: 2, FileKey: "a.png", Tag: noren.PhotoFile}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

func verifyPointsClean(t *testing.T, b *bundle) {
	b.cleanPoints(t)
	b.other(t).cleanPoints(t)
	for _, c := range b.verify(t) {
		if c.Violated != 0 {
			t.Errorf("%q found %d violations: %q", c.Name, c.Violated, c.Violations)
		}
	}
}

// verifyPointsFinds plants one violation after another, as verifyFinds does. In a clean tenant the lots 1 and 2 are
// used up, 3 and 4 have 30 points each, 5 and 6 are paid; the entries are 1 to 8.
func verifyPointsFinds(t *testing.T, b *bundle) {
	grant := func(l noren.PointLot) noren.PointMovement {
		return noren.PointMovement{Lots: []noren.PointLot{l}, Entries: []noren.PointEntry{entryWithNumber(l, 9)}}
	}
	move := func(m noren.PointMovement, numbered int) func(b *bundle, tx noren.Tx) error {
		return func(b *bundle, tx noren.Tx) error {
			_, err := tx.Reserve(b.ctx, noren.CounterPointLot, numbered)
			_, err2 := tx.Reserve(b.ctx, noren.CounterPointEntry, numbered)
			return firstError(err, err2, tx.MovePoints(b.ctx, m))
		}
	}
	overfull := lot(7, 1, noren.PaidPoint, "", 5)
	overfull.Remaining = 6
	overfullEntry := entryWithNumber(overfull, 9)
	overfullEntry.Delta = 6
	strange := use(9, 1, noren.PaidPoint, noren.PointBurn{LotID: 6, Amount: 1})
	strangeStaff := use(9, 1, noren.PaidPoint, noren.PointBurn{LotID: 5, Amount: 1})
	strangeStaff.Entries[0].StaffID = new(int64(9))
	for _, c := range []struct {
		name  string
		plant func(b *bundle, tx noren.Tx) error
		finds int
	}{
		{"an entry without a lot", move(noren.PointMovement{Entries: grant(lot(7, 1, noren.PaidPoint, "", 5)).Entries}, 1), 1},
		{"a lot with more than was granted", move(noren.PointMovement{
			Lots: []noren.PointLot{overfull}, Entries: []noren.PointEntry{overfullEntry},
		}, 1), 2}, // nor do the burns say where it came from
		{"an entry that burnt less than it took", move(noren.PointMovement{
			Entries: []noren.PointEntry{use(9, 1, noren.PaidPoint, noren.PointBurn{Amount: 2}).Entries[0]},
			Burns:   []noren.PointBurn{{EntryID: 9, LotID: 5, Amount: 1}},
		}, 1), 2}, // nor do the entries add up
		{"points burnt from another member's lot", move(strange, 1), 3}, // for either member they do not add up
		{"an entry by nobody of the staff", move(strangeStaff, 1), 1},
		{"a lot and an entry that the counters have not given yet", move(grant(lot(7, 1, noren.PaidPoint, "", 5)), 0), 2},
		{"points of nobody", move(grant(lot(7, 9, noren.PaidPoint, "", 5)), 1), 2},
		{"a note of nobody", func(b *bundle, tx noren.Tx) error {
			_, err := tx.Reserve(b.ctx, noren.CounterNote, 1)
			return firstError(err, tx.AddNote(b.ctx, note(2, 9, "")))
		}, 1},
		{"a note by nobody of the staff", func(b *bundle, tx noren.Tx) error {
			n := note(2, 1, "")
			n.StaffID = new(int64(9))
			_, err := tx.Reserve(b.ctx, noren.CounterNote, 1)
			return firstError(err, tx.AddNote(b.ctx, n))
		}, 1},
		{"an attachment that the counter has not given yet", func(b *bundle, tx noren.Tx) error {
			_, err := tx.AddAttachment(b.ctx, attachment(2, 1, "b.png"))
			return err
		}, 1},
	} {
		planted := b.other(t)
		planted.cleanPoints(t)
		before := b.violated(t)
		err := b.Update(b.ctx, planted.tenant.ID, func(tx noren.Tx) error { return c.plant(planted, tx) })
		if err != nil {
			t.Logf("refused to store %s: %v", c.name, err)
			continue
		}
		same(t, "how many more violations are found after storing "+c.name, c.finds, b.violated(t)-before)
	}
}

func entryWithNumber(l noren.PointLot, id int64) noren.PointEntry {
	e := entryOf(l)
	e.ID = id
	return e
}
