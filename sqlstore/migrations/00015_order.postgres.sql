-- +goose Up

-- References that lock the member of a row that is written, behind what the transaction has locked before: all locks are taken
-- in one order, and this one would come last. No member is ever deleted, and noren verify checks each of them.
ALTER TABLE member_notes DROP CONSTRAINT IF EXISTS member_notes_tenant_id_member_id_fkey;

ALTER TABLE member_attachments DROP CONSTRAINT IF EXISTS member_attachments_tenant_id_member_id_fkey;

ALTER TABLE purchases DROP CONSTRAINT IF EXISTS purchases_tenant_id_member_id_fkey;

ALTER TABLE member_spend DROP CONSTRAINT IF EXISTS member_spend_tenant_id_member_id_fkey;
