package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"noren"
)

// The life of a request in statements: AcceptBulk inserts it, NextBulk reads it under LockLane, FinishBulk ends it in
// the transaction of its effect. Only CountBulkTry changes it in between.

// bulkColumns are what scanBulk reads, in its order.
const bulkColumns = "id, token, kind, dialect, client_id, store_id, request_id, address, client_request_id, callback_url, rows, state, " +
	"tries, failures, accepted_at, applied_at"

// scanBulk reads one request with its rows.
func scanBulk(row scannable) (r noren.BulkRequest, err error) {
	var changes, failures []byte
	var acceptedAt int64
	var appliedAt sql.NullInt64
	if err := row.Scan(&r.ID, &r.Token, &r.Kind, &r.Dialect, &r.ClientID, &r.StoreID, &r.RequestID, &r.Address, &r.ClientRequestID,
		&r.CallbackURL, &changes, &r.State, &r.Tries, &failures, &acceptedAt, &appliedAt); err != nil {
		return r, err
	}
	r.AcceptedAt, r.AppliedAt = fromMicros(acceptedAt), fromNullMicros(appliedAt)
	if failures != nil { // NULL while it waits, and where it succeeded
		if err := json.Unmarshal(failures, &r.Failures); err != nil {
			return r, doing("read failures", err)
		}
	}
	r.Rows, err = noren.DecodeBulkRows(changes)
	return r, doing("read the rows", err)
}

// AcceptBulk implements noren.BulkTx: the same statements whatever the number of requests. The numbers come from a
// counter whose row stays locked until the commit, so they are given in commit order.
func (t *tx) AcceptBulk(ctx context.Context, requests []noren.BulkRequest, rows [][]byte) ([]int64, error) {
	ids := make([]int64, len(requests))
	if t.again {
		if err := t.acceptedBefore(ctx, requests, ids); err != nil {
			return nil, err
		}
	}
	var fresh []int // which of the requests are not stored yet: all of them in a first run
	for i := range requests {
		if ids[i] == 0 {
			fresh = append(fresh, i)
		}
	}
	if len(fresh) == 0 {
		return ids, nil
	}
	cols := bulkColumnsOf(requests, rows, fresh)
	store := t.storeBulk
	if t.db.flavor.unnests && !t.db.flavor.sharded {
		store = t.storeBulkAtOnce
	}
	first, err := store(ctx, cols)
	if err != nil {
		return nil, doing("store bulk requests", err)
	}
	// Numbers follow the order of the requests in the call, which is that in which they arrived.
	for n, i := range fresh {
		ids[i] = first + int64(n)
	}
	return ids, nil
}

// bulkColumnsOf is those of the requests that fresh names, without their numbers.
func bulkColumnsOf(requests []noren.BulkRequest, rows [][]byte, fresh []int) []column {
	of := func(value func(i int, r *noren.BulkRequest) any) []any {
		return valuesOf(fresh, func(i *int) any { return value(*i, &requests[*i]) })
	}
	return []column{
		{"token", kindText, of(func(_ int, r *noren.BulkRequest) any { return r.Token })},
		{"kind", kindText, of(func(_ int, r *noren.BulkRequest) any { return string(r.Kind) })},
		{"dialect", kindText, of(func(_ int, r *noren.BulkRequest) any { return string(r.Dialect) })},
		{"client_id", kindInt, of(func(_ int, r *noren.BulkRequest) any { return r.ClientID })},
		{"store_id", kindInt, of(func(_ int, r *noren.BulkRequest) any { return r.StoreID })},
		{"request_id", kindText, of(func(_ int, r *noren.BulkRequest) any { return r.RequestID })},
		{"address", kindText, of(func(_ int, r *noren.BulkRequest) any { return r.Address })},
		{"client_request_id", kindText, of(func(_ int, r *noren.BulkRequest) any { return r.ClientRequestID })},
		{"callback_url", kindText, of(func(_ int, r *noren.BulkRequest) any { return r.CallbackURL })},
		{"rows", kindBytes, of(func(i int, _ *noren.BulkRequest) any { return rows[i] })},
		{"state", kindText, of(func(int, *noren.BulkRequest) any { return string(noren.BulkAccepted) })},
		{"tries", kindInt, of(func(int, *noren.BulkRequest) any { return int64(0) })},
		{"size", kindInt, of(func(_ int, r *noren.BulkRequest) any { return int64(r.Rows.Len()) })},
		{"accepted_at", kindInt, of(func(_ int, r *noren.BulkRequest) any { return micros(r.AcceptedAt) })},
	}
}

// storeBulk numbers and inserts new requests, and returns the first number.
func (t *tx) storeBulk(ctx context.Context, cols []column) (first int64, err error) {
	n := len(cols[0].values)
	if first, err = t.Reserve(ctx, noren.CounterBulk, n); err != nil {
		return 0, err
	}
	ids := make([]any, n)
	for i := range ids {
		ids[i] = first + int64(i)
	}
	d := deferred{doing: "store bulk requests"}
	// No later statement reads them, so they go with the COMMIT.
	if err = t.insertLater(ctx, d, "bulk_requests", "", append([]column{{"id", kindInt, ids}}, cols...)); err != nil {
		return 0, err
	}
	if first == 1 {
		// The tenant's first request makes its lane. Later ones need not look, for lanes are never deleted.
		err = t.later(ctx, deferred{
			doing: "make a lane", text: `INSERT INTO lanes (tenant_id) VALUES (?) ON CONFLICT DO NOTHING`, args: []any{t.tenant},
		})
	}
	return first, err
}

// storeBulkAtOnce is storeBulk in one statement, which PostgreSQL can commit by itself: round trips are most of what
// accepting a request costs there. SQLite has no INSERT within another statement, and behind Citus it would be a two-phase
// commit over all nodes.
func (t *tx) storeBulkAtOnce(ctx context.Context, cols []column) (first int64, err error) {
	names, values := make([]string, len(cols)), make([]string, len(cols))
	for i, c := range cols {
		names[i], values[i] = c.name, "v.c"+strconv.Itoa(i)
	}
	n := len(cols[0].values)
	// The lane is made with the tenant's first request, whose number is 1.
	query := "WITH taken AS (" + takeNumbers + ` AS first),
		made AS (INSERT INTO bulk_requests (tenant_id, id, ` + strings.Join(names, ", ") + `)
			SELECT CAST(? AS bigint), taken.first + v.place - 1, ` + strings.Join(values, ", ") + `
			FROM taken CROSS JOIN ` + unnest(cols, "place") + `),
		lane AS (INSERT INTO lanes (tenant_id) SELECT CAST(? AS bigint) FROM taken WHERE first = 1 ON CONFLICT DO NOTHING)
		SELECT first FROM taken`
	args := append([]any{t.tenant, noren.CounterBulk, 1 + n, n, n, t.tenant}, arrays(cols)...)
	return first, t.queryRow(ctx, query, append(args, t.tenant)...).Scan(&first)
}

// acceptedBefore fills in the numbers of requests that an earlier run has stored, known by their tokens. That run may
// still be on its way into the database with nobody waiting for it: locking the counter first waits for it. Should it
// come only afterwards, it finds its tokens taken and is undone.
func (t *tx) acceptedBefore(ctx context.Context, requests []noren.BulkRequest, ids []int64) error {
	if _, err := t.Reserve(ctx, noren.CounterBulk, 0); err != nil {
		return err
	}
	place := make(map[string]int, len(requests))
	tokens := make([]string, len(requests))
	for i, r := range requests {
		place[r.Token], tokens[i] = i, r.Token
	}
	rows, err := t.query(ctx, "SELECT token, id FROM bulk_requests WHERE tenant_id = ? AND "+t.db.flavor.in("token"),
		t.tenant, t.db.flavor.list(tokens))
	_, err = collect(rows, err, func(row scannable) (id int64, err error) {
		var token string
		if err := row.Scan(&token, &id); err != nil {
			return 0, err
		}
		ids[place[token]] = id
		return id, nil
	})
	return doing("look for bulk requests stored before", err)
}

// AwaitLane implements noren.PersonTx.
func (t *tx) AwaitLane(ctx context.Context) error {
	if t.awaitedLane || t.db.flavor.lockRows == "" {
		return nil
	}
	t.takes(lockWork, "lanes")
	t.awaitedLane = true
	_, err := t.exec(ctx, "SELECT tenant_id FROM lanes WHERE tenant_id = ?"+t.db.flavor.forUpdate(), t.tenant)
	return doing("wait for a lane", err)
}

// LockLane implements noren.BulkTx. A tenant that never had a request has no lane, and nothing to apply. SQLite has
// nothing to lock: its one writer is this transaction.
func (t *tx) LockLane(ctx context.Context) (bool, error) {
	t.takes(lockWork, "lanes")
	var tenant int64
	// A lane that somebody else works on is passed over: the worker goes on with another tenant (ADR 3).
	err := t.queryRow(ctx, `SELECT tenant_id FROM lanes WHERE tenant_id = ?`+t.db.flavor.skipLocked, t.tenant).Scan(&tenant)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, doing("lock a lane", err)
}

// NextBulk implements noren.BulkTx. The state is part of the text, not an argument, so that the partial index over
// what waits is used, which stays small whatever the number of requests that are done. The numbers are looked for by
// themselves, because SQLite takes that index only where it has all that is asked for.
func (t *tx) NextBulk(ctx context.Context, limit int) ([]noren.BulkRequest, error) {
	rows, err := t.query(ctx, "SELECT "+bulkColumns+` FROM bulk_requests WHERE tenant_id = ? AND id IN (
		SELECT id FROM bulk_requests WHERE tenant_id = ? AND state = 'accepted' ORDER BY id LIMIT ?) ORDER BY id`,
		t.tenant, t.tenant, limit)
	list, err := collect(rows, err, scanBulk)
	return list, doing("read the next bulk requests", err)
}

// BulkWaiting implements noren.BulkTx. It reads no more of the partial index than it is to count.
func (t *tx) BulkWaiting(ctx context.Context, most int) (n int, err error) {
	err = t.queryRow(ctx, `SELECT COUNT(*) FROM (
		SELECT id FROM bulk_requests WHERE tenant_id = ? AND state = 'accepted' LIMIT ?) AS waiting`, t.tenant, most).Scan(&n)
	return n, doing("count what waits", err)
}

// FinishBulk implements noren.BulkTx. A request that is finished already keeps its state and its callback: the state
// is one of the keys that are matched.
func (t *tx) FinishBulk(ctx context.Context, requests []noren.BulkRequest, callbacks []noren.Callback) error {
	failures := make([]any, len(requests))
	for i, r := range requests {
		// NULL, which is what a request that succeeded has.
		if len(r.Failures) == 0 {
			continue
		}
		text, err := json.Marshal(r.Failures)
		if err != nil {
			return doing("write failures", err)
		}
		failures[i] = string(text)
	}
	err := t.updateLater(ctx, deferred{doing: "finish bulk requests"}, "bulk_requests",
		[]column{
			{"id", kindInt, valuesOf(requests, func(r *noren.BulkRequest) any { return r.ID })},
			{"state", kindText, valuesOf(requests, func(*noren.BulkRequest) any { return string(noren.BulkAccepted) })},
		},
		[]column{
			{"state", kindText, valuesOf(requests, func(r *noren.BulkRequest) any { return string(r.State) })},
			{"failures", kindText, failures},
			{"applied_at", kindInt, valuesOf(requests, func(r *noren.BulkRequest) any { return nullMicros(r.AppliedAt) })},
		})
	if err != nil {
		return err
	}
	if err := t.shortenURLs(ctx, requests); err != nil {
		return err
	}
	return t.oweCallbacks(ctx, callbacks)
}

// shortenURLs replaces the callback URLs of finished requests by what is left of them. The callbacks keep theirs until they end.
func (t *tx) shortenURLs(ctx context.Context, requests []noren.BulkRequest) error {
	named := slices.DeleteFunc(slices.Clone(requests), func(r noren.BulkRequest) bool { return r.Rows.CallbackLeft == "" })
	if len(named) == 0 {
		return nil
	}
	t.db.scrub.Store(true)
	return t.updateLater(ctx, deferred{doing: "erase a person from the URLs of bulk requests"}, "bulk_requests",
		[]column{{"id", kindInt, valuesOf(named, func(r *noren.BulkRequest) any { return r.ID })}},
		[]column{{"callback_url", kindText, valuesOf(named, func(r *noren.BulkRequest) any { return r.Rows.CallbackLeft })}})
}

// CountBulkTry implements noren.BulkTx.
func (t *tx) CountBulkTry(ctx context.Context, id int64) error {
	_, err := t.exec(ctx, `UPDATE bulk_requests SET tries = tries + 1 WHERE tenant_id = ? AND id = ?`, t.tenant, id)
	return doing("count a try", err)
}

// BulkByID implements noren.BulkListTx. NotFound where the tenant has no such request.
func (t *tx) BulkByID(ctx context.Context, id int64) (noren.BulkRequest, *noren.Callback, []noren.Attempt, error) {
	r, err := scanBulk(t.queryRow(ctx, "SELECT "+bulkColumns+" FROM bulk_requests WHERE tenant_id = ? AND id = ?", t.tenant, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil, nil, &noren.Error{
			Kind: noren.NotFound, Field: "bulk request", Message: "there is no such bulk request",
		}
	} else if err != nil {
		return r, nil, nil, doing("read a bulk request", err)
	}
	// The callback has the request's number, and its attempts exist only if it does.
	callbacks, err := t.Callbacks(ctx, noren.CallbackFilter{RequestID: id})
	if err != nil || len(callbacks) == 0 {
		return r, nil, nil, err
	}
	attempts, err := t.attempts(ctx, id)
	return r, &callbacks[0], attempts, err
}
