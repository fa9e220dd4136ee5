package shop

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"noren"
)

// rankCodes refuses codes of ranks and staff ranks, as they will be after the file, that do not tell which of them is meant.
func (a *applier) rankCodes(ctx context.Context, stored map[int64]noren.Rank) error {
	// The file's over the stored ones: ranks that it does not mention stay, and count too.
	ranks := make(map[int64]codedRank)
	for _, r := range stored {
		ranks[r.ID] = codedRank{r.Code, r.Name}
	}
	for _, r := range a.shop.Ranks {
		ranks[r.ID] = codedRank{r.Code, r.Name}
	}
	a.checkCodes("ranks", ranks, func(code string) int {
		return 1 + slices.IndexFunc(a.shop.Ranks, func(r noren.Rank) bool { return r.Code == code })
	})
	staffRanks, err := a.tx.StaffRanks(ctx)
	if err != nil {
		return err
	}
	clear(ranks)
	for _, r := range append(staffRanks, a.shop.StaffRanks...) { // of two with one id, that of the file
		ranks[r.ID] = codedRank{r.Code, r.Name}
	}
	a.checkCodes("staff_ranks", ranks, func(code string) int {
		return 1 + slices.IndexFunc(a.shop.StaffRanks, func(r noren.StaffRank) bool { return r.Code == code })
	})
	return nil
}

// codedRank is what a rank may be called.
type codedRank struct{ code, name string }

// checkCodes refuses a code that another rank has, or that is another rank's name: what Smaregi's clients read of that rank would
// then name this one when they write it back. rowOf is the entry of the file with a code; 0: the file does not have it.
func (a *applier) checkCodes(field string, ranks map[int64]codedRank, rowOf func(code string) int) {
	codes := make(map[string]int64)
	for _, id := range slices.Sorted(maps.Keys(ranks)) { // so that of several conflicts the same is told each time
		r := ranks[id]
		// Folded, as the domain compares what a client sends, so that codes that differ in case alone are caught.
		code := noren.FoldName(r.code)
		if code == "" {
			continue
		}
		other, taken := codes[code]
		// Each with each, because a ladder has few ranks.
		for otherID, o := range maps.All(ranks) {
			if otherID != id && noren.FoldName(o.name) == code {
				other, taken = otherID, true
			}
		}
		if taken {
			a.refuse(&noren.Error{
				Kind: noren.Conflict, Row: rowOf(r.code), Field: field + ".code", Value: r.code,
				Message: fmt.Sprintf("the code %q of %s is the code or the name of another (ids %d and %d); give each a code of its own",
					r.code, field, min(id, other), max(id, other)),
			})
		}
		codes[code] = id
	}
}
