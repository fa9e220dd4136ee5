-- +goose Up

-- A file of orders tells what was refunded so far, in all; the same refunds may be told one by one as well. When each was made says
-- which of them come on top of the sum. NULL: not known, and before all others.
ALTER TABLE purchase_refunds ADD COLUMN refunded_at bigint;
ALTER TABLE purchase_refunds ADD COLUMN so_far boolean NOT NULL DEFAULT false;
