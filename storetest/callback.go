package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"noren"
)

func callbackChecks() []check {
	return []check{
		{"listed newest first, by state, in pages", callbackList},
		{"attempts are kept in their order", callbackAttempts},
		{"sending again makes it due", callbackResend},
	}
}

func claimChecks() []check {
	return []check{
		{"what is due, oldest first, of all tenants", claimOrder},
		{"a claim is a lease", claimLease},
		{"hosts that are busy are left out", claimBusy},
		{"concurrent claimers never get the same", claimConcurrent},
		{"an attempt ends the lease", claimAfterAttempt},
		{"sent again, it is claimed again", claimResent},
		{"those of a host that have waited as long are given up", claimGivenUp},
		{"hastened, it is claimed at once", claimHastened},
	}
}

const host = "example.com:8443"

// owe accepts and finishes n requests whose callbacks are due a minute apart, the first at Now.
func (b *bundle) owe(t *testing.T, n int) []noren.Callback {
	t.Helper()
	requests := b.acceptN(t, n)
	callbacks := make([]noren.Callback, n)
	for i := range requests {
		requests[i] = finished(requests[i], i)
		callbacks[i] = b.owed(requests[i], host, i)
	}
	b.update(t, func(tx noren.Tx) error { return tx.FinishBulk(b.ctx, requests, callbacks) })
	return callbacks
}

// attempt is one delivery and the callback as it stands afterwards.
func attempt(c noren.Callback, state noren.DeliveryState, next time.Time) (noren.Callback, noren.Attempt) {
	c.Attempts, c.Tries = c.Attempts+1, c.Tries+1
	c.State, c.NextAt = state, next
	a := noren.Attempt{
		Number: c.Attempts, At: c.OwedAt.Add(time.Duration(c.Attempts) * time.Second), Duration: 1500 * time.Microsecond,
		Status: 503, Answer: []byte{0xff, 0x00, '{', '"'}, // receivers send anything
	}
	if state == noren.CallbackDelivered {
		a.Status, a.Answer = 204, nil
	}
	return c, a
}

// record stores an attempt and returns the callback after it.
func (b *bundle) record(t *testing.T, c noren.Callback, state noren.DeliveryState, next time.Time) noren.Callback {
	t.Helper()
	after, a := attempt(c, state, next)
	b.update(t, func(tx noren.Tx) error {
		return tx.RecordAttempts(b.ctx, []noren.Delivery{{Callback: after, Attempt: a}})
	})
	return after
}

func (b *bundle) callbacks(t *testing.T, f noren.CallbackFilter) (list []noren.Callback) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, err = tx.Callbacks(b.ctx, f)
		return err
	})
	return list
}

func requestIDs(list []noren.Callback) []int64 {
	return idsOf(list, func(c noren.Callback) int64 { return c.RequestID })
}

func callbackList(t *testing.T, b *bundle) {
	owed := b.owe(t, 5)
	delivered := b.record(t, owed[1], noren.CallbackDelivered, owed[1].NextAt)
	givenUp := b.record(t, owed[3], noren.CallbackGivenUp, owed[3].NextAt)
	for _, c := range []struct {
		name   string
		filter noren.CallbackFilter
		want   []noren.Callback
	}{
		{"all", noren.CallbackFilter{}, []noren.Callback{owed[4], givenUp, owed[2], delivered, owed[0]}},
		{"one request", noren.CallbackFilter{RequestID: 2}, []noren.Callback{delivered}},
		{"pending", noren.CallbackFilter{State: noren.CallbackPending}, []noren.Callback{owed[4], owed[2], owed[0]}},
		{"given up", noren.CallbackFilter{State: noren.CallbackGivenUp}, []noren.Callback{givenUp}},
		{"request and state", noren.CallbackFilter{RequestID: 2, State: noren.CallbackPending}, nil},
		{"page", noren.CallbackFilter{Page: noren.Page{Limit: 2, Offset: 1}}, []noren.Callback{givenUp, owed[2]}},
	} {
		same(t, "callbacks, "+c.name, c.want, b.callbacks(t, c.filter))
	}
}

func callbackAttempts(t *testing.T, b *bundle) {
	c := b.owe(t, 1)[0]
	var want []noren.Attempt
	for i := range 12 { // past 9: numbers are not text
		after, a := attempt(c, noren.CallbackPending, at(i+1))
		if i == 5 {
			a.Status, a.Error, a.Answer = 0, "dial tcp: 接続できません", nil
		}
		b.update(t, func(tx noren.Tx) error {
			return tx.RecordAttempts(b.ctx, []noren.Delivery{{Callback: after, Attempt: a}})
		})
		want, c = append(want, a), after
	}
	b.view(t, func(tx noren.Tx) error {
		_, callback, attempts, err := tx.BulkByID(b.ctx, 1)
		same(t, "the callback", &c, callback)
		same(t, "the attempts", want, attempts)
		return err
	})
}

// callbackResend checks that sending again begins a new day of tries and keeps the attempts that were made.
func callbackResend(t *testing.T, b *bundle) {
	resend := func(f noren.CallbackFilter, minutes, want int) {
		t.Helper()
		b.update(t, func(tx noren.Tx) error {
			n, err := tx.ResendCallbacks(b.ctx, f, at(minutes))
			same(t, "the number sent again", want, n)
			return err
		})
	}
	owed := b.owe(t, 3)
	delivered := b.record(t, owed[0], noren.CallbackDelivered, at(1))
	givenUp := b.record(t, owed[1], noren.CallbackGivenUp, at(2))

	resend(noren.CallbackFilter{State: noren.CallbackGivenUp}, 30, 1)
	givenUp.State, givenUp.OwedAt, givenUp.NextAt, givenUp.Tries = noren.CallbackPending, at(30), at(30), 0
	same(t, "callbacks after the first", []noren.Callback{owed[2], givenUp, delivered}, b.callbacks(t, noren.CallbackFilter{}))

	resend(noren.CallbackFilter{RequestID: 1}, 31, 1)
	delivered.State, delivered.OwedAt, delivered.NextAt, delivered.Tries = noren.CallbackPending, at(31), at(31), 0
	same(t, "callbacks after the second", []noren.Callback{owed[2], givenUp, delivered}, b.callbacks(t, noren.CallbackFilter{}))

	resend(noren.CallbackFilter{RequestID: 99}, 32, 0)
	resend(noren.CallbackFilter{State: noren.CallbackDelivered}, 32, 0)
	resend(noren.CallbackFilter{}, 32, 3)
	b.view(t, func(tx noren.Tx) error {
		_, _, attempts, err := tx.BulkByID(b.ctx, 1)
		same(t, "the number of attempts, which stay", 1, len(attempts))
		return err
	})
}

// claim takes up to limit callbacks for each host at a time, for a minute, except for the hosts in busy.
func (b *bundle) claim(t *testing.T, minutes int, busy []string, limit int) []noren.Callback {
	t.Helper()
	return b.claimUntil(t, at(minutes), at(minutes+1), busy, limit)
}

// claimUntil claims of every tenant that has something due.
func (b *bundle) claimUntil(t *testing.T, now, until time.Time, busy []string, limit int) []noren.Callback {
	t.Helper()
	claimed := []noren.Callback{}
	tenants, err := b.TenantsWithCallbacks(b.ctx, now)
	if err != nil {
		t.Fatalf("TenantsWithCallbacks: %v", err)
	}
	for _, tenant := range tenants {
		hosts, err := b.CallbackHosts(b.ctx, tenant, now, "", 100)
		if err != nil {
			t.Fatalf("CallbackHosts: %v", err)
		}
		// As the worker does: what is busy is left out by whoever claims.
		var shares []noren.HostShare
		for _, h := range hosts {
			if h.Due != nil && !slices.Contains(busy, h.Host) {
				shares = append(shares, noren.HostShare{Host: h.Host, Most: limit})
			}
		}
		list, err := b.ClaimCallbacks(b.ctx, tenant, now, until, shares)
		if err != nil {
			t.Fatalf("ClaimCallbacks: %v", err)
		}
		claimed = append(claimed, list...)
	}
	return claimed
}

// claimAll claims what is due at a time, which must be n callbacks.
func (b *bundle) claimAll(t *testing.T, minutes, n int) []noren.Callback {
	t.Helper()
	// One more than there should be, so that too many are noticed as well.
	list := b.claim(t, minutes, nil, n+1)
	if len(list) != n {
		t.Fatalf("claimed %d callbacks, want %d", len(list), n)
	}
	return list
}

// claimFresh claims with a lease so long that nothing is claimed again within the test.
func (b *bundle) claimFresh(t *testing.T, minutes, limit int) []noren.Callback {
	t.Helper()
	return b.claimUntil(t, at(minutes), at(1000), nil, limit)
}

// claimOrder checks order, time and limit over two tenants, and that each callback brings the secret of its own client.
func claimOrder(t *testing.T, b *bundle) {
	other := b.other(t)
	owed := b.owe(t, 3) // due at 0, 1, 2
	otherOwed := other.owe(t, 2)
	otherOwed[1] = other.record(t, otherOwed[1], noren.CallbackPending, at(1).Add(30*time.Second))
	for i := range owed {
		owed[i].Secret = b.client(1).WebhookSecret
	}
	for i := range otherOwed {
		otherOwed[i].Secret = other.client(1).WebhookSecret
	}
	same(t, "before any is due", []noren.Callback{}, b.claim(t, -1, nil, 10))
	same(t, "due at once", []noren.Callback{owed[0], otherOwed[0]}, b.claimFresh(t, 0, 10))
	same(t, "the oldest of each", []noren.Callback{owed[1], otherOwed[1]}, b.claimFresh(t, 2, 1))
	same(t, "the last", []noren.Callback{owed[2]}, b.claimFresh(t, 2, 10))
}

// claimLease lets a claimer die: what it held is claimed again when its lease has ended, and not before.
func claimLease(t *testing.T, b *bundle) {
	b.owe(t, 1)
	same(t, "claimed", []int64{1}, requestIDs(b.claim(t, 10, nil, 10)))
	same(t, "leased", []int64{}, requestIDs(b.claim(t, 10, nil, 10)))
	same(t, "after the lease", []int64{1}, requestIDs(b.claim(t, 12, nil, 10)))
	// The second lease counts from its own time.
	same(t, "leased again", []int64{}, requestIDs(b.claim(t, 12, nil, 10)))
	same(t, "still pending", []int64{1}, requestIDs(b.callbacks(t, noren.CallbackFilter{State: noren.CallbackPending})))
}

// claimHastened lets a clock be wrong: what waits for an instant far away is due at once, leases that end there are over,
// and whatever waits as it should goes on waiting.
func claimHastened(t *testing.T, b *bundle) {
	owed := b.owe(t, 4) // due at 0, 1, 2, 3
	b.record(t, owed[0], noren.CallbackPending, at(360))
	b.record(t, owed[1], noren.CallbackPending, at(20))
	// Delivered, so its time means nothing, and it must not be hastened.
	b.record(t, owed[3], noren.CallbackDelivered, at(360))
	same(t, "claimed for long", []int64{3}, requestIDs(b.claimUntil(t, at(10), at(360), nil, 10)))
	hasten := func(want int) {
		t.Helper()
		n, err := b.HastenCallbacks(b.ctx, at(10), at(100), at(50))
		if err != nil || n != want {
			t.Fatalf("hastened %d, %v, want %d", n, err, want)
		}
	}
	hasten(2)
	hasten(0)
	same(t, "due at once, and no longer leased", []int64{3, 1}, requestIDs(b.claimFresh(t, 10, 10)))
	same(t, "the one that waits as it should", []int64{2}, requestIDs(b.claimFresh(t, 20, 10)))
}

// claimBusy checks that the callbacks of one slow receiver do not use up the limit and so starve the others.
func claimBusy(t *testing.T, b *bundle) {
	requests := b.acceptN(t, 4)
	for i, r := range requests {
		b.finish(t, finished(r, 0), b.owed(r, []string{"slow.example", "a.example:80", "slow.example", "b.example"}[i], i))
	}
	same(t, "of one host", []int64{2}, requestIDs(b.claim(t, 10, []string{"slow.example", "b.example"}, 1)))
	same(t, "not of two hosts", []int64{}, requestIDs(b.claim(t, 10, []string{"slow.example", "b.example"}, 10)))
	hosts := func(after string, limit int) (names []string) {
		t.Helper()
		list, err := b.CallbackHosts(b.ctx, b.tenant.ID, at(10), after, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range list {
			name := h.Host + " from never"
			if h.Due != nil {
				name = fmt.Sprint(h.Host, " from ", h.Due.Sub(at(0)).Minutes())
			}
			names = append(names, name)
		}
		return names
	}
	same(t, "the hosts", []string{"a.example:80 from never", "b.example from 3", "slow.example from 0"}, hosts("", 10))
	same(t, "the first two", []string{"a.example:80 from never", "b.example from 3"}, hosts("", 2))
	same(t, "the others", []string{"slow.example from 0"}, hosts("b.example", 2))
	same(t, "of each host one", []int64{1, 4}, requestIDs(b.claim(t, 10, []string{}, 1)))
	same(t, "of any host", []int64{3}, requestIDs(b.claim(t, 10, []string{}, 10)))
}

// claimConcurrent is several processes that deliver side by side.
func claimConcurrent(t *testing.T, b *bundle) {
	const n, claimers = 120, 8
	b.owe(t, n)
	var mu sync.Mutex
	claimed := make(map[int64]int)
	inParallel(claimers, func(int) {
		for {
			list, err := b.ClaimCallbacks(b.ctx, b.tenant.ID, at(n), at(n+1), []noren.HostShare{{Host: host, Most: 7}})
			if err != nil {
				t.Errorf("ClaimCallbacks: %v", err)
				return
			}
			if len(list) == 0 {
				return
			}
			mu.Lock()
			for _, c := range list {
				claimed[c.RequestID]++
			}
			mu.Unlock()
		}
	})
	for id, times := range claimed {
		if times > 1 {
			t.Errorf("callback %d was claimed %d times", id, times)
		}
	}
	// A claimer that finds the rest locked by others may return none; what it left is still there.
	for _, c := range b.claim(t, n, nil, n) {
		claimed[c.RequestID]++
	}
	same(t, "the number of callbacks claimed", n, len(claimed))
}

// claimAfterAttempt checks that a retry is due when the record says so, not when the lease would have ended.
func claimAfterAttempt(t *testing.T, b *bundle) {
	b.owe(t, 3)
	claimed := b.claimAll(t, 10, 3)
	after := b.record(t, claimed[0], noren.CallbackPending, at(10).Add(time.Second))
	b.record(t, claimed[1], noren.CallbackDelivered, claimed[1].NextAt)
	b.record(t, claimed[2], noren.CallbackGivenUp, claimed[2].NextAt)
	again := b.claimUntil(t, at(10).Add(2*time.Second), at(11), nil, 10)
	same(t, "claimed while the first lease would still run", []noren.Callback{after}, again)
	for _, c := range again {
		b.record(t, c, noren.CallbackDelivered, c.NextAt)
	}
	same(t, "claimed when all are settled", []noren.Callback{}, b.claim(t, 1000, nil, 10))
}

func claimResent(t *testing.T, b *bundle) {
	b.owe(t, 2)
	claimed := b.claimAll(t, 10, 2)
	b.record(t, claimed[0], noren.CallbackDelivered, claimed[0].NextAt)
	b.record(t, claimed[1], noren.CallbackGivenUp, claimed[1].NextAt)
	for round := range 2 {
		minute := 20 * (round + 1)
		b.update(t, func(tx noren.Tx) error {
			_, err := tx.ResendCallbacks(b.ctx, noren.CallbackFilter{RequestID: 1}, at(minute))
			return err
		})
		list := b.claim(t, minute, nil, 10)
		same(t, fmt.Sprint("claimed after sending again, round ", round), []int64{1}, requestIDs(list))
		for _, c := range list {
			b.record(t, c, noren.CallbackDelivered, c.NextAt)
		}
	}
}

func claimGivenUp(t *testing.T, b *bundle) {
	owed := b.owe(t, 5) // from minute 0 to 4
	b.record(t, owed[0], noren.CallbackPending, at(20))
	giveUp := func(host string, limit int) (n int) {
		b.update(t, func(tx noren.Tx) (err error) {
			n, err = tx.GiveUpCallbacks(b.ctx, host, at(10), at(2), limit)
			return err
		})
		return n
	}
	same(t, "of another host", 0, giveUp("other.example", 10))
	same(t, "one of two", 1, giveUp(host, 1))
	same(t, "the other", 1, giveUp(host, 10))
	same(t, "what is not due, or came later", []int64{5, 4, 1}, requestIDs(b.callbacks(t, noren.CallbackFilter{State: noren.CallbackPending})))
}
