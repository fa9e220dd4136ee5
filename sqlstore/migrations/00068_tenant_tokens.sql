-- +goose Up

-- Access tokens and console sessions whose secret names the tenant, so that they are where its other rows are. Secrets that name
-- none, which somebody gave or an earlier version made, stay in access_tokens and console_sessions, where they are found by their
-- hash alone.
CREATE TABLE tenant_tokens (
    tenant_id bigint NOT NULL,
    hash bytea NOT NULL, -- SHA-256
    client_id bigint NOT NULL,
    scopes text NOT NULL, -- JSON array
    expires_at bigint,
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX tenant_tokens_client ON tenant_tokens (tenant_id, client_id);
CREATE INDEX tenant_tokens_expiry ON tenant_tokens (tenant_id, expires_at ASC) WHERE expires_at IS NOT NULL;

CREATE TABLE tenant_sessions (
    tenant_id bigint NOT NULL,
    hash bytea NOT NULL, -- SHA-256
    login text NOT NULL,
    signed_in_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    expires_at bigint NOT NULL, -- unless it is used before
    PRIMARY KEY (tenant_id, hash)
);
CREATE INDEX tenant_sessions_user ON tenant_sessions (tenant_id, login);
CREATE INDEX tenant_sessions_expiry ON tenant_sessions (tenant_id, expires_at ASC);
