-- +goose Up

-- What was taken over once from other systems, by the ids that it has there, so that a file can be imported again.
CREATE TABLE taken_over (
    tenant_id bigint NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    member_id bigint NOT NULL,
    type text NOT NULL, -- DEFAULT | PAID; '': not points
    amount bigint NOT NULL,
    expires_on text,
    PRIMARY KEY (tenant_id, source, external_id)
);
CREATE INDEX taken_over_member ON taken_over (tenant_id, member_id);

-- Which system a file comes from, whether its numbers name members whatever the names say, and what was told about its
-- lines without refusing them: how much, and the first of it.
ALTER TABLE imports ADD COLUMN system text NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN by_number text NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN told bigint NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN remarks text NOT NULL DEFAULT '[]'; -- JSON of []noren.ImportProblem
