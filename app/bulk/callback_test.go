package bulk

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"noren"
)

func TestAttemptDelivered(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{0: false, 199: false, 200: true, 202: true, 204: true, 299: true, 300: false, 302: false, 404: false, 500: false} {
		if got := (noren.Attempt{Status: status}).Delivered(); got != want {
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
		attempt  noren.Attempt
		jitter   float64
		state    noren.DeliveryState
		wait     time.Duration // from the end of the attempt to the next; 0: there is none
		attempts int
	}{
		{"delivered at once", 0, noren.Attempt{Number: 1, At: owed, Status: 204}, 0.5, noren.CallbackDelivered, 0, 1},
		{"delivered after a day", 30, noren.Attempt{Number: 31, At: owed.Add(25 * time.Hour), Status: 200}, 0.5, noren.CallbackDelivered, 0, 31},
		{"the first retry is after a second", 0, noren.Attempt{Number: 1, At: owed, Status: 500}, 0.5, noren.CallbackPending, time.Second, 1},
		{"no sooner than 0.8 of it", 0, noren.Attempt{Number: 1, At: owed}, 0, noren.CallbackPending, 800 * time.Millisecond, 1},
		{"counted from the attempt's end", 0, noren.Attempt{Number: 1, At: owed, Duration: time.Minute}, 0.5, noren.CallbackPending, time.Second, 1},
		{"the second doubles", 1, noren.Attempt{Number: 2, At: owed, Status: 302}, 0.5, noren.CallbackPending, 2 * time.Second, 2},
		{"the fifth is sixteen times the first", 4, noren.Attempt{Number: 5, At: owed, Status: 404}, 0.5, noren.CallbackPending, 16 * time.Second, 5},
		{"never over an hour", 12, noren.Attempt{Number: 13, At: owed, Status: 503}, 0.5, noren.CallbackPending, time.Hour, 13},
		{"the last wait", 34, noren.Attempt{Number: 35, At: owed.Add(23 * time.Hour)}, 0.5, noren.CallbackPending, time.Hour, 35},
		{"given up after attempts for a day", 35, noren.Attempt{Number: 36, At: owed.Add(24 * time.Hour)}, 0.5, noren.CallbackGivenUp, 0, 36},
		{"the clock was set forward by a week", 2, noren.Attempt{Number: 3, At: owed.Add(7 * 24 * time.Hour)}, 0.5, noren.CallbackPending, 4 * time.Second, 3},
		{"the clock was set back by a week", 35, noren.Attempt{Number: 36, At: owed.Add(-7 * 24 * time.Hour)}, 0.5, noren.CallbackGivenUp, 0, 36},
		{"gone: at once", 0, noren.Attempt{Number: 1, At: owed, Status: 410}, 0.5, noren.CallbackGivenUp, 0, 1},
		{"as long as the receiver asks", 0, noren.Attempt{Number: 1, At: owed, Status: 429, RetryAfter: time.Minute}, 0.5, noren.CallbackPending, time.Minute, 1},
		{"no sooner than without asking", 4, noren.Attempt{Number: 5, At: owed, Status: 503, RetryAfter: time.Second}, 0.5, noren.CallbackPending, 16 * time.Second, 5},
		{"asked for more than an hour", 0, noren.Attempt{Number: 1, At: owed.Add(time.Hour), Status: 429, RetryAfter: 48 * time.Hour}, 0.5, noren.CallbackPending, time.Hour, 1},
		{"sent again: the waits start over", 0, noren.Attempt{Number: 32, At: owed, Status: 500}, 0.5, noren.CallbackPending, time.Second, 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := noren.Callback{State: noren.CallbackPending, Attempts: c.attempts - 1, Tries: c.tries, OwedAt: owed, NextAt: owed}
			after := afterAttempt(before, c.attempt, c.jitter)
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
		c := noren.Callback{State: noren.CallbackPending, OwedAt: owed, NextAt: owed}
		nominal := time.Second
		for c.State == noren.CallbackPending {
			if c.Attempts > 100 {
				t.Fatalf("still pending after %d attempts and %v", c.Attempts, c.NextAt.Sub(owed))
			}
			a := noren.Attempt{
				Number: c.Attempts + 1, At: c.NextAt,
				Duration: time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "duration")),
			}
			c = afterAttempt(c, a, rapid.Float64Range(0, 0.999999).Draw(t, "jitter"))
			wait := c.NextAt.Sub(a.At.Add(a.Duration))
			if c.State == noren.CallbackPending && (wait < nominal*8/10 || wait > nominal*12/10) {
				t.Fatalf("the wait after attempt %d is %v, want about %v", a.Number, wait, nominal)
			}
			nominal = min(2*nominal, time.Hour)
		}
		if c.State != noren.CallbackGivenUp || c.NextAt.Sub(owed) > 26*time.Hour {
			t.Errorf("ended %s, the last attempt %v after it was owed", c.State, c.NextAt.Sub(owed))
		}
	})
}
