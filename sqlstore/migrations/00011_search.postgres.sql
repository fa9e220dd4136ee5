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

-- In which blocks of token_members there is a member with a gram, four Latin letters or digits in a row: one row for each
-- gram and 64 blocks, with a bit for each block. A bit may stay when the member's gram goes; it costs a look and finds
-- nobody. A bit for each member, as token_members has, would take many times the rows: of all grams most are rare.

CREATE TABLE gram_blocks (
    tenant_id bigint NOT NULL,
    gram text COLLATE "C" NOT NULL,
    span bigint NOT NULL, -- member_id / 64 / 64
    blocks bigint NOT NULL, -- 64 bits
    PRIMARY KEY (tenant_id, gram, span)
) WITH (fillfactor = 90);
