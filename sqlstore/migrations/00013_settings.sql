-- +goose Up

-- What a tenant's settings are known by: whoever changes tenant, ranks, staff ranks, stores, clients, their keys, tokens
-- or secrets gives them another version in the same transaction. A random number and not a count, so that a version that
-- was lost with its transaction never comes back for something else. No row: nothing has changed since there was this table.
CREATE TABLE settings_versions (
    tenant_id bigint NOT NULL PRIMARY KEY,
    version bigint NOT NULL
);
