package sqlstore

import (
	"context"
	"database/sql"
	"errors"
)

// AddImportFilePart implements noren.ImportFileTx.
func (t *tx) AddImportFilePart(ctx context.Context, id, number int64, part []byte) error {
	_, err := t.exec(ctx, `INSERT INTO import_files (tenant_id, import_id, number, part) VALUES (?, ?, ?, ?)`, t.tenant, id, number, part)
	return doing("keep the file of an import", err)
}

// ImportFilePart implements noren.ImportFileTx.
func (t *tx) ImportFilePart(ctx context.Context, id, number int64) (part []byte, err error) {
	err = t.queryRow(ctx, `SELECT part FROM import_files WHERE tenant_id = ? AND import_id = ? AND number = ?`, t.tenant, id, number).
		Scan(&part)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return part, doing("read the file of an import", err)
}

// RemoveImportFile implements noren.ImportFileTx.
func (t *tx) RemoveImportFile(ctx context.Context, id int64) error {
	_, err := t.exec(ctx, `DELETE FROM import_files WHERE tenant_id = ? AND import_id = ?`, t.tenant, id)
	return doing("remove the file of an import", err)
}

// RemoveImportPieces implements noren.ImportFileTx.
func (t *tx) RemoveImportPieces(ctx context.Context, id int64, limit int) (int, error) {
	n, err := t.exec(ctx, `DELETE FROM import_pieces WHERE tenant_id = ? AND import_id = ? AND number IN (
		SELECT number FROM import_pieces WHERE tenant_id = ? AND import_id = ? ORDER BY number LIMIT ?)`, t.tenant, id, t.tenant, id, limit)
	return int(n), doing("remove lines of a draft", err)
}
