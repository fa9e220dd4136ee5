package storetest

import (
	"testing"

	"noren"
)

func verifyPointChecks() []check {
	return []check{
		{"finds nothing in sound points and files", verifyPointsClean},
		{"finds each kind of violation in points and files", verifyPointsFinds},
	}
}

// cleanPoints fills a clean tenant with points, notes and files. Members 1 and 2 were each granted 100 points that expire,
// 50 that do not and 7 that were paid for, and then used 120: the lots 1 and 2 are used up, 3 and 4 have 30 points each, 5
// and 6 are paid; the entries are 1 to 8.
func (b *bundle) cleanPoints(t *testing.T) {
	t.Helper()
	b.clean(t)
	for i, grant := range []struct {
		kind      noren.PointType
		expiresOn noren.Date
		amount    int64
	}{{noren.DefaultPoint, "2026-04-01", 100}, {noren.DefaultPoint, "", 50}, {noren.PaidPoint, "", 7}} {
		for member := int64(1); member <= 2; member++ {
			b.grant(t, lot(int64(2*i)+member, member, grant.kind, grant.expiresOn, grant.amount))
		}
	}
	for member := int64(1); member <= 2; member++ {
		burns := []noren.PointBurn{{LotID: member, Amount: 100}, {LotID: member + 2, Amount: 20}}
		b.movePoints(t, use(member+6, member, noren.DefaultPoint, burns...))
	}
	noted := note(1, 1, "メモ")
	noted.StaffID = new(int64(1))
	b.addNotes(t, noted)
	b.addUploads(t, upload("a.png", 0), upload("b.png", 0))
	b.attach(t, true, attachment(1, 2, "a.png"))
	b.update(t, func(tx noren.Tx) error {
		return firstError(
			tx.PutStaff(b.ctx, []noren.Staff{{ID: 1, Code: "S1", Name: "店員"}}),
			tx.Raise(b.ctx, noren.CounterPointLot, 6), tx.Raise(b.ctx, noren.CounterPointEntry, 8),
			tx.Raise(b.ctx, noren.CounterNote, 1), tx.Raise(b.ctx, noren.CounterAttachment, 1),
		)
	})
}

func verifyPointsClean(t *testing.T, b *bundle) { b.findsNothing(t, (*bundle).cleanPoints) }

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
	ofAnother := lot(7, 1, noren.PaidPoint, "", 5)
	ofAnother.EntryID = 1
	reversal := func(reverses int64, burns ...noren.PointBurn) noren.PointMovement {
		m := use(9, 1, noren.DefaultPoint, burns...)
		m.Entries[0].Kind, m.Entries[0].Reverses = noren.PointsReversed, reverses
		return m
	}
	lost := reversal(7, noren.PointBurn{LotID: 1, Amount: -100})
	lost.Entries[0].Delta = 90
	strange := use(9, 1, noren.PaidPoint, noren.PointBurn{LotID: 6, Amount: 1})
	strangeStaff := use(9, 1, noren.PaidPoint, noren.PointBurn{LotID: 5, Amount: 1})
	strangeStaff.Entries[0].StaffID = new(int64(9))
	b.findsPlanted(t, (*bundle).cleanPoints, []planting{
		{"an entry without a lot", move(noren.PointMovement{Entries: grant(lot(7, 1, noren.PaidPoint, "", 5)).Entries}, 1), 1},
		{"a lot with more than was granted", move(noren.PointMovement{
			Lots: []noren.PointLot{overfull}, Entries: []noren.PointEntry{overfullEntry},
		}, 1), 2}, // and no burn says where it came from
		{"an entry that burnt less than it took", move(noren.PointMovement{
			Entries: []noren.PointEntry{use(9, 1, noren.PaidPoint, noren.PointBurn{Amount: 2}).Entries[0]},
			Burns:   []noren.PointBurn{{EntryID: 9, LotID: 5, Amount: 1}},
		}, 1), 2}, // and the entries do not add up either
		{"points burnt from another member's lot", move(strange, 1), 3}, // for either member they do not add up
		{"an entry by nobody of the staff", move(strangeStaff, 1), 1},
		{"a lot and an entry that the counters have not given yet", move(grant(lot(7, 1, noren.PaidPoint, "", 5)), 0), 2},
		{"points of nobody", move(grant(lot(7, 9, noren.PaidPoint, "", 5)), 1), 2},
		{"a sound reversal", move(reversal(7, noren.PointBurn{LotID: 1, Amount: -100}), 1), 0},
		{"a reversal of nothing", move(reversal(0, noren.PointBurn{LotID: 3, Amount: 1}), 1), 1},
		{"a reversal of another member's entry", move(reversal(8, noren.PointBurn{LotID: 1, Amount: -1}), 1), 1},
		{"a reversal that says less than it gave back", move(lost, 1), 2}, // and the entries do not add up either
		{"points given back by an entry that reverses none", move(use(9, 1, noren.DefaultPoint, noren.PointBurn{LotID: 1, Amount: -1}), 1), 2},
		{"a lot that another entry granted", move(noren.PointMovement{Lots: []noren.PointLot{ofAnother}, Entries: grant(ofAnother).Entries}, 1), 1},
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
	})
}

func entryWithNumber(l noren.PointLot, id int64) noren.PointEntry {
	e := entryOf(l)
	e.ID = id
	return e
}
