-- +goose Up

-- The secret of an easyPoints client is a Bearer token too. Clients made in the console had none until now; tokens and secrets
-- have the same hash.
INSERT INTO access_tokens (hash, tenant_id, client_id, scopes)
SELECT secret_hash, tenant_id, id, scopes FROM clients
WHERE dialect = 'easypoints' AND secret_hash IS NOT NULL AND length(secret_hash) > 0 AND revoked_at IS NULL
ON CONFLICT (hash) DO NOTHING;
