package noren

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAttemptDelivered(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{0: false, 199: false, 200: true, 202: true, 204: true, 299: true, 300: false, 302: false, 404: false, 500: false} {
		if got := (Attempt{Status: status}).Delivered(); got != want {
			t.Errorf("status %d: delivered %t, want %t", status, got, want)
		}
	}
}

func TestCallbackAfter(t *testing.T) {
	t.Parallel()
	owed := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name     string
		tries    int // before
		attempt  Attempt
		jitter   float64
		state    DeliveryState
		wait     time.Duration // from the end of the attempt to the next; 0: there is none
		attempts int
	}{
		{"delivered at once", 0, Attempt{Number: 1, At: owed, Status: 204}, 0.5, CallbackDelivered, 0, 1},
		{"delivered after a day", 30, Attempt{Number: 31, At: owed.Add(25 * time.Hour), Status: 200}, 0.5, CallbackDelivered, 0, 31},
		{"the first retry is after a second", 0, Attempt{Number: 1, At: owed, Status: 500}, 0.5, CallbackPending, time.Second, 1},
		{"no sooner than 0.8 of it", 0, Attempt{Number: 1, At: owed}, 0, CallbackPending, 800 * time.Millisecond, 1},
		{"counted from the attempt's end", 0, Attempt{Number: 1, At: owed, Duration: time.Minute}, 0.5, CallbackPending, time.Second, 1},
		{"the second doubles", 1, Attempt{Number: 2, At: owed, Status: 302}, 0.5, CallbackPending, 2 * time.Second, 2},
		{"the fifth is sixteen times the first", 4, Attempt{Number: 5, At: owed, Status: 404}, 0.5, CallbackPending, 16 * time.Second, 5},
		{"never over an hour", 12, Attempt{Number: 13, At: owed, Status: 503}, 0.5, CallbackPending, time.Hour, 13},
		{"however often", 1000, Attempt{Number: 1001, At: owed, Status: 503}, 0.5, CallbackPending, time.Hour, 1001},
		{"just before a day", 30, Attempt{Number: 31, At: owed.Add(24*time.Hour - 2), Duration: 1}, 0.5, CallbackPending, time.Hour, 31},
		{"given up after a day", 30, Attempt{Number: 31, At: owed.Add(24*time.Hour - 1), Duration: 1}, 0.5, CallbackGivenUp, 0, 31},
		{"sent again: the waits begin anew", 0, Attempt{Number: 32, At: owed, Status: 500}, 0.5, CallbackPending, time.Second, 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := Callback{State: CallbackPending, Attempts: c.attempts - 1, Tries: c.tries, OwedAt: owed, NextAt: owed}
			after := before.after(c.attempt, c.jitter)
			if after.State != c.state || after.Attempts != c.attempts || after.Tries != c.tries+1 {
				t.Errorf("state %s after %d attempts, %d tries; want %s after %d, %d",
					after.State, after.Attempts, after.Tries, c.state, c.attempts, c.tries+1)
			}
			end := c.attempt.At.Add(c.attempt.Duration)
			if got := after.NextAt.Sub(end).Round(time.Microsecond); c.wait != 0 && got != c.wait {
				t.Errorf("the next attempt is %v after the end of this one, want %v", got, c.wait)
			}
			if before.Tries != c.tries || !after.OwedAt.Equal(owed) {
				t.Error("after changed what it was given, or since when the callback is owed")
			}
		})
	}
}

// TestCallbackWaits checks for any jitter that waits stay within a fifth of their nominal length and never shrink
// on average, and that a callback that is never taken is given up after a day and a bounded number of attempts.
func TestCallbackWaits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		owed := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
		c := Callback{State: CallbackPending, OwedAt: owed, NextAt: owed}
		nominal := time.Second
		for c.State == CallbackPending {
			if c.Attempts > 100 {
				t.Fatalf("still pending after %d attempts and %v", c.Attempts, c.NextAt.Sub(owed))
			}
			a := Attempt{
				Number: c.Attempts + 1, At: c.NextAt,
				Duration: time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "duration")),
			}
			c = c.after(a, rapid.Float64Range(0, 0.999999).Draw(t, "jitter"))
			wait := c.NextAt.Sub(a.At.Add(a.Duration))
			if c.State == CallbackPending && (wait < nominal*8/10 || wait > nominal*12/10) {
				t.Fatalf("the wait after attempt %d is %v, want about %v", a.Number, wait, nominal)
			}
			nominal = min(2*nominal, time.Hour)
		}
		if c.State != CallbackGivenUp || c.NextAt.Sub(owed) > 26*time.Hour {
			t.Errorf("ended %s, the last attempt %v after it was owed", c.State, c.NextAt.Sub(owed))
		}
	})
}
