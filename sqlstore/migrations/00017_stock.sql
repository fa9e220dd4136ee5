-- +goose Up

-- Who made a movement, as the audit log tells it. It used to have an entry for each level.
ALTER TABLE stock_movements ADD COLUMN client_id bigint;

ALTER TABLE stock_movements ADD COLUMN login text;

ALTER TABLE stock_movements ADD COLUMN dialect text;

-- The day of updated_at, counted from 1970 in UTC. What changed lately is looked for by day, so that a level that is set several
-- times a day moves in no index.
ALTER TABLE stock_levels ADD COLUMN updated_day bigint NOT NULL DEFAULT 0;

UPDATE stock_levels SET updated_day = updated_at / 86400000000;

CREATE INDEX stock_levels_day ON stock_levels (tenant_id, updated_day ASC);

DROP INDEX stock_levels_updated;
