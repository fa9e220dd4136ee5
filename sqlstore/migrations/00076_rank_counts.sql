-- +goose Up

-- The numbers of members by rank leave out those who left or were merged, so the index that counts them has the status.
DROP INDEX members_rank;
CREATE INDEX members_rank ON members (tenant_id, rank_id, id ASC, status);
