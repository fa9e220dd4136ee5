-- +goose Up

-- What each grant of points is worth. A balance is read from the lots with anything remaining, so those have indexes of
-- their own, which do not grow with what was used up: by member for balances and for taking, by day for the expiry run.
CREATE TABLE point_lots (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    member_id bigint NOT NULL,
    type text NOT NULL, -- DEFAULT | PAID
    granted_at bigint NOT NULL,
    expires_on text, -- the last day on which it can be used; NULL: it never expires
    amount bigint NOT NULL,
    remaining bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX point_lots_member ON point_lots (tenant_id, member_id, type, id ASC) WHERE remaining > 0;
CREATE INDEX point_lots_expiry ON point_lots (tenant_id, expires_on ASC, id ASC) WHERE remaining > 0 AND expires_on IS NOT NULL;

-- The ledger: one row for each movement of a member's points, never changed.
CREATE TABLE point_entries (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    member_id bigint NOT NULL,
    type text NOT NULL, -- DEFAULT | PAID
    kind text NOT NULL, -- granted | used | expired
    delta bigint NOT NULL,
    staff_id bigint,
    note text NOT NULL,
    at bigint NOT NULL,
    client_id bigint, -- NULL: the operator or the daily run
    dialect text NOT NULL,
    request_id text NOT NULL, -- of the HTTP request
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX point_entries_member ON point_entries (tenant_id, member_id, id ASC);

-- Which lots an entry took its points from.
CREATE TABLE point_burns (
    tenant_id bigint NOT NULL,
    entry_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (tenant_id, entry_id, lot_id)
);

CREATE TABLE member_notes (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    member_id bigint NOT NULL,
    staff_id bigint,
    note text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX member_notes_member ON member_notes (tenant_id, member_id, id ASC);

-- What is known of a stored file. attachments counts what refers to it: the count finds the files that nothing refers
-- to without reading all others, and its row lock decides between attaching a file and condemning it.
CREATE TABLE uploads (
    tenant_id bigint NOT NULL,
    file_key text NOT NULL,
    mime_type text NOT NULL,
    size bigint NOT NULL, -- bytes
    public boolean NOT NULL,
    client_id bigint NOT NULL,
    created_at bigint NOT NULL,
    attachments bigint NOT NULL,
    condemned boolean NOT NULL, -- its bytes are being removed
    PRIMARY KEY (tenant_id, file_key)
);
CREATE INDEX uploads_unused ON uploads (tenant_id, created_at ASC, file_key ASC) WHERE attachments = 0;

CREATE TABLE member_attachments (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    member_id bigint NOT NULL,
    file_key text NOT NULL,
    tag text NOT NULL, -- GENERAL | PHOTO
    file_name text,
    mime_type text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id),
    FOREIGN KEY (tenant_id, file_key) REFERENCES uploads (tenant_id, file_key)
);
CREATE INDEX member_attachments_member ON member_attachments (tenant_id, member_id, id ASC);
CREATE INDEX member_attachments_file ON member_attachments (tenant_id, file_key);
