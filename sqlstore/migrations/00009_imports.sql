-- +goose Up

-- Files of lines that change members, products, stock or purchases, and how far each has taken effect.
CREATE TABLE imports (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    kind text NOT NULL, -- members | products | stock | purchases
    state text NOT NULL, -- uploading | draft | waiting | running | done | cancelled | failed
    source text NOT NULL,
    file_name text NOT NULL,
    encoding text NOT NULL,
    columns text NOT NULL, -- JSON of []noren.ImportColumn
    view bigint NOT NULL,
    client_id bigint, -- NULL: the operator or a console user
    login text NOT NULL,
    dialect text NOT NULL,
    store_id bigint,
    request_id text NOT NULL,
    total bigint NOT NULL, -- lines, as all counts
    processed bigint NOT NULL,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    unchanged bigint NOT NULL,
    refused bigint NOT NULL,
    tries bigint NOT NULL,
    created_at bigint NOT NULL,
    started_at bigint,
    finished_at bigint,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX imports_active ON imports (tenant_id, id ASC) WHERE state IN ('waiting', 'running');

-- The lines that have not taken effect yet. A piece is removed in the transaction of its effect.
CREATE TABLE import_pieces (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    number bigint NOT NULL,
    lines bytea NOT NULL, -- JSON of []noren.ImportLine
    PRIMARY KEY (tenant_id, import_id, number),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);

CREATE TABLE import_refusals (
    tenant_id bigint NOT NULL,
    import_id bigint NOT NULL,
    line bigint NOT NULL, -- of the file
    cells text NOT NULL, -- JSON array
    problems text NOT NULL, -- JSON of []noren.ImportProblem
    PRIMARY KEY (tenant_id, import_id, line),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);

-- Products have been numbered by hand so far. Those that an import makes get numbers above.
INSERT INTO counters (tenant_id, name, next) SELECT tenant_id, 'product', MAX(id) + 1 FROM products GROUP BY tenant_id;
