package noren

import (
	"time"
)

// Page is a slice of an ordered list.
type Page struct {
	Limit  int // 0: no limit
	Offset int
}

// Sort is one key of an order. Column is canonical; each filter documents the columns its list can be sorted by.
type Sort struct {
	Column string
	Desc   bool
}

// Span is a stretch of time: From ≤ t ≤ To. A zero end is open.
type Span struct{ From, To time.Time }

// List is one page of a list, and the number of entries on all pages.
type List[T any] struct {
	Items []T
	Total int
}
