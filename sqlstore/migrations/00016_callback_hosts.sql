-- +goose Up

-- Callbacks are claimed tenant by tenant, and host by host.
DROP INDEX callbacks_due;

CREATE INDEX callbacks_due ON callbacks (tenant_id, next_at ASC, owed_at) WHERE state = 'pending';

CREATE INDEX callbacks_host ON callbacks (tenant_id, host ASC, next_at ASC, request_id ASC) WHERE state = 'pending';
