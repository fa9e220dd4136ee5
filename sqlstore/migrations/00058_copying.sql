-- +goose Up

-- One row while another database is being copied into this one, by the run that writes: no server takes a database for whole
-- that has only a part of another.
CREATE TABLE copying (
    id bigint NOT NULL PRIMARY KEY,
    run text NOT NULL
);
