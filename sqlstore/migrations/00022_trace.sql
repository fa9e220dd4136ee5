-- +goose Up

-- Where a change came from: the network address, and the request ID that the client sent beside ours.
ALTER TABLE audit ADD COLUMN address text NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN client_request_id text NOT NULL DEFAULT '';
