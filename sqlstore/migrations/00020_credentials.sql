-- +goose Up

-- The password of the shop file as it was applied last, so that applying it again does not replace the user's own; and when
-- the user was switched off.
ALTER TABLE console_users ADD COLUMN file_hash text NOT NULL DEFAULT '';
ALTER TABLE console_users ADD COLUMN disabled_at bigint;

-- The API keys that were issued to a client of ReCORE: when, until when, and when they were revoked. Not the keys themselves.
ALTER TABLE clients ADD COLUMN api_keys text NOT NULL DEFAULT '[]';

-- The secret before the present one, which stays valid for a while after a change.
ALTER TABLE signing_keys ADD COLUMN previous text NOT NULL DEFAULT '';
ALTER TABLE signing_keys ADD COLUMN previous_until bigint NOT NULL DEFAULT 0;
