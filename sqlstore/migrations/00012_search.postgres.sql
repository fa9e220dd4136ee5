-- +goose Up

-- The search index is in memory, made of the members themselves.

DROP TABLE token_members;

DROP TABLE gram_blocks;

DROP TABLE member_search;

DROP TABLE search_version;

-- What every program that holds the members in memory has missed: each transaction that changed what members are found by,
-- numbered without gaps in the order of commits. A token is made up for each, so that a number that is given again, after a
-- backup was restored, is not taken for the one that was given before. Old rows are removed.

CREATE TABLE member_changes (
    tenant_id bigint NOT NULL,
    number bigint NOT NULL,
    token bigint NOT NULL,
    members bytea NOT NULL, -- ids in order, each as a varint of what it is more than the one before
    PRIMARY KEY (tenant_id, number)
);
