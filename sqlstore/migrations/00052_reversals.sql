-- +goose Up

-- An entry that reverses another names it; the index lets that happen once. Balances that were taken over from another system are
-- marked: they are corrected where they come from.
ALTER TABLE point_entries ADD COLUMN reverses bigint;
ALTER TABLE point_entries ADD COLUMN taken_over boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX point_entries_reverses ON point_entries (tenant_id, reverses) WHERE reverses IS NOT NULL;

ALTER TABLE point_lots ADD COLUMN entry_id bigint; -- the entry that granted it; NULL: granted before this was stored
