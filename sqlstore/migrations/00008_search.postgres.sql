-- +goose Up

-- Which members have a token: one row for each token and block of 64 ids, with a bit for each member, the lowest for the
-- first id. Read along its key a token's members come in the order of their ids and stop where a page is full, whatever
-- statistics there are; and as the tenant leads the key, the table is sharded like every other one. Each member writing
-- a row for each token would take some five times the room.

CREATE TABLE token_members (
    tenant_id bigint NOT NULL,
    token text COLLATE "C" NOT NULL,
    block bigint NOT NULL, -- member_id / 64
    members bigint NOT NULL, -- 64 bits
    PRIMARY KEY (tenant_id, token, block)
) WITH (fillfactor = 90);

INSERT INTO token_members (tenant_id, token, block, members)
SELECT s.tenant_id, substr(u.stored, strpos(u.stored, ':') + 1), s.member_id >> 6,
    bit_or(CAST(1 AS bigint) << CAST(s.member_id & 63 AS integer))
FROM member_search AS s CROSS JOIN LATERAL unnest(string_to_array(s.tokens, ' ')) AS u (stored)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

DROP INDEX member_search_tokens;

ALTER TABLE member_search DROP COLUMN tokens;

-- Lists in the order of the kana, without which a page of many members would be a sort of all.

ALTER TABLE members ALTER COLUMN last_kana TYPE text COLLATE "C";
ALTER TABLE members ALTER COLUMN first_kana TYPE text COLLATE "C";

CREATE INDEX members_kana ON members (tenant_id, COALESCE(last_kana, '') ASC, COALESCE(first_kana, '') ASC, id ASC);
