-- +goose Up

-- The tokens of each member's haystack. Nothing but the index is kept: content='' stores no text, detail=none no
-- positions. Tokens are separated by spaces, and hold none: the ascii tokenizer takes every character beyond ASCII
-- as part of a token, and is told to do so with the punctuation of ASCII as well.
--
-- A row is found by rowid, tenant_id * 2^34 + member_id. tenant_id as a column is not stored: it is there so that
-- this table is written like every other one.

CREATE VIRTUAL TABLE member_tokens USING fts5(
    tenant_id UNINDEXED, tokens,
    content = '', contentless_delete = 1, detail = none,
    tokenize = 'ascii tokenchars ''!"#$%&''''()*+,-./:;<=>?@[\]^_`{|}~'''
);

-- Which token is in which row, read only to verify the index.

CREATE VIRTUAL TABLE member_token_uses USING fts5vocab(member_tokens, 'instance');
