-- +goose Up

-- How many rows a bulk request has. NULL: a program that did not write it down accepted it.
ALTER TABLE bulk_requests ADD COLUMN size bigint;

-- What lists and counts of requests read. The rows of a request are long, and SQLite reads what stands behind them
-- through them; with this it need not.
CREATE INDEX bulk_requests_list ON bulk_requests (tenant_id, id DESC, kind, state, client_id, store_id, accepted_at, applied_at);

-- What somebody has to look at is rare among all there is.
CREATE INDEX bulk_requests_failed ON bulk_requests (tenant_id, id DESC) WHERE state = 'failed';
CREATE INDEX callbacks_given_up ON callbacks (tenant_id, request_id DESC) WHERE state = 'given_up';

CREATE INDEX callback_attempts_at ON callback_attempts (tenant_id, at ASC);

-- When a client was last seen to call, to within some minutes, and when it was revoked.
ALTER TABLE clients ADD COLUMN last_used_at bigint;
ALTER TABLE clients ADD COLUMN revoked_at bigint;
CREATE INDEX access_tokens_client ON access_tokens (tenant_id, client_id);

-- What people did, among the much more that programs do.
CREATE INDEX audit_login ON audit (tenant_id, login, id DESC) WHERE login IS NOT NULL;

-- What a fragment of a product's code or name is compared with, folded as package search does. Empty: it is not
-- written yet, as for products that were stored before.
ALTER TABLE products ADD COLUMN haystack text NOT NULL DEFAULT '';
