-- +goose Up

ALTER TABLE member_notes ADD COLUMN login text; -- the console user who wrote it; NULL: a program, or a person before this was stored
