-- +goose Up

-- The receipts of members who were erased: when, by whom, and how much of what was removed.
CREATE TABLE erasures (
    tenant_id bigint NOT NULL,
    member_id bigint NOT NULL,
    at bigint NOT NULL,
    erased_by text NOT NULL,
    removed text NOT NULL, -- JSON: {"notes": 2, …}
    PRIMARY KEY (tenant_id, member_id, at)
);
