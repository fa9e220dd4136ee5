-- +goose Up

-- The bytes of a draft's file, so that it can be read again in another encoding. They go when the import starts.
CREATE TABLE import_files (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    number bigint NOT NULL,
    part bytea NOT NULL,
    PRIMARY KEY (tenant_id, import_id, number),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);
