package noren

import "time"

// BulkSummary is a bulk request as a list shows it.
type BulkSummary struct {
	Request  BulkRequest // without its Rows and Failures
	Size     int         // how many rows it has; 0: not known, for a request of an earlier version
	Delivery DeliveryState
	Attempts int        // to deliver its callback
	NextAt   *time.Time // when the next attempt is due; nil: none is
}

// VisibleTo reports whether the caller may see the request: a client that is bound to a store sees what it sent
// itself, and a person who is bound to one sees what was sent under the same restriction.
func (b BulkRequest) VisibleTo(c Caller) bool {
	own := c.Client.StoreID
	switch {
	case own == nil:
		return true
	case c.Login != "":
		return b.StoreID != nil && *b.StoreID == *own
	default:
		return b.ClientID == c.Client.ID
	}
}

// visible narrows the filter to what the caller may see.
func (f BulkFilter) visible(c Caller) BulkFilter {
	switch own := c.Client.StoreID; {
	case own == nil:
	case c.Login != "":
		f.StoreID = own
	case f.ClientID != 0 && f.ClientID != c.Client.ID:
		f.IDs = []int64{}
	default:
		f.ClientID = c.Client.ID
	}
	return f
}

// rare reports whether the filter asks for what is found without looking at everything else.
func (f BulkFilter) rare() bool {
	return f.State == BulkAccepted || f.State == BulkFailed || f.Delivery == CallbackGivenUp
}

// narrow reports whether the filter leaves anything out.
func (f BulkFilter) narrow() bool {
	return f.State != "" || f.Kind != "" || f.ClientID != 0 || f.StoreID != nil || f.Delivery != ""
}

// BulkQueue is what one tenant has waiting; a zero time means that nothing waits.
type BulkQueue struct {
	Accepted         int64 // ever: the number of the newest request
	Waiting          int
	WaitingSince     time.Time // the oldest was accepted at
	CallbacksWaiting int
	CallbacksSince   time.Time // the oldest became owed at
	GivenUp          int       // callbacks
}

// BulkFlow is how many requests were accepted in one step of time, and how they stand since another.
type BulkFlow struct {
	Accepted int // the step, from 0
	Applied  int // the step; -1: they wait
	State    BulkState
	Requests int
}

// DeliveryFlow is what became of the deliveries of one step of time.
type DeliveryFlow struct {
	Step              int // from 0
	Delivered, Failed int // attempts
	// Median and Slow are how long callbacks that first arrived in this step took since their requests were accepted:
	// half of them no longer than Median, 95 of 100 no longer than Slow.
	Median, Slow time.Duration
}

// BulkHour is an hour in the life of a queue.
type BulkHour struct {
	From                        time.Time
	Accepted, Succeeded, Failed int
	Waiting                     int // at its end, or now
	DeliveryFlow
}

// The course of a queue is shown for its last hours. Requests are looked at from some hours earlier on, for what they
// leave waiting.
const (
	bulkHours    = 24
	earlierHours = 24
)

// hoursOf puts what flowed since earlierHours before first together, hour by hour from first on.
func hoursOf(first time.Time, flows []BulkFlow, deliveries []DeliveryFlow) []BulkHour {
	hours := make([]BulkHour, bulkHours)
	for i := range hours {
		hours[i].From = first.Add(time.Duration(i) * time.Hour)
	}
	for _, f := range flows {
		accepted, applied := f.Accepted-earlierHours, f.Applied-earlierHours
		if accepted >= 0 && accepted < bulkHours {
			hours[accepted].Accepted += f.Requests
		}
		if f.Applied < 0 {
			applied = bulkHours // it waits through all of them
		}
		if applied >= 0 && applied < bulkHours {
			if f.State == BulkFailed {
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
