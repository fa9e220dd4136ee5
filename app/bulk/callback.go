package bulk

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"noren"
	"noren/app/audit"
)

// How long a callback is tried: the first retry comes after about a second, each further wait doubles up to an hour,
// and after attempts for about a day the callback is given up. The attempts are counted rather than the hours since it
// was owed, which a clock that is set, or a server that was off, would shorten. A receiver may ask for a longer wait by
// Retry-After, up to an hour, and end it by 410 Gone.
const (
	firstRetry   = time.Second
	longestRetry = time.Hour
	mostTries    = 36 // twelve waits of 4,095 s together, and 23 of an hour
)

// What has waited for giveUpAfter is given up with fewer tries of its own if its host has not responded to mostTries in a row: with
// very many for one host that is gone, it would take months to try each so often. Up to maxGivenUp are given up with an attempt.
const (
	giveUpAfter = 24 * time.Hour
	maxGivenUp  = 1000
)

// The share of a wait that it lasts at least, and by how much more it may last: a part of it spreads the retries of many
// callbacks, and the first stays close to a second.
const (
	leastWait  = 0.8
	jitterWait = 0.4
)

// How far in the future the next attempt and the end of a lease may be without being wrong: the longest that a worker sets,
// and what the clocks of two servers may differ by.
const (
	clockSkew   = 10 * time.Second
	strayRetry  = time.Duration((leastWait+jitterWait)*float64(longestRetry)) + clockSkew
	strayLeases = noren.CallbackLease + clockSkew
)

// MaxAnswerBytes is how much of a receiver's response is kept with the attempt.
const MaxAnswerBytes = 512

// afterAttempt returns the callback as it stands after attempt a: delivered, pending with its next time, or given up. jitter,
// in [0,1), spreads the retries of many callbacks.
func afterAttempt(c noren.Callback, a noren.Attempt, jitter float64) noren.Callback {
	c.Attempts = a.Number
	c.Tries++
	end := a.At.Add(a.Duration)
	switch {
	case a.Delivered():
		c.State = noren.CallbackDelivered
	case a.Gone(), c.Tries >= mostTries, a.InARow >= mostTries && end.Sub(c.OwedAt) >= giveUpAfter:
		c.State = noren.CallbackGivenUp
	default:
		wait := firstRetry << min(c.Tries-1, 12) // bounded, because a large shift overflows
		wait = min(wait, longestRetry)
		wait = time.Duration(float64(wait) * (leastWait + jitterWait*jitter))
		// The longer of the two: a receiver may ask for more time, and not for none.
		c.NextAt = end.Add(max(wait, min(a.RetryAfter, longestRetry)))
	}
	return c
}

func jitter() float64 { return rand.Float64() }

// TenantsDue lists the tenants that have callbacks due.
func (s *Service) TenantsDue(ctx context.Context) ([]noren.TenantID, error) {
	return s.directory.TenantsWithCallbacks(ctx, s.run.Now())
}

// CallbackHosts returns the next limit hosts after the given one that the tenant has pending callbacks for.
func (s *Service) CallbackHosts(ctx context.Context, tenant noren.TenantID, after string, limit int) ([]noren.CallbackHost, error) {
	return s.directory.CallbackHosts(ctx, tenant, s.run.Now(), after, limit)
}

// ClaimCallbacks leases due callbacks of the tenant to this process, as the shares say. A callback whose attempt is not
// recorded within CallbackLease is claimed again, by any process: delivery is at least once.
func (s *Service) ClaimCallbacks(ctx context.Context, tenant noren.TenantID, shares []noren.HostShare) ([]noren.Callback, error) {
	now := s.run.Now()
	return s.directory.ClaimCallbacks(ctx, tenant, now, now.Add(noren.CallbackLease), shares)
}

// HastenCallbacks makes callbacks due that a wrong clock would keep waiting, and returns how many. Without a step that is
// those whose wait is longer than any that a worker sets; after the clock was set back it is all, because nobody knows how
// long theirs still were.
func (s *Service) HastenCallbacks(ctx context.Context, setBack bool) (int, error) {
	now := s.run.Now()
	retries := now.Add(strayRetry)
	if setBack {
		retries = now
	}
	n, err := s.directory.HastenCallbacks(ctx, now, retries, now.Add(strayLeases))
	if n > 0 {
		s.callbackReady.Give()
	}
	return n, err
}

// RecordAttempt stores the result of one delivery, decides what follows, and returns the callback after it. Results that come at
// the same time share a commit.
func (s *Service) RecordAttempt(ctx context.Context, c noren.Callback, a noren.Attempt) (noren.Callback, error) {
	a.Number = c.Attempts + 1
	if len(a.Answer) > MaxAnswerBytes {
		a.Answer = a.Answer[:MaxAnswerBytes]
	}
	// Computed once: if the transaction runs again, it stores the same next time.
	r := &recording{Delivery: noren.Delivery{Callback: afterAttempt(c, a, jitter()), Attempt: a}, done: make(chan struct{})}
	s.recordings.add(c.TenantID, r, s.recordGroup)
	select {
	case <-r.done:
		return r.Callback, r.err
	case <-ctx.Done():
		return r.Callback, &noren.Error{Kind: noren.Unavailable, Message: "the caller left before the delivery was recorded", Err: ctx.Err()}
	}
}

// recording is the result of one delivery on its way into a group.
type recording struct {
	noren.Delivery
	err  error
	done chan struct{}
}

// recordGroup stores the results of the group with one commit. Where that fails, each is stored by itself: one that cannot be stored
// must not take its neighbours along.
func (s *Service) recordGroup(tenant noren.TenantID, group []*recording) {
	ctx, cancel := context.WithTimeout(context.Background(), groupPatience)
	defer cancel()
	err := s.tryRecording(ctx, tenant, group)
	for _, r := range group {
		if r.err = err; err != nil && len(group) > 1 && noren.KindOf(err) != noren.Unavailable {
			r.err = s.tryRecording(ctx, tenant, []*recording{r})
		}
		close(r.done)
	}
}

func (s *Service) tryRecording(ctx context.Context, tenant noren.TenantID, group []*recording) (err error) {
	defer func() { err = caught(recover(), err, "recording deliveries", tenant) }()
	var hosts []string // that have not responded several times in a row
	for _, r := range group {
		if r.Attempt.InARow >= mostTries && !slices.Contains(hosts, r.Callback.Host) {
			hosts = append(hosts, r.Callback.Host)
		}
	}
	slices.Sort(hosts)
	return s.run.Update(ctx, tenant, func(tx Tx) error {
		deliveries := make([]noren.Delivery, len(group))
		for i, r := range group {
			deliveries[i] = r.Delivery
		}
		err := tx.RecordAttempts(ctx, deliveries)
		now := s.run.Now()
		// In the same transaction, so that giving up goes on with each attempt, and needs no run of its own.
		for i := 0; i < len(hosts) && err == nil; i++ {
			_, err = tx.GiveUpCallbacks(ctx, hosts[i], now, now.Add(-giveUpAfter), maxGivenUp)
		}
		return err
	})
}

// Callbacks lists callbacks of the tenant, newest first.
func (s *Service) Callbacks(ctx context.Context, t noren.Tenant, f noren.CallbackFilter) (list []noren.Callback, err error) {
	err = s.run.View(ctx, t.ID, func(tx Tx) error {
		list, err = tx.Callbacks(ctx, f)
		return err
	})
	return list, err
}

// Resend makes the callbacks that match due again at once, whatever their state, and returns how many.
func (s *Service) Resend(ctx context.Context, t noren.Tenant, f noren.CallbackFilter) (n int, err error) {
	err = s.run.Update(ctx, t.ID, func(tx Tx) error {
		now := s.run.Now()
		if n, err = tx.ResendCallbacks(ctx, f, now); err != nil || n == 0 {
			return err
		}
		return tx.AddAudit(ctx, []noren.AuditEntry{{
			At: now, Dialect: noren.Operator, Subject: "callbacks", SubjectID: strconv.FormatInt(f.RequestID, 10),
			Changes: audit.Change("sent again", nil, n),
		}})
	})
	if n > 0 {
		s.callbackReady.Give()
	}
	return n, err
}
