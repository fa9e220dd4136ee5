-- +goose Up

-- What a console user shows beside the password. A table of its own, so that applying a shop file does not touch it.
CREATE TABLE console_second_factors (
    tenant_id bigint NOT NULL,
    login text NOT NULL,
    secret text NOT NULL, -- base32, in clear: codes are made from it
    on_at bigint, -- NULL: shown to the user, who has not sent a code yet
    used_step bigint NOT NULL, -- half minutes since 1970: codes of this one and those before are used up
    recovery text NOT NULL, -- JSON: SHA-256 of each recovery code that is left
    PRIMARY KEY (tenant_id, login)
);
