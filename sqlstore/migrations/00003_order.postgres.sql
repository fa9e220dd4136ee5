-- +goose Up

-- Lists sorted by text have the same order on every engine and whatever the database's locale: that of the bytes,
-- which is also how dates compare.

ALTER TABLE tenants ALTER COLUMN contract TYPE text COLLATE "C";
ALTER TABLE stores ALTER COLUMN code TYPE text COLLATE "C";
ALTER TABLE stores ALTER COLUMN name TYPE text COLLATE "C";
ALTER TABLE products ALTER COLUMN code TYPE text COLLATE "C";
ALTER TABLE products ALTER COLUMN name TYPE text COLLATE "C";
ALTER TABLE staff ALTER COLUMN code TYPE text COLLATE "C";
ALTER TABLE clients ALTER COLUMN name TYPE text COLLATE "C";
ALTER TABLE console_users ALTER COLUMN login TYPE text COLLATE "C";
ALTER TABLE members ALTER COLUMN code TYPE text COLLATE "C";
