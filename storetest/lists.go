package storetest

import (
	"fmt"
	"testing"
	"time"

	"noren"
)

// listChecks are about what the console lists: requests and their history, the history of a stock level, the audit log.
func listChecks() []check {
	return []check{
		{"bulk requests newest first, by every filter", bulkList},
		{"the size of a request is kept", bulkSizes},
		{"what of a tenant waits", bulkQueue},
		{"requests counted by when they were accepted and applied", bulkFlows},
		{"deliveries counted by time, with how long the first took", deliveryFlows},
		{"the history of a level in steps", stockCourse},
		{"levels of several products and stores", stockArea},
		{"products by a part of code or name", productKeyword},
		{"the audit log by every filter", auditFilters},
		{"a time is found in the audit log, gaps or not", auditNumbers},
		{"a revoked client is unknown, and still listed", revokedClient},
		{"when clients were used is kept beside what they are", clientUses},
	}
}

func (b *bundle) bulkRequests(t *testing.T, f noren.BulkFilter) (list []noren.BulkSummary) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, err = tx.BulkRequests(b.ctx, f)
		return err
	})
	return list
}

func summaryIDs(list []noren.BulkSummary) []int64 {
	return idsOf(list, func(s noren.BulkSummary) int64 { return s.Request.ID })
}

// bulkList has six requests: the callback of 1 is pending, of 2 delivered, of 3 given up; 4 failed, 5 and 6 wait.
func bulkList(t *testing.T, b *bundle) {
	requests := make([]noren.BulkRequest, 6)
	for i := range requests {
		requests[i] = b.request(fmt.Sprint("token-", i))
		requests[i].AcceptedAt = at(i)
	}
	requests[3].Kind, requests[3].ClientID, requests[3].StoreID = noren.BulkStock, 2, new(int64(1))
	requests[4].StoreID = new(int64(2))
	requests = b.accept(t, requests...)
	for i := range 3 {
		b.finish(t, finished(requests[i], 10+i), b.owed(requests[i], host, 10+i))
	}
	b.finish(t, finished(requests[3], 13, noren.Failure{Row: 1, Reason: noren.ReasonStoreUnknown}), b.owed(requests[3], host, 13))
	owed := b.callbacks(t, noren.CallbackFilter{})
	// The list is newest first, so this is the callback of the second request.
	b.record(t, owed[2], noren.CallbackDelivered, owed[2].NextAt)
	b.record(t, owed[1], noren.CallbackGivenUp, owed[1].NextAt)

	for _, c := range []struct {
		name   string
		filter noren.BulkFilter
		want   []int64
	}{
		{"all", noren.BulkFilter{}, []int64{6, 5, 4, 3, 2, 1}},
		{"a page", noren.BulkFilter{Limit: 2}, []int64{6, 5}},
		{"the next page", noren.BulkFilter{Limit: 2, Before: 5}, []int64{4, 3}},
		{"between", noren.BulkFilter{After: 2, Before: 5}, []int64{4, 3}},
		{"by number", noren.BulkFilter{IDs: []int64{2, 5, 99}}, []int64{5, 2}},
		{"none", noren.BulkFilter{IDs: []int64{}}, nil},
		{"accepted", noren.BulkFilter{State: noren.BulkAccepted}, []int64{6, 5}},
		{"succeeded", noren.BulkFilter{State: noren.BulkSucceeded}, []int64{3, 2, 1}},
		{"failed", noren.BulkFilter{State: noren.BulkFailed}, []int64{4}},
		// States may be part of an engine's SQL, so whatever is not one of them must not get there.
		{"a state that does not exist", noren.BulkFilter{State: "'"}, nil},
		{"kind", noren.BulkFilter{Kind: noren.BulkStock}, []int64{4}},
		{"client", noren.BulkFilter{ClientID: 2}, []int64{4}},
		{"store", noren.BulkFilter{StoreID: new(int64(2))}, []int64{5}},
		{"callback pending", noren.BulkFilter{Delivery: noren.CallbackPending}, []int64{4, 1}},
		{"callback delivered", noren.BulkFilter{Delivery: noren.CallbackDelivered}, []int64{2}},
		{"callback given up", noren.BulkFilter{Delivery: noren.CallbackGivenUp}, []int64{3}},
		{"two at once", noren.BulkFilter{State: noren.BulkFailed, ClientID: 1}, nil},
	} {
		same(t, "bulk requests, "+c.name, c.want, summaryIDs(b.bulkRequests(t, c.filter)))
	}

	list := b.bulkRequests(t, noren.BulkFilter{IDs: []int64{1, 3, 4, 6}})
	want := finished(requests[3], 13)
	want.State, want.Token, want.Rows = noren.BulkFailed, "", noren.BulkRows{}
	same(t, "the failed request", noren.BulkSummary{Request: want, Size: 2, Delivery: noren.CallbackPending, NextAt: new(at(13))}, list[1])
	same(t, "its callback given up", noren.BulkSummary{Request: list[2].Request, Size: 2, Delivery: noren.CallbackGivenUp, Attempts: 1}, list[2])
	same(t, "nothing owed yet", noren.BulkSummary{Request: list[0].Request, Size: 2}, list[0])
}

func bulkSizes(t *testing.T, b *bundle) {
	r := b.request("stock")
	r.Kind, r.Rows = noren.BulkStock, noren.BulkRows{Stock: make([]noren.StockChange, 100)}
	b.accept(t, r)
	same(t, "the size", 100, b.bulkRequests(t, noren.BulkFilter{})[0].Size)
}

func bulkQueue(t *testing.T, b *bundle) {
	queue := func() (q noren.BulkQueue) {
		b.view(t, func(tx noren.Tx) (err error) {
			q, err = tx.BulkQueue(b.ctx)
			return err
		})
		return q
	}
	same(t, "an empty queue", noren.BulkQueue{}, queue())
	owed := b.owe(t, 3)
	b.record(t, owed[0], noren.CallbackDelivered, owed[0].NextAt)
	b.record(t, owed[2], noren.CallbackGivenUp, owed[2].NextAt)
	b.acceptN(t, 2)
	other := b.other(t)
	other.owe(t, 1)
	other.acceptN(t, 1)
	same(t, "the queue", noren.BulkQueue{
		Accepted: 5, Waiting: 2, WaitingSince: at(0), CallbacksWaiting: 1, CallbacksSince: at(1), GivenUp: 1,
	}, queue())
}

func bulkFlows(t *testing.T, b *bundle) {
	// Another tenant's, which must not be counted.
	b.other(t).owe(t, 3)
	requests := b.acceptN(t, 5) // a minute apart from Now on
	b.finish(t, finished(requests[0], 1), b.owed(requests[0], host, 1))
	b.finish(t, finished(requests[1], 3), b.owed(requests[1], host, 3))
	b.finish(t, finished(requests[2], 4, noren.Failure{Row: 1, Reason: noren.ReasonInternal}), b.owed(requests[2], host, 4))
	flows := func(from time.Time) (list []noren.BulkFlow) {
		b.view(t, func(tx noren.Tx) (err error) {
			list, err = tx.BulkFlows(b.ctx, from, 2*time.Minute)
			return err
		})
		return list
	}
	same(t, "from the beginning", []noren.BulkFlow{
		{Accepted: 0, Applied: 0, State: noren.BulkSucceeded, Requests: 1},
		{Accepted: 0, Applied: 1, State: noren.BulkSucceeded, Requests: 1},
		{Accepted: 1, Applied: -1, State: noren.BulkAccepted, Requests: 1},
		{Accepted: 1, Applied: 2, State: noren.BulkFailed, Requests: 1},
		{Accepted: 2, Applied: -1, State: noren.BulkAccepted, Requests: 1},
	}, flows(at(0)))
	same(t, "from later on", []noren.BulkFlow{{Accepted: 0, Applied: -1, State: noren.BulkAccepted, Requests: 2}}, flows(at(3)))
	same(t, "from the end on", []noren.BulkFlow{}, flows(at(5)))
}

// deliveryFlows delivers 20 callbacks in one step of time. One of them fails at first and arrives in the next step, and one
// is sent again and arrives twice.
func deliveryFlows(t *testing.T, b *bundle) {
	b.other(t).owe(t, 1)
	var owed []noren.Callback
	for i := range 20 {
		r := b.request(fmt.Sprint("token-", i))
		r.AcceptedAt = at(0)
		r = b.accept(t, r)[0]
		b.finish(t, finished(r, 0), b.owed(r, host, 0))
		owed = append(owed, b.callbacks(t, noren.CallbackFilter{RequestID: r.ID})...)
	}
	deliver := func(c noren.Callback, status int, begun, took time.Duration) noren.Callback {
		c.Attempts++
		c.State = noren.CallbackDelivered
		b.update(t, func(tx noren.Tx) error {
			return tx.RecordAttempts(b.ctx, []noren.Delivery{{Callback: c, Attempt: noren.Attempt{
				Number: c.Attempts, At: at(0).Add(begun), Duration: took, Status: status,
			}}})
		})
		return c
	}
	for i, c := range owed {
		switch begun := time.Duration(i+1) * time.Second; i {
		case 0:
			// Failed at first: how long it took counts from the acceptance to the attempt that arrived.
			deliver(deliver(c, 500, begun, 0), 200, 61*time.Second, time.Second)
		case 1:
			// Sent again after it had arrived: the second time says nothing of how long it took.
			deliver(deliver(c, 204, begun, time.Millisecond), 200, 2*time.Minute, 0)
		default:
			deliver(c, 200, begun, time.Millisecond)
		}
	}
	var got []noren.DeliveryFlow
	b.view(t, func(tx noren.Tx) (err error) {
		got, err = tx.DeliveryFlows(b.ctx, at(0), time.Minute)
		return err
	})
	same(t, "deliveries", []noren.DeliveryFlow{
		// 19 arrived after 2.001 to 20.001 seconds: the tenth and the last but none of 95 in 100.
		{Step: 0, Delivered: 19, Failed: 1, Median: 11001 * time.Millisecond, Slow: 20001 * time.Millisecond},
		{Step: 1, Delivered: 1, Median: 62 * time.Second, Slow: 62 * time.Second},
		{Step: 2, Delivered: 1},
	}, got)
}

func stockCourse(t *testing.T, b *bundle) {
	amounts := []int64{5, 7, 4, 4, 10}
	before := int64(0)
	for i, amount := range amounts { // at minutes 1 to 5
		b.move(t, movement(int64(i+1), 1, 1, amount-before, amount), movement(int64(i+11), 2, 1, 1, int64(i+1)))
		before = amount
	}
	course := func(span noren.Span, n int) (list []noren.StockPoint) {
		b.view(t, func(tx noren.Tx) (err error) {
			list, err = tx.StockCourse(b.ctx, noren.StockKey{ProductID: 1, StoreID: 1}, span, n)
			return err
		})
		return list
	}
	same(t, "each movement by itself", []noren.StockPoint{
		{At: at(1), Before: 0, Amount: 5, Movements: 1},
		{At: at(2), Before: 5, Amount: 7, Movements: 1},
		{At: at(3), Before: 7, Amount: 4, Movements: 1},
		{At: at(4), Before: 4, Amount: 4, Movements: 1},
		{At: at(5), Before: 4, Amount: 10, Movements: 1},
	}, course(noren.Span{From: at(0), To: at(10)}, 200))
	same(t, "two parts", []noren.StockPoint{
		{At: at(2), Before: 0, Amount: 7, Movements: 2}, {At: at(4), Before: 7, Amount: 4, Movements: 2},
	}, course(noren.Span{From: at(1), To: at(4)}, 2))
	same(t, "nothing moved", []noren.StockPoint{}, course(noren.Span{From: at(6), To: at(10)}, 2))
}

func stockArea(t *testing.T, b *bundle) {
	b.move(t, movement(1, 1, 1, 11, 11), movement(2, 1, 2, 12, 12), movement(3, 2, 2, 22, 22))
	for _, c := range []struct {
		name   string
		filter noren.StockFilter
		want   []int64
	}{
		{"products and stores", noren.StockFilter{ProductIDs: []int64{1, 3}, StoreIDs: []int64{2, 3}}, []int64{12}},
		{"stores", noren.StockFilter{StoreIDs: []int64{2}}, []int64{12, 22}},
		{"no product", noren.StockFilter{ProductIDs: []int64{}}, nil},
	} {
		b.view(t, func(tx noren.Tx) error {
			list, _, err := tx.Stock(b.ctx, c.filter)
			same(t, "levels, "+c.name, c.want, idsOf(list, func(l noren.StockLevel) int64 { return l.Amount }))
			return err
		})
	}
}

func productKeyword(t *testing.T, b *bundle) {
	b.update(t, func(tx noren.Tx) error {
		return tx.PutProducts(b.ctx, []noren.Product{{ID: 4, Code: `100%_\`, Name: "<script>"}})
	})
	for keyword, want := range map[string][]int64{
		"": {1, 2, 3, 4}, "茶": {1, 2}, "ホウジ": {2}, "ﾎｳｼﾞ": {2}, "Ｐ０": {1, 2}, "p-": {1, 2, 3, 4}, "p-0": {3}, "P00": {1, 2}, "%": {4}, `_\`: {4},
		"<SCRIPT": {4}, "無い": nil, "P001緑": nil, "P001 緑": nil, "\x00": {1, 2, 3, 4}, "茶\x00": {1, 2},
	} {
		b.view(t, func(tx noren.Tx) error {
			list, total, err := tx.Products(b.ctx, noren.CatalogueFilter{Keyword: keyword})
			same(t, fmt.Sprintf("products with %q", keyword), want, idsOf(list, func(p noren.Product) int64 { return p.ID }))
			same(t, fmt.Sprintf("their number with %q", keyword), len(want), total)
			return err
		})
	}
}

// auditedAt is the entry with that number, as many minutes after Now.
func auditedAt(id int64) noren.AuditEntry {
	return noren.AuditEntry{ID: id, At: at(int(id)), Dialect: noren.Operator, Subject: "member", SubjectID: "1", Changes: []byte("{}")}
}

func (b *bundle) audit(t *testing.T, f noren.AuditFilter) (list []noren.AuditEntry) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, err = tx.Audit(b.ctx, f)
		return err
	})
	return list
}

func auditFilters(t *testing.T, b *bundle) {
	byClient, byPerson, stock := auditedAt(2), auditedAt(3), auditedAt(4)
	byClient.Dialect, byClient.ClientID = "smaregi", new(int64(2))
	byPerson.Dialect, byPerson.Login = "console", "花子"
	stock.Subject, stock.SubjectID = "stock", "1:1"
	b.update(t, func(tx noren.Tx) error {
		return tx.AddAudit(b.ctx, []noren.AuditEntry{auditedAt(1), byClient, byPerson, stock})
	})
	for _, c := range []struct {
		name   string
		filter noren.AuditFilter
		want   []int64
	}{
		{"client", noren.AuditFilter{ClientID: 2}, []int64{2}},
		{"login", noren.AuditFilter{Login: "花子"}, []int64{3}},
		{"another login", noren.AuditFilter{Login: "花"}, nil},
		{"dialect", noren.AuditFilter{Dialect: noren.Operator}, []int64{4, 1}},
		{"span", noren.AuditFilter{At: noren.Span{From: at(2), To: at(3)}}, []int64{3, 2}},
		{"before", noren.AuditFilter{Before: 3}, []int64{2, 1}},
		{"after", noren.AuditFilter{After: 2}, []int64{4, 3}},
		{"before, a page", noren.AuditFilter{Before: 4, Page: noren.Page{Limit: 2}}, []int64{3, 2}},
		{"all of it", noren.AuditFilter{Subject: "member", Dialect: "console", Login: "花子", At: noren.Span{From: at(3)}}, []int64{3}},
	} {
		same(t, "audit entries by "+c.name, c.want, idsOf(b.audit(t, c.filter), func(e noren.AuditEntry) int64 { return e.ID }))
	}
	same(t, "the person's entry", []noren.AuditEntry{byPerson}, b.audit(t, noren.AuditFilter{Login: "花子"}))
}

func auditNumbers(t *testing.T, b *bundle) {
	numberAt := func(minutes int) (n int64) {
		b.view(t, func(tx noren.Tx) (err error) {
			n, err = tx.AuditNumber(b.ctx, at(minutes))
			return err
		})
		return n
	}
	same(t, "in an empty log", int64(0), numberAt(1))
	last := int64(0)
	// With gaps, as they are left where entries were removed or never committed.
	written := []int64{1, 2, 3, 7, 8, 20, 33}
	b.update(t, func(tx noren.Tx) error {
		var entries []noren.AuditEntry
		for _, id := range written {
			entries = append(entries, auditedAt(id))
		}
		return firstError(tx.Raise(b.ctx, noren.CounterAudit, 33), tx.AddAudit(b.ctx, entries))
	})
	for minute := range 40 {
		for _, id := range written {
			if int(id) == minute {
				last = id
			}
		}
		got := numberAt(minute)
		// A number in a gap stands for the last entry before it.
		if got < last || got > last && got >= nextOf(written, last) {
			t.Errorf("the number at minute %d is %d, want %d or in the gap behind it", minute, got, last)
		}
	}
}

// nextOf returns the first number of the sorted list that is larger than n, or one larger than all if there is none.
func nextOf(sorted []int64, n int64) int64 {
	for _, x := range sorted {
		if x > n {
			return x
		}
	}
	return 1 << 40
}

func revokedClient(t *testing.T, b *bundle) {
	token := noren.Token{Hash: noren.HashSecret(b.tenant.Contract + " revoked"), ClientID: 1}
	own := noren.Token{Named: b.tenant.ID, Hash: noren.HashSecret(b.tenant.Contract + " own"), ClientID: 1}
	kept := noren.Token{Hash: noren.HashSecret(b.tenant.Contract + " kept"), ClientID: 2}
	b.update(t, func(tx noren.Tx) error {
		return firstError(tx.AddToken(b.ctx, token), tx.AddToken(b.ctx, own), tx.AddToken(b.ctx, kept), tx.RevokeClient(b.ctx, 1, at(5)))
	})
	_, _, err := b.CallerByToken(b.ctx, 0, token.Hash)
	isKind(t, "a token of a revoked client", noren.NotFound, err)
	_, _, err = b.CallerByToken(b.ctx, own.Named, own.Hash)
	isKind(t, "a token that names the tenant of a revoked client", noren.NotFound, err)
	_, err = b.CallerByKey(b.ctx, noren.Smaregi, b.client(1).Key)
	isKind(t, "the key of a revoked client", noren.NotFound, err)
	// A token that was issued at the same time does not work either.
	b.update(t, func(tx noren.Tx) error { return tx.AddToken(b.ctx, token) })
	_, _, err = b.CallerByToken(b.ctx, 0, token.Hash)
	isKind(t, "a token stored after that", noren.NotFound, err)

	if _, _, err := b.CallerByToken(b.ctx, 0, kept.Hash); err != nil {
		t.Errorf("a token of another client: %v", err)
	}
	revoked := b.client(1)
	revoked.RevokedAt = new(at(5))
	same(t, "the clients", []noren.Client{revoked, b.client(2)}, b.clients(t))

	other := b.other(t)
	other.update(t, func(tx noren.Tx) error { return tx.RevokeClient(b.ctx, 2, at(6)) })
	if _, err := b.CallerByKey(b.ctx, noren.Smaregi, b.client(2).Key); err != nil {
		t.Errorf("the client with the same number of another tenant: %v", err)
	}
}

func clientUses(t *testing.T, b *bundle) {
	b.update(t, func(tx noren.Tx) error {
		return tx.NoteClientUses(b.ctx, []noren.ClientUse{{ClientID: 1, At: at(1)}, {ClientID: 2, At: at(2)}, {ClientID: 99, At: at(2)}})
	})
	if err := b.putClients(b.client(2)); err != nil {
		t.Fatal(err)
	}
	b.update(t, func(tx noren.Tx) error {
		return firstError(tx.NoteClientUses(b.ctx, []noren.ClientUse{{ClientID: 1, At: at(3)}}), tx.NoteClientUses(b.ctx, nil))
	})
	first, second := b.client(1), b.client(2)
	first.LastUsedAt, second.LastUsedAt = new(at(3)), new(at(2))
	same(t, "the clients", []noren.Client{first, second}, b.clients(t))
	other := b.other(t)
	same(t, "another tenant's", []noren.Client{other.client(1), other.client(2)}, other.clients(t))
}
