-- +goose Up

-- Lists in the order of the kana, without which a page of many members would be a sort of all.

CREATE INDEX members_kana ON members (tenant_id, COALESCE(last_kana, '') ASC, COALESCE(first_kana, '') ASC, id ASC);
