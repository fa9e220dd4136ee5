package imports

import (
	"strings"

	"noren"
)

// mostOffered is how many names a refusal tells.
const mostOffered = 8

// offer says of ranks, staff ranks and stores that are not there which ones are. Who is restricted to one store is told no other.
func offer(problems []noren.ImportProblem, in noren.PatchContext) {
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
		case noren.ReasonStoreUnknown:
			for _, s := range in.Stores {
				if in.CallerStore == nil {
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
