package noren

import (
	"context"
	"time"
)

// DeliveryState is where a callback stands: pending → delivered | given up. Sending again makes it pending.
type DeliveryState string

// The states of a callback.
const (
	CallbackPending   DeliveryState = "pending"
	CallbackDelivered DeliveryState = "delivered"
	CallbackGivenUp   DeliveryState = "given_up"
)

// CallbackLease is how long a claimed callback belongs to the process that claimed it: twice the longest delivery. It
// is also how long a killed process delays a delivery.
const CallbackLease = 20 * time.Second

// Callback is the result of a bulk request, to be posted to its callback URL. There is one for each finished request,
// so its number is the request's.
type Callback struct {
	TenantID  TenantID
	RequestID int64 // the bulk request's id
	ClientID  int64
	URL       string
	Host      string // host and port of URL: deliveries are limited per host, and per address that it leads to
	Body      []byte // the exact bytes to send
	State     DeliveryState
	Attempts  int       // over all rounds of sending
	Tries     int       // since OwedAt
	OwedAt    time.Time // when it became pending, first or by being sent again
	NextAt    time.Time // when the next attempt is due
	Secret    string    // the client's signing secret; filled in when claimed
	// PreviousSecret is the one before, as long as it is valid beside Secret; "" if there is none.
	PreviousSecret string
}

// Attempt is one delivery of a callback.
type Attempt struct {
	Number   int       // from 1
	At       time.Time // when it began
	Duration time.Duration
	Status   int    // of the response; 0: there was none
	Error    string // why there was no response
	Address  string // that was dialled last; "": none, or unknown. It is not stored
	Answer   []byte // the first bytes of the response, if it came from a public address
	// RetryAfter is how long the receiver asked to wait; 0: it did not. It decides when the next attempt is due, and is not
	// stored.
	RetryAfter time.Duration
	// InARow is how many attempts in a row the receiver has not responded to, this one included, as far as this process knows; 0:
	// it has responded. It is not stored.
	InARow int
}

// CallbackHost is a host that a tenant has pending callbacks for.
type CallbackHost struct {
	Host string
	Due  *time.Time // when the longest due of those that can be claimed became due; nil: there is none
}

// HostShare is how many callbacks to one host a claim may take.
type HostShare struct {
	Host string
	Most int
}

// Gone reports whether the receiver wants no further attempt: 410 Gone.
func (a Attempt) Gone() bool { return a.Status == statusGone }

const statusGone = 410

// Delivered reports whether the receiver took the callback: any 2xx.
func (a Attempt) Delivered() bool { return a.Status >= 200 && a.Status < 300 }

// Delivery is an attempt to deliver a callback, which is as it is after it.
type Delivery struct {
	Callback Callback
	Attempt  Attempt
}

// CallbackTx reads and writes callbacks and the attempts to deliver them.
type CallbackTx interface {
	// Callbacks returns one page, newest first.
	Callbacks(ctx context.Context, f CallbackFilter) ([]Callback, error)
	// RecordAttempts stores each attempt and its callback's new state, and ends its lease. An attempt whose number is
	// already recorded changes nothing. A callback comes once at most.
	RecordAttempts(ctx context.Context, deliveries []Delivery) error
	// GiveUpCallbacks gives up pending callbacks to the host, and returns how many: at most limit of those that became
	// pending no later than owed, are due and claimed by nobody.
	GiveUpCallbacks(ctx context.Context, host string, now, owed time.Time, limit int) (int, error)
	// ResendCallbacks makes those that match pending again, due at now, and returns how many.
	ResendCallbacks(ctx context.Context, f CallbackFilter, now time.Time) (int, error)
	// DeliveryFlows counts the deliveries since from, by steps of time. Steps without any are left out.
	DeliveryFlows(ctx context.Context, from time.Time, step time.Duration) ([]DeliveryFlow, error)
}

// CallbackFilter selects callbacks of one tenant.
type CallbackFilter struct {
	RequestID  int64         // 0: any
	RequestIDs []int64       // nil: any; empty: none
	State      DeliveryState // "": any
	Page
}

// DeliveryFlow counts the deliveries in one step of time.
type DeliveryFlow struct {
	Step              int // from 0
	Delivered, Failed int // attempts
	// Median and Slow are the time from acceptance to delivery of the callbacks that were delivered in this step: half
	// took at most Median, 95 of 100 at most Slow.
	Median, Slow time.Duration
}
