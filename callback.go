package noren

import (
	"math/rand/v2"
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

// How long a callback is tried: the first retry comes after about a second, each wait is twice the last up to
// an hour, and after a day it is given up.
const (
	firstRetry   = time.Second
	longestRetry = time.Hour
	giveUpAfter  = 24 * time.Hour
)

// CallbackLease is how long a claimed callback belongs to who claimed it: twice the longest delivery, and how long
// a killed process delays one.
const CallbackLease = 20 * time.Second

// MaxAnswerBytes is how much of a receiver's answer is kept with the attempt.
const MaxAnswerBytes = 512

// Callback is the result POST owed to a bulk request's callback URL. There is one for each finished request,
// so its number is the request's.
type Callback struct {
	TenantID  TenantID
	RequestID int64 // the bulk request's id
	ClientID  int64
	URL       string
	Host      string // host and port of URL: deliveries are limited per host
	Body      []byte // the exact bytes to send
	State     DeliveryState
	Attempts  int       // made since it was first owed
	Tries     int       // made since OwedAt
	OwedAt    time.Time // when it became owed, or was asked to be sent again
	NextAt    time.Time // when the next attempt is due
	Secret    string    // the client's signing secret; filled in when claimed
}

// Attempt is one delivery of a callback.
type Attempt struct {
	Number   int       // from 1
	At       time.Time // when it began
	Duration time.Duration
	Status   int    // of the answer; 0: there was none
	Error    string // why there was none
	Answer   []byte // the first bytes of the answer
}

// Delivered reports whether the receiver took the callback: any 2xx.
func (a Attempt) Delivered() bool { return a.Status >= 200 && a.Status < 300 }

// after answers the callback as it stands after the attempt a: delivered, to be tried again, or given up.
// jitter, in [0,1), spreads the retries of many callbacks.
func (c Callback) after(a Attempt, jitter float64) Callback {
	c.Attempts = a.Number
	c.Tries++
	end := a.At.Add(a.Duration)
	switch {
	case a.Delivered():
		c.State = CallbackDelivered
	case end.Sub(c.OwedAt) >= giveUpAfter:
		c.State = CallbackGivenUp
	default:
		wait := firstRetry << min(c.Tries-1, 12)
		wait = min(wait, longestRetry)
		// From 0.8 to 1.2 of the wait: the first retry stays close to a second.
		c.NextAt = end.Add(time.Duration(float64(wait) * (0.8 + 0.4*jitter)))
	}
	return c
}

func jitter() float64 { return rand.Float64() }
