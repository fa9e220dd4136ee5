package storetest

import (
	"testing"

	"noren"
)

func takeOverChecks() []check {
	return []check{{"what was taken over, by source and id", takenOver}}
}

func takenOver(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2))
	day := noren.Date("2027-01-31")
	first := noren.TakenOver{Source: "csv", ExternalID: `a '"\ 😀`, MemberID: 1, Type: noren.DefaultPoint, Amount: 5, ExpiresOn: &day}
	second := noren.TakenOver{Source: "csv", ExternalID: "b", MemberID: 2, Type: noren.PaidPoint}
	other := noren.TakenOver{Source: "opening", ExternalID: "b", MemberID: 2, Amount: noren.MaxPoints}
	b.grant(t, lot(1, 2, noren.DefaultPoint, "", 10))
	b.update(t, func(tx noren.Tx) error {
		return firstError(tx.AddTakenOver(b.ctx, []noren.TakenOver{second, other, first}), tx.AddTakenOver(b.ctx, nil),
			tx.AddNotes(b.ctx, []noren.Note{{ID: 1, MemberID: 1, Text: "一", CreatedAt: at(1)}, {ID: 2, MemberID: 2, Text: "二", CreatedAt: at(2)}}), tx.AddNotes(b.ctx, nil))
	})
	b.view(t, func(tx noren.Tx) error {
		found, err := tx.TakenOver(b.ctx, "csv", []string{"b", "c", first.ExternalID})
		same(t, "of one source", []noren.TakenOver{first, second}, found)
		none, err2 := tx.TakenOver(b.ctx, "csv", nil)
		same(t, "no ids", 0, len(none))
		moved, err3 := tx.MovedPoints(b.ctx, []int64{2, 1, 9})
		same(t, "who has had points", []int64{2}, moved)
		notes, err4 := tx.Notes(b.ctx, noren.NoteFilter{MemberID: 2})
		same(t, "notes", []noren.Note{{ID: 2, MemberID: 2, Text: "二", CreatedAt: at(2)}}, notes)
		return firstError(err, err2, err3, err4)
	})
}
