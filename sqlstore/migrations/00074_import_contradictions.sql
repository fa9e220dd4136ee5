-- +goose Up

ALTER TABLE imports ADD COLUMN contradictions text NOT NULL DEFAULT '[]'; -- JSON of []noren.ImportContradiction
ALTER TABLE imports ADD COLUMN code_lengths text NOT NULL DEFAULT '[]'; -- JSON array of integers
