-- +goose Up

-- What checks of ranks need to know of a member. Which ranks there are is small, so the index by rank is for finding
-- and counting a rank's members.
ALTER TABLE members ADD COLUMN minimum_rank_id bigint;
ALTER TABLE members ADD COLUMN skip_next_check boolean NOT NULL DEFAULT false;
CREATE INDEX members_rank ON members (tenant_id, rank_id, id ASC);
-- An e-mail address is compared without case. It is not unique: whoever looks one up has to see whether it is.
CREATE INDEX members_email ON members (tenant_id, lower(email)) WHERE email IS NOT NULL;

-- Purchases are numbered, may wait for their member, and remember what is left of them after refunds. Until here they
-- came from shop files alone and counted for nothing: applying the file again records them.
DROP TABLE purchases;
CREATE TABLE purchases (
    tenant_id bigint NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    id bigint NOT NULL, -- in the order in which they were recorded
    member_id bigint, -- NULL: nobody is linked to the Shopify customer yet
    shopify_customer_id text,
    amount bigint NOT NULL,
    credited bigint NOT NULL, -- after refunds
    paid_at bigint NOT NULL,
    month text NOT NULL, -- YYYY-MM in the tenant's zone
    PRIMARY KEY (tenant_id, source, external_id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE UNIQUE INDEX purchases_id ON purchases (tenant_id, id ASC);
CREATE INDEX purchases_member ON purchases (tenant_id, member_id, paid_at DESC, id DESC);
CREATE INDEX purchases_held ON purchases (tenant_id, shopify_customer_id) WHERE member_id IS NULL;

-- What was taken off a purchase again. It may come before its purchase, so there is no foreign key.
CREATE TABLE purchase_refunds (
    tenant_id bigint NOT NULL,
    source text NOT NULL,
    purchase_id text NOT NULL, -- the purchase's external_id
    external_id text NOT NULL, -- the refund's own
    amount bigint NOT NULL,
    everything boolean NOT NULL, -- the purchase was cancelled
    PRIMARY KEY (tenant_id, source, purchase_id, external_id)
);

-- The sum of what is credited, by member and month: reading a window costs its months, not its purchases.
CREATE TABLE member_spend (
    tenant_id bigint NOT NULL,
    member_id bigint NOT NULL,
    month text NOT NULL, -- YYYY-MM in the tenant's zone
    amount bigint NOT NULL,
    PRIMARY KEY (tenant_id, member_id, month),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);

-- One row for each check of a tenant's ranks, locked by who works on its next slice.
CREATE TABLE rank_checks (
    tenant_id bigint NOT NULL,
    at bigint NOT NULL,
    from_month text NOT NULL, -- the months whose spend counts: from_month ≤ month < until_month
    until_month text NOT NULL,
    rules text NOT NULL, -- JSON: programme and ladder as they were when it was begun
    after_member bigint NOT NULL, -- the last member that was judged
    started_at bigint NOT NULL,
    finished_at bigint,
    risen bigint NOT NULL,
    fallen bigint NOT NULL,
    stayed bigint NOT NULL,
    PRIMARY KEY (tenant_id, at)
);

CREATE TABLE rank_changes (
    tenant_id bigint NOT NULL,
    id bigint NOT NULL,
    member_id bigint NOT NULL,
    at bigint NOT NULL,
    from_rank bigint, -- NULL: below the lowest
    to_rank bigint,
    reason text NOT NULL, -- ladder.Reason
    check_at bigint, -- NULL: somebody set it
    spend bigint, -- in the check's window
    client_id bigint,
    dialect text NOT NULL,
    request_id text NOT NULL, -- of the HTTP request
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, member_id) REFERENCES members (tenant_id, id)
);
CREATE INDEX rank_changes_member ON rank_changes (tenant_id, member_id, id DESC);
CREATE INDEX rank_changes_check ON rank_changes (tenant_id, check_at, id DESC) WHERE check_at IS NOT NULL;

-- What other systems told us: each of their messages once.
CREATE TABLE webhooks (
    tenant_id bigint NOT NULL,
    source text NOT NULL, -- shopify
    id text NOT NULL, -- the source's own
    topic text NOT NULL,
    subject text NOT NULL, -- which order or customer it was about
    at bigint NOT NULL, -- when it arrived
    outcome text NOT NULL, -- applied | held | known | ignored | refused
    detail text NOT NULL, -- why, for people
    PRIMARY KEY (tenant_id, source, id)
);
CREATE INDEX webhooks_at ON webhooks (tenant_id, at DESC, id ASC);
