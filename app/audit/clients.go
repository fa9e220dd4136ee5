package audit

import (
	"context"
)

// ClientNames returns the names of the tenant's clients by id.
func ClientNames(ctx context.Context, tx Tx) (map[int64]string, error) {
	clients, err := tx.Clients(ctx)
	names := make(map[int64]string, len(clients))
	for _, c := range clients {
		names[c.ID] = c.Name
	}
	return names, err
}
