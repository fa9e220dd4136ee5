package imports

import (
	"strings"

	"noren"
)

// mostOffered is how many names a refusal tells.
const mostOffered = 8

// offer says of ranks, staff ranks and stores that are not there which ones are, of stores only those of the kind, "" for any. Who is
// restricted to one store is told no other.
func offer(problems []noren.ImportProblem, in noren.PatchContext, kind noren.StoreKind) {
	for i := range problems {
		var names []string
		switch problems[i].Reason {
		case noren.ReasonRankUnknown, noren.ReasonMinimumRankUnknown:
			for _, r := range in.Ranks {
				names = append(names, r.Name)
			}
		case noren.ReasonStaffRankUnknown:
			for _, r := range in.StaffRanks {
				names = append(names, r.Name)
			}
		case noren.ReasonStoreUnknown, noren.ReasonStoreNotForMembers:
			for _, s := range in.Stores {
				if in.CallerStore == nil && (kind == "" || s.Kind == kind) {
					names = append(names, s.Name)
				}
			}
		}
		if len(names) == 0 {
			continue
		}
		if len(names) > mostOffered {
			names = append(names[:mostOffered:mostOffered], "…")
		}
		problems[i].Limit = noren.Shortened(strings.Join(names, ", "), maxProblemValue)
		problems[i].Message += "; those of the shop: " + problems[i].Limit
	}
}
