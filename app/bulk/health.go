package bulk

import (
	"context"
	"time"

	"noren"
)

// Hour counts what one hour did to a queue.
type Hour struct {
	From                        time.Time
	Accepted, Succeeded, Failed int
	Waiting                     int // at its end, or now
	noren.DeliveryFlow
}

// A queue's history is shown for the last bulkHours hours. Requests accepted in the earlierHours hours before are read
// as well, because they may still wait when the first hour begins.
const (
	bulkHours    = 24
	earlierHours = 24
)

// hoursOf distributes flows and deliveries over the hours from first on. The steps of flows count from earlierHours
// before first, those of deliveries from first.
func hoursOf(first time.Time, flows []noren.BulkFlow, deliveries []noren.DeliveryFlow) []Hour {
	hours := make([]Hour, bulkHours)
	for i := range hours {
		hours[i].From = first.Add(time.Duration(i) * time.Hour)
	}
	for _, f := range flows {
		// Counted from the first hour that is shown; those accepted before it are negative, and may still wait in it.
		accepted, applied := f.Accepted-earlierHours, f.Applied-earlierHours
		if accepted >= 0 && accepted < len(hours) {
			hours[accepted].Accepted += f.Requests
		}
		if f.Applied < 0 {
			applied = bulkHours // still waiting: it counts in every hour
		}
		if applied >= 0 && applied < len(hours) {
			if f.State == noren.BulkFailed {
				hours[applied].Failed += f.Requests
			} else {
				hours[applied].Succeeded += f.Requests
			}
		}
		for i := max(accepted, 0); i < min(applied, bulkHours); i++ {
			hours[i].Waiting += f.Requests
		}
	}
	for _, d := range deliveries {
		if d.Step >= 0 && d.Step < bulkHours {
			hours[d.Step].DeliveryFlow = d
		}
	}
	return hours
}

// Health describes a tenant's queue: what is waiting now, and the last day hour by hour.
type Health struct {
	Queue noren.BulkQueue
	Hours []Hour // the last one is still running
}

// Queue returns what is waiting, and what somebody has to look at, with one statement. Forbidden as for Health.
func (s *Service) Queue(ctx context.Context, c noren.Caller) (q noren.BulkQueue, err error) {
	if err := c.WholeTenant(); err != nil {
		return q, err
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		q, err = tx.BulkQueue(ctx)
		return err
	})
	return q, err
}

// Health returns the state of the tenant's queue. Forbidden for a caller restricted to one store, because the queue
// is the whole tenant's.
func (s *Service) Health(ctx context.Context, c noren.Caller) (out Health, err error) {
	if err := c.WholeTenant(); err != nil {
		return Health{}, err
	}
	now := s.run.Now().In(c.Tenant.Location())
	first := time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), 0, 0, 0, now.Location()).Add(-(bulkHours - 1) * time.Hour)
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if out.Queue, err = tx.BulkQueue(ctx); err != nil {
			return err
		}
		flows, err := tx.BulkFlows(ctx, first.Add(-earlierHours*time.Hour), time.Hour)
		if err != nil {
			return err
		}
		deliveries, err := tx.DeliveryFlows(ctx, first, time.Hour)
		out.Hours = hoursOf(first, flows, deliveries)
		return err
	})
	return out, err
}
