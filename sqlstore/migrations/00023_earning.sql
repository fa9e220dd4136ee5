-- +goose Up

-- The points that a purchase earned, and what became of them: earned is what the purchase keeps and the four that follow. What
-- was recorded before has earned nothing, and never will.
ALTER TABLE purchases ADD COLUMN tax bigint NOT NULL DEFAULT 0; -- the part of amount that is tax
ALTER TABLE purchases ADD COLUMN used_points bigint NOT NULL DEFAULT 0; -- the part of amount that was paid with points
ALTER TABLE purchases ADD COLUMN earn_rule text; -- JSON: the rule of the grant; NULL: nothing was granted
ALTER TABLE purchases ADD COLUMN earn_counted bigint NOT NULL DEFAULT 0; -- how much of amount earned points
ALTER TABLE purchases ADD COLUMN earned bigint NOT NULL DEFAULT 0;
ALTER TABLE purchases ADD COLUMN returned bigint NOT NULL DEFAULT 0; -- taken back after refunds
ALTER TABLE purchases ADD COLUMN lapsed bigint NOT NULL DEFAULT 0; -- would have been, but had expired unused
ALTER TABLE purchases ADD COLUMN forgiven bigint NOT NULL DEFAULT 0; -- would have been, but was used
ALTER TABLE purchases ADD COLUMN owed bigint NOT NULL DEFAULT 0; -- the same, and is taken from later grants
CREATE INDEX purchases_owed ON purchases (tenant_id, member_id, id ASC) WHERE owed > 0;

-- A purchase has one lot at most, so that no mistake can grant it twice.
ALTER TABLE point_lots ADD COLUMN usable_from text; -- the first day on which it can be used; NULL: at once
ALTER TABLE point_lots ADD COLUMN purchase_id bigint; -- the purchase that earned it
CREATE UNIQUE INDEX point_lots_purchase ON point_lots (tenant_id, purchase_id) WHERE purchase_id IS NOT NULL;

ALTER TABLE point_entries ADD COLUMN purchase_id bigint; -- the purchase that earned, or gives back, the points
