package noren

import "context"

// TakenOver is what was taken over once from another system: a grant of points, or what was noted about a member. Source
// and ExternalID together identify it, so that a file can be imported again.
type TakenOver struct {
	Source     string
	ExternalID string // the source's own id
	MemberID   int64
	Type       PointType // "": not points
	Amount     int64
	ExpiresOn  *Date // nil: never
}

// TakeOverTx reads and writes what was taken over from other systems.
type TakeOverTx interface {
	// TakenOver returns those with the ids that exist, ordered by id.
	TakenOver(ctx context.Context, source string, ids []string) ([]TakenOver, error)
	// AddTakenOver stores new ones.
	AddTakenOver(ctx context.Context, list []TakenOver) error
	// MovedPoints returns which of the members have had any movement of points, in order.
	MovedPoints(ctx context.Context, members []int64) ([]int64, error)
	// AddNotes stores notes about members.
	AddNotes(ctx context.Context, notes []Note) error
}
