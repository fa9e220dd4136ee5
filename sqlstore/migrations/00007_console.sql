-- +goose Up

-- Who of a client did it: the login of a console user. NULL where a program did.
ALTER TABLE audit ADD COLUMN login text;
ALTER TABLE point_entries ADD COLUMN login text;
ALTER TABLE rank_changes ADD COLUMN login text;

-- The movements of all members in the order of their time, for lists over a stretch of it.
CREATE INDEX point_entries_at ON point_entries (tenant_id, at ASC, id ASC);

-- The only store whose members the user sees, besides those of all stores. NULL: the whole tenant.
ALTER TABLE console_users ADD COLUMN store_id bigint;

-- Who is signed in to the console. Found across tenants by the hash of what the browser holds, as access tokens are.
CREATE TABLE console_sessions (
    hash bytea NOT NULL PRIMARY KEY, -- SHA-256
    tenant_id bigint NOT NULL,
    login text NOT NULL,
    signed_in_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    expires_at bigint NOT NULL -- unless it is used before
);
CREATE INDEX console_sessions_user ON console_sessions (tenant_id, login);
CREATE INDEX console_sessions_expiry ON console_sessions (expires_at ASC);

-- How often somebody failed to sign in, by login and by network address. Across tenants: a guess may name one that does
-- not exist.
CREATE TABLE sign_in_failures (
    subject text NOT NULL PRIMARY KEY,
    failures bigint NOT NULL,
    last_at bigint NOT NULL,
    blocked_until bigint NOT NULL
);
CREATE INDEX sign_in_failures_last ON sign_in_failures (last_at ASC);
