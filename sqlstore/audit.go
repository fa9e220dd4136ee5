package sqlstore

import (
	"context"
	"database/sql"

	"noren"
)

// AddAudit implements noren.AccessTx. The log is only ever added to: no statement of this package changes or
// removes an entry.
func (t *tx) AddAudit(ctx context.Context, entries []noren.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	of := func(value func(e *noren.AuditEntry) any) []any { return valuesOf(entries, value) }
	_, err := t.insertRows(ctx, "audit", "", []column{
		{"id", kindInt, of(func(e *noren.AuditEntry) any { return e.ID })},
		{"at", kindInt, of(func(e *noren.AuditEntry) any { return micros(e.At) })},
		{"client_id", kindInt, of(func(e *noren.AuditEntry) any { return e.ClientID })},
		{"login", kindText, of(func(e *noren.AuditEntry) any { return textOrNull(e.Login) })},
		{"dialect", kindText, of(func(e *noren.AuditEntry) any { return e.Dialect })},
		{"subject", kindText, of(func(e *noren.AuditEntry) any { return e.Subject })},
		{"subject_id", kindText, of(func(e *noren.AuditEntry) any { return e.SubjectID })},
		{"request_id", kindText, of(func(e *noren.AuditEntry) any { return e.RequestID })},
		{"changes", kindText, of(func(e *noren.AuditEntry) any { return string(e.Changes) })},
	})
	return doing("write the audit log", err)
}

// Audit implements noren.AccessTx. Entries are numbered in the order in which they were committed, so the newest
// are those with the highest numbers.
func (t *tx) Audit(ctx context.Context, f noren.AuditFilter) ([]noren.AuditEntry, error) {
	w := t.where()
	equal(w, "subject", f.Subject)
	equal(w, "subject_id", f.SubjectID)
	limit, args := limitOffset(f.Page)
	rows, err := t.query(ctx, "SELECT id, at, client_id, COALESCE(login, ''), dialect, subject, subject_id, request_id, changes FROM audit"+
		w.String()+" ORDER BY id DESC"+limit, append(w.args, args...)...)
	list, err := collect(rows, err, func(rows *sql.Rows) (e noren.AuditEntry, err error) {
		var at int64
		err = rows.Scan(&e.ID, &at, &e.ClientID, &e.Login, &e.Dialect, &e.Subject, &e.SubjectID, &e.RequestID, &e.Changes)
		e.At = fromMicros(at)
		return e, err
	})
	return list, doing("read the audit log", err)
}
