-- +goose Up

-- The tokens of each member's haystack, separated by spaces. Tokens hold none, and each carries its tenant's id,
-- because a GIN index cannot lead with the tenant.

ALTER TABLE member_search ADD COLUMN tokens text NOT NULL DEFAULT '';

CREATE INDEX member_search_tokens ON member_search USING gin (string_to_array(tokens, ' '));
