package storetest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"noren"
)

func bulkChecks() []check {
	return []check{
		{"requests are numbered in their order, from 1", bulkNumbers},
		{"a rolled back accept leaves no gap", bulkNoGap},
		{"concurrent accepts leave no gap", bulkConcurrent},
		{"requests accepted alone are numbered with the others, and have a lane", bulkAlone},
		{"a request that cannot be accepted alone leaves no gap", bulkAloneRefused},
		{"a request comes back as it went in", bulkRoundTrip},
		{"an unknown request is not found", bulkUnknown},
		{"the next requests, in order, while they are accepted", bulkNext},
		{"a lane is free when the transaction that locked it has ended", bulkLane},
		{"concurrent workers of a lane apply each request once", bulkLaneConcurrent},
		{"failed tries are counted", bulkTries},
		{"a request is finished with its callback", bulkFinish},
		{"a request is finished once", bulkFinishOnce},
	}
}

// request is a bulk request as AcceptBulk takes it. Each has its own token.
func (b *bundle) request(token string) noren.BulkRequest {
	return noren.BulkRequest{
		Token: token, Kind: noren.BulkMembers, Dialect: noren.Smaregi, ClientID: 1, RequestID: "http-" + token,
		CallbackURL: "https://example.com:8443/callback?token=" + token,
		Rows: noren.BulkRows{Members: []noren.MemberPatch{
			{ID: 1, View: noren.SmaregiView, LastName: noren.Set("山田"), Note: noren.Null[string]()},
			// Set to nothing, null and absent are three different things, and have to be read back as such.
			{ID: 2, View: noren.SmaregiView, LastName: noren.Set(""), Note: noren.Set("備考")},
		}},
		State: noren.BulkAccepted, AcceptedAt: at(0),
	}
}

func encoded(t rapid.TB, r noren.BulkRequest) []byte {
	t.Helper()
	rows, err := r.Rows.Encode()
	if err != nil {
		t.Fatalf("encoding rows: %v", err)
	}
	return rows
}

// accept stores the requests in one transaction and returns them with their numbers.
func (b *bundle) accept(t *testing.T, requests ...noren.BulkRequest) []noren.BulkRequest {
	t.Helper()
	requests = slices.Clone(requests)
	rows := make([][]byte, len(requests))
	for i, r := range requests {
		rows[i] = encoded(t, r)
	}
	b.update(t, func(tx noren.Tx) error {
		ids, err := tx.AcceptBulk(b.ctx, requests, rows)
		if err != nil {
			return err
		}
		for i := range requests {
			requests[i].ID = ids[i]
		}
		return nil
	})
	return requests
}

// acceptN stores n requests in one transaction.
func (b *bundle) acceptN(t *testing.T, n int) []noren.BulkRequest {
	t.Helper()
	requests := make([]noren.BulkRequest, n)
	for i := range requests {
		requests[i] = b.request(rand.Text())
		requests[i].AcceptedAt = at(i)
	}
	return b.accept(t, requests...)
}

func bulkIDs(list []noren.BulkRequest) []int64 {
	return idsOf(list, func(r noren.BulkRequest) int64 { return r.ID })
}

// finished is the request as it is after it was applied, at a minute after Now.
func finished(r noren.BulkRequest, minutes int, failures ...noren.Failure) noren.BulkRequest {
	r.State, r.AppliedAt, r.Failures = noren.BulkSucceeded, new(at(minutes)), failures
	if len(failures) > 0 {
		r.State = noren.BulkFailed
	}
	return r
}

// owed is the callback of a finished request, due at that time.
func (b *bundle) owed(r noren.BulkRequest, host string, minutes int) noren.Callback {
	return noren.Callback{
		TenantID: b.tenant.ID, RequestID: r.ID, ClientID: r.ClientID, URL: r.CallbackURL, Host: host,
		Body:  fmt.Appendf(nil, "{\"requestId\":%d,\"result\":\"済み\"}", r.ID),
		State: noren.CallbackPending, OwedAt: at(minutes), NextAt: at(minutes),
	}
}

func (b *bundle) finish(t *testing.T, r noren.BulkRequest, c noren.Callback) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error {
		return tx.FinishBulk(b.ctx, []noren.BulkRequest{r}, []noren.Callback{c})
	})
}

func (b *bundle) next(t *testing.T, limit int) (list []noren.BulkRequest) {
	t.Helper()
	b.update(t, func(tx noren.Tx) (err error) {
		list, err = tx.NextBulk(b.ctx, limit)
		return err
	})
	return list
}

func bulkNumbers(t *testing.T, b *bundle) {
	other := b.other(t)
	same(t, "the first three", []int64{1, 2, 3}, bulkIDs(b.acceptN(t, 3)))
	same(t, "one more", []int64{4}, bulkIDs(b.accept(t, b.request("one more"))))
	same(t, "none", []int64{}, bulkIDs(b.accept(t)))
	// Each tenant has numbers of its own.
	same(t, "another tenant's", []int64{1, 2}, bulkIDs(other.acceptN(t, 2)))
}

// bulkNoGap checks that a number is given in the transaction that stores its request: clients see the numbers, and
// a gap looks to them like a request that was lost.
func bulkNoGap(t *testing.T, b *bundle) {
	b.acceptN(t, 2)
	stop := errors.New("stop")
	err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
		r := b.request("rolled back")
		_, err := tx.AcceptBulk(b.ctx, []noren.BulkRequest{r}, [][]byte{encoded(t, r)})
		return firstError(err, stop)
	})
	if !errors.Is(err, stop) {
		t.Fatalf("Update returned %v", err)
	}
	same(t, "the next number", []int64{3}, bulkIDs(b.accept(t, b.request("next"))))
	same(t, "what waits", []int64{1, 2, 3}, bulkIDs(b.next(t, 10)))
}

// acceptAlone stores the requests outside any transaction of the caller.
func (b *bundle) acceptAlone(t *testing.T, requests ...noren.BulkRequest) (ids []int64) {
	t.Helper()
	rows := make([][]byte, len(requests))
	for i, r := range requests {
		rows[i] = encoded(t, r)
	}
	ids, err := b.AcceptBulk(b.ctx, b.tenant.ID, requests, rows)
	if err != nil {
		t.Fatalf("AcceptBulk: %v", err)
	}
	return ids
}

func bulkAlone(t *testing.T, b *bundle) {
	other := b.other(t)
	same(t, "the first two", []int64{1, 2}, b.acceptAlone(t, b.request("one"), b.request("two")))
	same(t, "none", []int64{}, b.acceptAlone(t))
	b.update(t, func(tx noren.Tx) error {
		locked, err := tx.LockLane(b.ctx)
		if !locked {
			t.Error("there is no lane")
		}
		return err
	})
	same(t, "one in a transaction", []int64{3}, bulkIDs(b.accept(t, b.request("three"))))
	four := b.request("four")
	four.ID = 4
	same(t, "one more", []int64{4}, b.acceptAlone(t, four))
	same(t, "another tenant's", []int64{1}, other.acceptAlone(t, other.request("one")))
	waiting := b.next(t, 10)
	same(t, "what waits", []int64{1, 2, 3, 4}, bulkIDs(waiting))
	sameRequests(t, "the last", []noren.BulkRequest{four}, waiting[3:])
}

func bulkAloneRefused(t *testing.T, b *bundle) {
	b.acceptAlone(t, b.request("one"))
	// The second has a token that is stored already, so the statement fails after it has taken numbers.
	twice := []noren.BulkRequest{b.request("two"), b.request("one")}
	if ids, err := b.AcceptBulk(b.ctx, b.tenant.ID, twice, [][]byte{encoded(t, twice[0]), encoded(t, twice[1])}); err == nil {
		t.Errorf("a token that is taken got the numbers %v", ids)
	}
	same(t, "the next", []int64{2}, b.acceptAlone(t, b.request("two")))
	same(t, "what waits", []int64{1, 2}, bulkIDs(b.next(t, 10)))
}

func bulkConcurrent(t *testing.T, b *bundle) {
	const callers, each = 16, 5 // half of them in a transaction of their own making
	var mu sync.Mutex
	var ids []int64
	inParallel(callers, func(caller int) {
		requests, rows := make([]noren.BulkRequest, each), make([][]byte, each)
		for i := range requests {
			requests[i] = b.request(fmt.Sprintf("%d-%d", caller, i))
			rows[i] = encoded(t, requests[i])
		}
		var got []int64
		var err error
		// Both ways at once, because they take their numbers from one counter.
		if caller%2 == 0 {
			got, err = b.AcceptBulk(b.ctx, b.tenant.ID, requests, rows)
		} else {
			err = b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) (err error) {
				got, err = tx.AcceptBulk(b.ctx, requests, rows)
				return err
			})
		}
		if err != nil {
			t.Errorf("AcceptBulk: %v", err)
		} else if !consecutive(got) {
			t.Errorf("the numbers of one accept are %v", got)
		}
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, got...)
	})
	slices.Sort(ids)
	same(t, "all numbers", upTo(callers*each), ids)
	same(t, "what waits", upTo(callers*each), bulkIDs(b.next(t, 1000)))
}

func consecutive(ids []int64) bool {
	for i := range ids {
		if ids[i] != ids[0]+int64(i) {
			return false
		}
	}
	return true
}

func bulkRoundTrip(t *testing.T, b *bundle) {
	members := b.request("members")
	members.StoreID = new(int64(2))
	stock := b.request("stock")
	stock.Kind, stock.ClientID, stock.AcceptedAt = noren.BulkStock, 2, at(1)
	stock.Rows = noren.BulkRows{Stock: []noren.StockChange{
		{StockKey: noren.StockKey{ProductID: 1, StoreID: 1}, Amount: -5, Memo: new("棚卸")},
		{StockKey: noren.StockKey{ProductID: 2, StoreID: 1}, Amount: noren.MaxStockAmount},
	}}
	want := b.accept(t, members, stock)
	got := b.next(t, 10)
	sameRequests(t, "the requests", want, got)
	b.view(t, func(tx noren.Tx) error {
		r, callback, attempts, err := tx.BulkByID(b.ctx, want[1].ID)
		sameRequests(t, "the request by id", want[1:], []noren.BulkRequest{r})
		if callback != nil || len(attempts) > 0 {
			t.Errorf("a request that was not applied has the callback %v and attempts %v", callback, attempts)
		}
		return err
	})
}

// sameRequests compares requests. Rows are compared in their stored form, because their fields are opaque. An engine need not
// read tokens back.
func sameRequests(t *testing.T, what string, want, got []noren.BulkRequest) {
	t.Helper()
	split := func(list []noren.BulkRequest) (rows []string, rest []noren.BulkRequest) {
		for _, r := range list {
			rows = append(rows, string(encoded(t, r)))
			r.Rows, r.Token = noren.BulkRows{}, ""
			rest = append(rest, r)
		}
		return rows, rest
	}
	wantRows, wantRest := split(want)
	gotRows, gotRest := split(got)
	same(t, what, wantRest, gotRest)
	same(t, what+": rows", wantRows, gotRows)
}

func bulkUnknown(t *testing.T, b *bundle) {
	b.acceptN(t, 1)
	err := b.View(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
		_, _, _, err := tx.BulkByID(b.ctx, 2)
		return err
	})
	isKind(t, "BulkByID of an unknown request", noren.NotFound, err)
}

// bulkNext finishes requests out of order: those that wait stay in the order of their numbers, also beyond one digit.
func bulkNext(t *testing.T, b *bundle) {
	requests := b.acceptN(t, 12)
	same(t, "the next two", []int64{1, 2}, bulkIDs(b.next(t, 2)))
	b.finish(t, finished(requests[0], 20), b.owed(requests[0], "example.com:8443", 20))
	b.finish(t, finished(requests[2], 20), b.owed(requests[2], "example.com:8443", 20))
	same(t, "the next three", []int64{2, 4, 5}, bulkIDs(b.next(t, 3)))
	same(t, "all that wait", []int64{2, 4, 5, 6, 7, 8, 9, 10, 11, 12}, bulkIDs(b.next(t, 100)))
}

// bulkLane locks in one transaction after another. That two at the same time exclude each other shows only on an engine
// that runs two at the same time, in bulkLaneConcurrent.
func bulkLane(t *testing.T, b *bundle) {
	b.acceptN(t, 1)
	stop := errors.New("stop")
	for _, end := range []error{nil, stop, nil} {
		err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
			locked, err := tx.LockLane(b.ctx)
			if !locked {
				t.Error("the lane was not free")
			}
			again, err2 := tx.LockLane(b.ctx)
			if !again {
				t.Error("the lane was not free for the transaction that has it")
			}
			return firstError(err, err2, end)
		})
		if !errors.Is(err, end) {
			t.Fatalf("Update returned %v", err)
		}
	}
}

// bulkLaneConcurrent lets workers apply requests while others are still being accepted.
func bulkLaneConcurrent(t *testing.T, b *bundle) {
	const workers, accepts = 4, 20
	b.acceptN(t, 1) // the lane exists from the first accept on
	var mu sync.Mutex
	var applied []int64
	done := func() bool {
		mu.Lock()
		defer mu.Unlock()
		// A worker that has failed must not keep the others waiting for ever.
		return t.Failed() || len(applied) > accepts
	}
	work := func(worker int) {
		for !done() {
			var ids []int64
			err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
				ids = nil
				locked, err := tx.LockLane(b.ctx)
				if err != nil || !locked {
					return err
				}
				// Each takes another number of requests at a time, so that their turns do not fall into step.
				next, err := tx.NextBulk(b.ctx, 1+worker)
				if err != nil || len(next) == 0 {
					return err
				}
				callbacks := make([]noren.Callback, len(next))
				for i := range next {
					next[i] = finished(next[i], 1)
					callbacks[i] = b.owed(next[i], host, 1)
				}
				ids = bulkIDs(next)
				return tx.FinishBulk(b.ctx, next, callbacks)
			})
			if err != nil {
				t.Errorf("applying: %v", err)
				return
			}
			mu.Lock()
			applied = append(applied, ids...)
			mu.Unlock()
		}
	}
	inParallel(workers+1, func(i int) {
		if i < workers {
			work(i)
			return
		}
		for range accepts {
			r := b.request(rand.Text())
			err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
				_, err := tx.AcceptBulk(b.ctx, []noren.BulkRequest{r}, [][]byte{encoded(t, r)})
				return err
			})
			if err != nil {
				t.Errorf("AcceptBulk: %v", err)
			}
		}
	})
	slices.Sort(applied)
	same(t, "the requests applied", upTo(accepts+1), applied)
}

// bulkTries checks that counting a try does not finish the request, which stays the next in its lane.
func bulkTries(t *testing.T, b *bundle) {
	b.acceptN(t, 2)
	for range 2 {
		b.update(t, func(tx noren.Tx) error { return tx.CountBulkTry(b.ctx, 1) })
	}
	list := b.next(t, 2)
	same(t, "the tries", []int{2, 0}, []int{list[0].Tries, list[1].Tries})
	same(t, "the state", noren.BulkAccepted, list[0].State)
}

func bulkFinish(t *testing.T, b *bundle) {
	accepted := b.acceptN(t, 2)
	done := []noren.BulkRequest{
		finished(accepted[0], 5),
		finished(accepted[1], 5, noren.Failure{Row: 2, Reason: noren.ReasonRankUnknown}, noren.Failure{Row: 2, Reason: noren.ReasonStoreUnknown}),
	}
	callbacks := []noren.Callback{b.owed(done[0], "example.com:8443", 5), b.owed(done[1], "example.com:8443", 5)}
	b.update(t, func(tx noren.Tx) error { return tx.FinishBulk(b.ctx, done, callbacks) })
	for i, want := range done {
		b.view(t, func(tx noren.Tx) error {
			r, callback, attempts, err := tx.BulkByID(b.ctx, want.ID)
			sameRequests(t, "the finished request", []noren.BulkRequest{want}, []noren.BulkRequest{r})
			same(t, "its callback", &callbacks[i], callback)
			same(t, "its attempts", []noren.Attempt{}, attempts)
			return err
		})
	}
	same(t, "what waits", []int64{}, bulkIDs(b.next(t, 10)))
}

// bulkFinishOnce checks that a second finish, which a worker that lost its lane may try, changes nothing, whether
// it is refused or ignored.
func bulkFinishOnce(t *testing.T, b *bundle) {
	r := b.acceptN(t, 1)[0]
	first, callback := finished(r, 5), b.owed(r, "example.com:8443", 5)
	b.finish(t, first, callback)
	second, other := finished(r, 6, noren.Failure{Row: 1, Reason: noren.ReasonMemberUnknown}), b.owed(r, "other.example", 6)
	other.Body = []byte("another outcome")
	_ = b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
		return tx.FinishBulk(b.ctx, []noren.BulkRequest{second}, []noren.Callback{other})
	})
	b.view(t, func(tx noren.Tx) error {
		got, gotCallback, _, err := tx.BulkByID(b.ctx, r.ID)
		sameRequests(t, "the request", []noren.BulkRequest{first}, []noren.BulkRequest{got})
		same(t, "the callback", &callback, gotCallback)
		return err
	})
}
