package unit

import "noren"

// Merge sets one value of what a person has edited to that of the person who has changed it: seen is the value that was edited, now the one
// that is stored. A Conflict is added to refused, with ReasonChanged, if somebody else has changed it to another one meanwhile.
func Merge[T comparable](refused *noren.Refusals, row int, field string, to *T, now, seen T) {
	switch wanted := *to; {
	// Left as it was, or changed to the same by both: what is stored is right either way.
	case wanted == seen || wanted == now:
		*to = now
	case now != seen:
		*refused = append(*refused, &noren.Error{
			Kind: noren.Conflict, Reason: noren.ReasonChanged, Row: row, Field: field, Message: "changed by somebody else since it was read",
		})
	}
}
