package points

import (
	"cmp"
	"slices"

	"noren"
)

// usablePoints returns the sum of what the lots hold on that day.
func usablePoints(lots []noren.PointLot, today noren.Date) (sum int64) {
	for _, l := range lots {
		if l.Usable(today) {
			sum += l.Remaining
		}
	}
	return sum
}

// burn takes amount from the usable lots: nearest expiry first, oldest first among equals, never-expiring last. It
// returns what each lot loses, or false if the lots do not hold enough. It does not change lots.
func burn(lots []noren.PointLot, amount int64, today noren.Date) (taken []noren.PointBurn, ok bool) {
	order := slices.Clone(lots)
	slices.SortFunc(order, nearestFirst)
	for _, l := range order {
		if amount == 0 {
			break
		}
		if n := min(l.Remaining, amount); n > 0 && l.Usable(today) {
			taken = append(taken, noren.PointBurn{LotID: l.ID, Amount: n})
			amount -= n
		}
	}
	return taken, amount == 0
}

// nearestFirst orders lots as they are taken from.
func nearestFirst(a, b noren.PointLot) int {
	return cmp.Or(
		cmp.Compare(b2i(a.ExpiresOn == nil), b2i(b.ExpiresOn == nil)),
		cmp.Compare(noren.Deref(a.ExpiresOn), noren.Deref(b.ExpiresOn)),
		a.GrantedAt.Compare(b.GrantedAt),
		// The id makes the order total, so that a run after a commit in doubt takes the same lots.
		cmp.Compare(a.ID, b.ID),
	)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
