package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"noren"
)

// AddAudit implements noren.AuditTx. Entries with numbers of their own take none, and need not wait for the end.
func (t *tx) AddAudit(ctx context.Context, entries []noren.AuditEntry) error {
	// The context of the call, which is that of the request: what is written at the end may be written with another one.
	from := noren.OriginOf(ctx)
	entries = slices.Clone(entries)
	for i := range entries {
		e := &entries[i]
		// Those of an entry that has them already stay: work of the background is done for the request that asked for
		// it.
		e.Address, e.ClientRequestID = cmp.Or(e.Address, from.Address), cmp.Or(e.ClientRequestID, from.ClientRequestID)
	}
	if len(entries) > 0 && entries[0].ID != 0 {
		return t.writeAudit(ctx, entries)
	}
	t.audit = append(t.audit, entries...)
	return nil
}

// writeAudit stores entries. The log is only ever added to: nothing but ErasePeople and SweepAudit change
// entries, and only their values.
func (t *tx) writeAudit(ctx context.Context, entries []noren.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	of := func(value func(e *noren.AuditEntry) any) []any { return valuesOf(entries, value) }
	return t.insertNumbered(ctx, deferred{doing: "write the audit log"}, "audit", noren.CounterAudit, []column{
		{"id", kindInt, of(func(e *noren.AuditEntry) any { return e.ID })},
		{"at", kindInt, of(func(e *noren.AuditEntry) any { return micros(e.At) })},
		{"client_id", kindInt, of(func(e *noren.AuditEntry) any { return e.ClientID })},
		{"login", kindText, of(func(e *noren.AuditEntry) any { return orNull(e.Login) })},
		{"dialect", kindText, of(func(e *noren.AuditEntry) any { return e.Dialect })},
		{"subject", kindText, of(func(e *noren.AuditEntry) any { return e.Subject })},
		{"subject_id", kindText, of(func(e *noren.AuditEntry) any { return e.SubjectID })},
		{"request_id", kindText, of(func(e *noren.AuditEntry) any { return e.RequestID })},
		{"changes", kindText, of(func(e *noren.AuditEntry) any { return string(e.Changes) })},
		{"address", kindText, of(func(e *noren.AuditEntry) any { return e.Address })},
		{"client_request_id", kindText, of(func(e *noren.AuditEntry) any { return e.ClientRequestID })},
	})
}

// Audit implements noren.AuditTx. Entries are numbered in the order in which they were committed, so the newest
// are those with the highest numbers.
func (t *tx) Audit(ctx context.Context, f noren.AuditFilter) ([]noren.AuditEntry, error) {
	w := t.where()
	equal(w, "subject", f.Subject)
	equal(w, "subject_id", f.SubjectID)
	equal(w, "dialect", f.Dialect)
	equal(w, "client_id", f.ClientID)
	equal(w, "login", f.Login)
	w.span("at", f.At)
	w.between(f.After, f.Before)
	limit, args := limitOffset(f.Page)
	rows, err := t.query(ctx, `SELECT id, at, client_id, COALESCE(login, ''), dialect, subject, subject_id, request_id, changes, address,
		client_request_id FROM audit`+w.String()+" ORDER BY id DESC"+limit, append(w.args, args...)...)
	list, err := collect(rows, err, func(row scannable) (e noren.AuditEntry, err error) {
		var at int64
		err = row.Scan(&e.ID, &at, &e.ClientID, &e.Login, &e.Dialect, &e.Subject, &e.SubjectID, &e.RequestID, &e.Changes,
			&e.Address, &e.ClientRequestID)
		e.At = fromMicros(at)
		return e, err
	})
	return list, doing("read the audit log", err)
}

// AuditNumber implements noren.AuditTx. It halves the numbers until it has found the place: times have no index, which
// every write would have to pay for.
func (t *tx) AuditNumber(ctx context.Context, at time.Time) (int64, error) {
	n, err := t.numberAt(ctx, "audit", "at", noren.CounterAudit, at)
	return n, doing("find a time in the audit log", err)
}

// numberAt is the number of the last row of the table at or before that time, where numbers from the counter are in the
// order of times. It is put together bit by bit from the highest on: a bit belongs to it where the number so far, with the
// bit, is not beyond the last row and not later. A number may have no row; the last one before it speaks for it.
func (t *tx) numberAt(ctx context.Context, table, column string, counter noren.Counter, at time.Time) (n int64, err error) {
	err = t.queryRow(ctx, `WITH RECURSIVE bits (number, bit) AS (
			SELECT CAST(0 AS bigint), CAST(? AS bigint)
			UNION ALL
			SELECT CASE WHEN number + bit < (SELECT next FROM counters WHERE tenant_id = ? AND name = ?)
				AND COALESCE((SELECT `+column+` <= ? FROM `+table+` AS row
					WHERE row.tenant_id = ? AND row.id <= number + bit ORDER BY row.id DESC LIMIT 1), true)
				THEN number + bit ELSE number END, bit / 2
			FROM bits WHERE bit > 0
		)
		SELECT MAX(number) FROM bits`, highestBit, t.tenant, counter, micros(at), t.tenant).Scan(&n)
	return n, err
}

// highestBit is that of the largest number that numberAt finds: more than there will be.
const highestBit = 1 << 41

// SweepAudit implements noren.AuditTx. How far it is, is a counter: every write would have to pay for an index.
func (t *tx) SweepAudit(ctx context.Context, before time.Time, limit int) (int, error) {
	last, err := t.AuditNumber(ctx, before)
	if err != nil {
		return 0, err
	}
	var first int64
	err = t.queryRow(ctx, "SELECT COALESCE((SELECT next FROM counters WHERE tenant_id = ? AND name = ?), 1)",
		t.tenant, noren.CounterAuditSwept).Scan(&first)
	if err != nil {
		return 0, doing("look for old audit values", err)
	}
	// Entries are counted by number and not by what there is to remove, so each call looks at a bounded part of the
	// log.
	last = min(last, first+int64(limit)-1)
	if last < first {
		return 0, nil
	}
	// Before the entries, because the counter's row keeps a sweep of another server away from them.
	if err := t.Raise(ctx, noren.CounterAuditSwept, last); err != nil {
		return 0, err
	}
	// The time is asked as well: numbers follow it only as well as the clocks of several servers agree.
	_, err = t.exec(ctx, "UPDATE audit SET changes = '{}' WHERE tenant_id = ? AND id >= ? AND id <= ? AND at < ? AND changes <> '{}'",
		t.tenant, first, last, micros(before))
	return int(last - first + 1), doing("remove old audit values", err)
}
