-- +goose Up

-- The codes by which Smaregi's clients name ranks; empty where there is none.
ALTER TABLE ranks ADD COLUMN code text NOT NULL DEFAULT '';
ALTER TABLE staff_ranks ADD COLUMN code text NOT NULL DEFAULT '';
