-- +goose Up

-- Where a bulk request came from, for the entries of the audit log that its effect makes later.
ALTER TABLE bulk_requests ADD COLUMN address text NOT NULL DEFAULT '';
ALTER TABLE bulk_requests ADD COLUMN client_request_id text NOT NULL DEFAULT '';
