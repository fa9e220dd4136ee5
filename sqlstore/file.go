package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"noren"
)

// Notes implements noren.FileTx.
func (t *tx) Notes(ctx context.Context, f noren.NoteFilter) ([]noren.Note, error) {
	w := t.where()
	w.and("member_id = ?", f.MemberID)
	oneOf(w, t.db.flavor, "id", f.IDs)
	w.span("created_at", f.Created)
	limit, args := limitOffset(f.Page)
	rows, err := t.query(ctx, "SELECT id, member_id, staff_id, COALESCE(login, ''), note, created_at FROM member_notes"+w.String()+
		" ORDER BY id"+limit, append(w.args, args...)...)
	list, err := collect(rows, err, func(row scannable) (n noren.Note, err error) {
		var createdAt int64
		err = row.Scan(&n.ID, &n.MemberID, &n.StaffID, &n.Login, &n.Text, &createdAt)
		n.CreatedAt = fromMicros(createdAt)
		return n, err
	})
	return list, doing("read notes", err)
}

// AddNote implements noren.FileTx.
func (t *tx) AddNote(ctx context.Context, n noren.Note) error {
	_, err := t.exec(ctx, `INSERT INTO member_notes (tenant_id, id, member_id, staff_id, login, note, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, t.tenant, n.ID, n.MemberID, n.StaffID, orNull(n.Login), n.Text, micros(n.CreatedAt))
	return doing("add a note", err)
}

// DeleteNote implements noren.FileTx.
func (t *tx) DeleteNote(ctx context.Context, member, note int64) (text *string, err error) {
	// The member is in the condition, so a note of somebody else is not found. The text is returned for the audit log.
	err = t.queryRow(ctx, `DELETE FROM member_notes WHERE tenant_id = ? AND member_id = ? AND id = ? RETURNING note`,
		t.tenant, member, note).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return text, doing("delete a note", err)
}

// Attachments implements noren.FileTx.
func (t *tx) Attachments(ctx context.Context, members []int64) ([]noren.Attachment, error) {
	listed, arg := isIn(t.db.flavor, "member_id", members)
	rows, err := t.query(ctx, `SELECT id, member_id, file_key, tag, file_name, mime_type, created_at FROM member_attachments
		WHERE tenant_id = ? AND `+listed+byID, t.tenant, arg)
	list, err := collect(rows, err, func(row scannable) (a noren.Attachment, err error) {
		var createdAt int64
		err = row.Scan(&a.ID, &a.MemberID, &a.FileKey, &a.Tag, &a.FileName, &a.MIMEType, &createdAt)
		a.CreatedAt = fromMicros(createdAt)
		return a, err
	})
	return list, doing("read attachments", err)
}

// AddAttachment implements noren.FileTx. Counting comes first: it locks the file, so that it is either attached or
// condemned.
func (t *tx) AddAttachment(ctx context.Context, a noren.Attachment) (bool, error) {
	n, err := t.exec(ctx, `UPDATE uploads SET attachments = attachments + 1
		WHERE tenant_id = ? AND file_key = ? AND NOT condemned`, t.tenant, a.FileKey)
	if err != nil || n == 0 {
		return false, doing("count an attachment", err)
	}
	_, err = t.exec(ctx, `INSERT INTO member_attachments
		(tenant_id, id, member_id, file_key, tag, file_name, mime_type, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		t.tenant, a.ID, a.MemberID, a.FileKey, a.Tag, a.FileName, a.MIMEType, micros(a.CreatedAt))
	return err == nil, doing("add an attachment", err)
}

// DeleteAttachment implements noren.FileTx.
func (t *tx) DeleteAttachment(ctx context.Context, member, attachment int64) (fileKey *string, err error) {
	err = t.queryRow(ctx, `DELETE FROM member_attachments WHERE tenant_id = ? AND member_id = ? AND id = ? RETURNING file_key`,
		t.tenant, member, attachment).Scan(&fileKey)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, doing("delete an attachment", err)
	}
	return fileKey, t.detached(ctx, []string{*fileKey})
}

// detached counts an attachment less of each file. One that has lost its last is condemned by the same statement: its temporary
// addresses and the next backup must not have it any more, however long its bytes are there.
func (t *tx) detached(ctx context.Context, fileKeys []string) error {
	listed, arg := isIn(t.db.flavor, "file_key", fileKeys)
	_, err := t.exec(ctx, "UPDATE uploads SET attachments = attachments - 1, condemned = (attachments = 1) WHERE tenant_id = ? AND "+listed,
		t.tenant, arg)
	return doing("count an attachment less", err)
}

// AddUpload implements noren.FileTx.
func (t *tx) AddUpload(ctx context.Context, u noren.Upload) error {
	_, err := t.exec(ctx, `INSERT INTO uploads
		(tenant_id, file_key, mime_type, size, public, client_id, created_at, attachments, condemned)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, FALSE)`,
		t.tenant, u.FileKey, u.MIMEType, u.Size, u.Public, u.ClientID, micros(u.CreatedAt))
	return doing("record an upload", err)
}

// Upload implements noren.FileTx.
func (t *tx) Upload(ctx context.Context, fileKey string) (*noren.Upload, error) {
	u := noren.Upload{FileKey: fileKey}
	var createdAt int64
	err := t.queryRow(ctx, `SELECT mime_type, size, public, client_id, created_at FROM uploads
		WHERE tenant_id = ? AND file_key = ? AND NOT condemned`, t.tenant, fileKey).
		Scan(&u.MIMEType, &u.Size, &u.Public, &u.ClientID, &createdAt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, doing("look for an upload", err)
	}
	u.CreatedAt = fromMicros(createdAt)
	return &u, nil
}

// CondemnUploads implements noren.FileTx. attachments = 0 stands outside as well: it is what PostgreSQL looks at again
// after it has waited for whoever was attaching the file.
func (t *tx) CondemnUploads(ctx context.Context, before time.Time, limit int) ([]string, error) {
	rows, err := t.query(ctx, `WITH found AS MATERIALIZED (
			SELECT file_key FROM uploads WHERE tenant_id = ? AND attachments = 0 AND (condemned OR created_at < ?)
			ORDER BY created_at, file_key LIMIT ?`+t.db.flavor.skipLocked+`)
		UPDATE uploads SET condemned = TRUE WHERE tenant_id = ? AND attachments = 0 AND file_key IN (SELECT file_key FROM found)
		RETURNING file_key`, t.tenant, micros(before), limit, t.tenant)
	list, err := collect(rows, err, func(row scannable) (key string, err error) {
		err = row.Scan(&key)
		return key, err
	})
	// RETURNING has no order.
	slices.Sort(list)
	return list, doing("condemn unused uploads", err)
}

// ForgetUploads implements noren.FileTx.
func (t *tx) ForgetUploads(ctx context.Context, fileKeys []string) error {
	f := t.db.flavor
	// Only what was condemned, which nobody can have attached since.
	_, err := t.exec(ctx, `DELETE FROM uploads WHERE tenant_id = ? AND condemned AND `+f.in("file_key"), t.tenant, f.list(fileKeys))
	return doing("forget uploads", err)
}

// TenantsWithUnusedFiles implements noren.FileDirectory. It asks each tenant, through the index over its files that nothing refers to.
func (db *DB) TenantsWithUnusedFiles(ctx context.Context, before time.Time) ([]noren.TenantID, error) {
	return db.tenantsOf(ctx, "unused files", "SELECT r.tenant_id FROM "+db.flavor.tenantRows+` WHERE EXISTS (
		SELECT 1 FROM uploads u WHERE u.tenant_id = r.tenant_id AND u.attachments = 0 AND (u.condemned OR u.created_at < ?))`,
		"r.tenant_id", micros(before))
}
