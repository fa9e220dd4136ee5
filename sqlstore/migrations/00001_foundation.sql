-- +goose Up

-- One schema for every engine. tenant_id leads every primary key, unique constraint and foreign key, so that the
-- tables can be sharded by it. Times are microseconds since 1970, dates are text YYYY-MM-DD, ids are made by the
-- application. The tables without a tenant in front are small look-ups across tenants: tenants, client_keys,
-- access_tokens.

CREATE TABLE tenants (
    id bigint NOT NULL PRIMARY KEY,
    contract text NOT NULL UNIQUE,
    settings text NOT NULL, -- JSON of noren.Tenant
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

-- The next number of each of a tenant's counters, and what is counted instead of scanned.
CREATE TABLE counters (
    tenant_id bigint NOT NULL,
    name text NOT NULL,
    next bigint NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE ranks (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    uid text NOT NULL,
    position bigint NOT NULL,
    name text NOT NULL,
    entry_spend bigint NOT NULL,
    maintenance_spend bigint NOT NULL,
    ratio double precision NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE staff_ranks (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE stores (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL, -- shop | warehouse | order
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE products (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX products_code ON products (tenant_id, code);

CREATE TABLE staff (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    store_id bigint,
    PRIMARY KEY (tenant_id, id)
);

-- Secrets that have to be read again: client:<id> signs callbacks, others are named by what they are for.
CREATE TABLE signing_keys (
    tenant_id bigint NOT NULL,
    name text NOT NULL,
    secret text NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE console_users (
    tenant_id bigint NOT NULL,
    login text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL, -- admin | staff | viewer
    PRIMARY KEY (tenant_id, login)
);

CREATE TABLE clients (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    dialect text NOT NULL,
    kind text NOT NULL, -- app | user
    store_id bigint,
    scopes text NOT NULL, -- JSON array
    key text NOT NULL,
    secret_hash bytea,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE client_keys (
    dialect text NOT NULL,
    key text NOT NULL,
    tenant_id bigint NOT NULL,
    client_id bigint NOT NULL,
    PRIMARY KEY (dialect, key)
);
CREATE INDEX client_keys_client ON client_keys (tenant_id, client_id);

CREATE TABLE access_tokens (
    hash bytea NOT NULL PRIMARY KEY, -- SHA-256
    tenant_id bigint NOT NULL,
    client_id bigint NOT NULL,
    scopes text NOT NULL, -- JSON array
    expires_at bigint
);
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE members (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    code text NOT NULL,
    alias_code text,
    customer_no text,
    last_name text,
    first_name text,
    last_kana text,
    first_kana text,
    postal_code text,
    prefecture text,
    address1 text,
    address2 text,
    phone text,
    fax text,
    mobile text,
    email text,
    email2 text,
    email3 text,
    company text,
    department text,
    position text,
    occupation text,
    sex text NOT NULL,
    birth_date text,
    entry_date text,
    leave_date text,
    point_unit_price bigint,
    point_unit bigint,
    pin text,
    passport_no text,
    nationality text,
    alphabet_name text,
    mail_opt_in boolean NOT NULL,
    note text,
    note2 text,
    favorites text,
    browsing text,
    status text NOT NULL,
    rank_id bigint,
    staff_rank_id bigint,
    store_id bigint,
    is_invoice_provider boolean NOT NULL,
    invoice_number text,
    bank_code text,
    bank_branch_code text,
    bank_account_number text,
    bank_account_name text,
    line_user_id text,
    shopify_customer_id text,
    last_visit_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, code),
    FOREIGN KEY (tenant_id, rank_id) REFERENCES ranks (tenant_id, id),
    FOREIGN KEY (tenant_id, staff_rank_id) REFERENCES staff_ranks (tenant_id, id),
    FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id)
);
CREATE UNIQUE INDEX members_alias_code ON members (tenant_id, alias_code) WHERE alias_code IS NOT NULL;
CREATE UNIQUE INDEX members_shopify ON members (tenant_id, shopify_customer_id) WHERE shopify_customer_id IS NOT NULL;
CREATE INDEX members_customer_no ON members (tenant_id, customer_no) WHERE customer_no IS NOT NULL;
CREATE INDEX members_updated ON members (tenant_id, updated_at ASC, id ASC);
CREATE INDEX members_created ON members (tenant_id, created_at ASC, id ASC);

-- What a keyword is compared with, folded as package search does; the index over its tokens is made per engine.
CREATE TABLE member_search (
    tenant_id bigint NOT NULL,
    member_id bigint NOT NULL,
    haystack text NOT NULL,
    PRIMARY KEY (tenant_id, member_id)
);

CREATE TABLE purchases (
    tenant_id bigint NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    member_id bigint NOT NULL,
    amount bigint NOT NULL,
    paid_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, source, external_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX purchases_member ON purchases (tenant_id, member_id, paid_at ASC);

CREATE TABLE stock_levels (
    tenant_id bigint NOT NULL,
    product_id bigint NOT NULL,
    store_id bigint NOT NULL,
    amount bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, product_id, store_id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id),
    FOREIGN KEY (tenant_id, store_id) REFERENCES stores (tenant_id, id)
);
CREATE INDEX stock_levels_store ON stock_levels (tenant_id, store_id ASC, product_id ASC);
CREATE INDEX stock_levels_updated ON stock_levels (tenant_id, updated_at ASC, product_id ASC, store_id ASC);

CREATE TABLE stock_movements (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    product_id bigint NOT NULL,
    store_id bigint NOT NULL,
    delta bigint NOT NULL,
    amount_after bigint NOT NULL,
    division text NOT NULL,
    memo text,
    at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX stock_movements_level ON stock_movements (tenant_id, product_id, store_id, id ASC);

-- One row for each tenant that ever had a bulk request, locked by who applies them. Not the counter's row, so that
-- applying never blocks accepting.
CREATE TABLE lanes (
    tenant_id bigint NOT NULL PRIMARY KEY
);

CREATE TABLE bulk_requests (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    token text NOT NULL,
    kind text NOT NULL, -- members | stock
    dialect text NOT NULL,
    client_id bigint NOT NULL,
    store_id bigint,
    request_id text NOT NULL, -- of the HTTP request
    callback_url text NOT NULL,
    rows bytea NOT NULL, -- JSON of noren.BulkRows
    state text NOT NULL, -- accepted | succeeded | failed
    tries bigint NOT NULL,
    failures text, -- JSON of []noren.Failure
    accepted_at bigint NOT NULL,
    applied_at bigint,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, token)
);
CREATE INDEX bulk_requests_accepted ON bulk_requests (tenant_id, id ASC, accepted_at) WHERE state = 'accepted';

CREATE TABLE callbacks (
    tenant_id bigint NOT NULL,
    request_id bigint NOT NULL, -- of the bulk request
    client_id bigint NOT NULL,
    url text NOT NULL,
    host text NOT NULL,
    body bytea NOT NULL,
    state text NOT NULL, -- pending | delivered | given_up
    attempts bigint NOT NULL,
    tries bigint NOT NULL,
    owed_at bigint NOT NULL,
    next_at bigint NOT NULL,
    lease_until bigint NOT NULL, -- free from here on
    PRIMARY KEY (tenant_id, request_id)
);
-- Led by the time and not by the tenant: the search for what is due goes over all tenants, oldest first.
CREATE INDEX callbacks_due ON callbacks (next_at ASC, tenant_id ASC, request_id ASC, host, owed_at) WHERE state = 'pending';

CREATE TABLE callback_attempts (
    tenant_id bigint NOT NULL,
    request_id bigint NOT NULL,
    number bigint NOT NULL,
    at bigint NOT NULL,
    duration bigint NOT NULL, -- microseconds
    status bigint NOT NULL, -- 0: there was no answer
    error text NOT NULL,
    answer bytea,
    PRIMARY KEY (tenant_id, request_id, number)
);

CREATE TABLE kept_answers (
    tenant_id bigint NOT NULL,
    client_id bigint NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    status bigint NOT NULL,
    content_type text NOT NULL,
    body bytea,
    expires_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, client_id, route, key)
);
CREATE INDEX kept_answers_expiry ON kept_answers (tenant_id, expires_at ASC);

CREATE TABLE audit (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    at bigint NOT NULL,
    client_id bigint, -- NULL: the operator
    dialect text NOT NULL,
    subject text NOT NULL,
    subject_id text NOT NULL,
    request_id text NOT NULL,
    changes text NOT NULL, -- JSON: {"column": [before, after], …}
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_subject ON audit (tenant_id, subject, subject_id, id DESC);
