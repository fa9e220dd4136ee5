-- +goose Up

-- One row for each tenant where its other rows are, from which behind Citus batches are drawn so that they go to its shard, and
-- which is asked for each tenant's work. The table of tenants itself is on every node.
CREATE TABLE tenant_rows (
    tenant_id bigint NOT NULL PRIMARY KEY
);

INSERT INTO tenant_rows (tenant_id) SELECT id FROM tenants;
