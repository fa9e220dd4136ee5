-- +goose Up

-- References that are looked at row by row for each write, though whoever writes has looked, or has the row locked: a bulk update
-- of ranks locked the four rows of the ladder once for each member, and all such updates at once waited for each other there. No
-- rank, store or member is ever deleted, and noren verify checks each of them.
ALTER TABLE members DROP CONSTRAINT IF EXISTS members_tenant_id_rank_id_fkey;

ALTER TABLE members DROP CONSTRAINT IF EXISTS members_tenant_id_staff_rank_id_fkey;

ALTER TABLE members DROP CONSTRAINT IF EXISTS members_tenant_id_store_id_fkey;

ALTER TABLE point_lots DROP CONSTRAINT IF EXISTS point_lots_tenant_id_member_id_fkey;

ALTER TABLE rank_changes DROP CONSTRAINT IF EXISTS rank_changes_tenant_id_member_id_fkey;

ALTER TABLE stock_levels DROP CONSTRAINT IF EXISTS stock_levels_tenant_id_product_id_fkey;

ALTER TABLE stock_levels DROP CONSTRAINT IF EXISTS stock_levels_tenant_id_store_id_fkey;

-- Room for the next version of a row beside the last one.
ALTER TABLE members SET (fillfactor = 85);

ALTER TABLE point_lots SET (fillfactor = 85);

ALTER TABLE stock_levels SET (fillfactor = 85);
