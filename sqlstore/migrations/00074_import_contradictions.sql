-- +goose Up

ALTER TABLE imports ADD COLUMN contradictions text NOT NULL DEFAULT '[]'; -- JSON of []noren.ImportContradiction
