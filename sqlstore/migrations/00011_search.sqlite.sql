-- +goose Up

-- Which version of package search has made the search index, in one row. While another version makes it anew, making is
-- that version, and the members up to tenant_id and member_id are done.

CREATE TABLE search_version (
    id bigint NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    making bigint NOT NULL,
    tenant_id bigint NOT NULL,
    member_id bigint NOT NULL
);

INSERT INTO search_version (id, version, making, tenant_id, member_id) VALUES (1, 1, 1, 0, 0);
