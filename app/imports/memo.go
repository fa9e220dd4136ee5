package imports

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"noren"
	"noren/app/unit"
)

// memoSource is the source of what was noted about members when they were taken over.
const memoSource = "memo"

// memo is what a file says of a member that has no field here. It is noted once for each member.
type memo struct {
	of   *plannedMember
	text string
}

// writeMemos notes what the lines say. made are the new members with their numbers, in the order of fresh.
func (p *memberPlan) writeMemos(ctx context.Context, made []noren.Member) error {
	if len(p.memos) == 0 {
		return nil
	}
	var ids []string
	members := make([]int64, len(p.memos))
	for i, m := range p.memos {
		if members[i] = m.of.before.ID; m.of.place != 0 {
			members[i] = made[-m.of.place-1].ID
		}
		ids = append(ids, strconv.FormatInt(members[i], 10))
	}
	known, err := p.tx.TakenOver(ctx, memoSource, ids)
	if err != nil {
		return err
	}
	var notes []noren.Note
	var taken []noren.TakenOver
	for i, m := range p.memos {
		if slices.ContainsFunc(known, func(t noren.TakenOver) bool { return t.ExternalID == ids[i] }) {
			continue
		}
		notes = append(notes, noren.Note{MemberID: members[i], Text: m.text, CreatedAt: p.Now})
		made := noren.TakenOver{Source: memoSource, ExternalID: ids[i], MemberID: members[i]}
		taken, known = append(taken, made), append(known, made)
	}
	if len(notes) == 0 {
		return nil
	}
	if err := unit.Number(ctx, p.tx, noren.CounterNote, notes, func(n *noren.Note) *int64 { return &n.ID }); err != nil {
		return err
	}
	if err := p.tx.AddNotes(ctx, notes); err != nil {
		return err
	}
	return p.tx.AddTakenOver(ctx, taken)
}

// memoText is what the line's memo says, a heading and a cell in each line of it.
func memoText(parts []string) string {
	return noren.Shortened(strings.Join(parts, "\n"), noren.MaxMemberNote)
}
