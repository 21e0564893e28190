-- Whether a model may be deployed: waiting, approved or retired. What is here was deployed without anybody being asked,
-- and what an earlier version imports still is.
ALTER TABLE model ADD COLUMN approval TEXT NOT NULL DEFAULT 'approved';
ALTER TABLE model ADD COLUMN approved_by TEXT;
ALTER TABLE model ADD COLUMN approved_at BIGINT;
ALTER TABLE model ADD COLUMN retired_by TEXT;
ALTER TABLE model ADD COLUMN retired_at BIGINT;
ALTER TABLE model ADD COLUMN retired_because TEXT;
UPDATE model SET approved_at = imported_at;

-- What records are searched by, copied out of their leaves. It stands beside the log, which is append-only: records of
-- earlier versions get theirs later. It proves nothing, and can be made anew from the leaves.
CREATE TABLE audit_moment (
    seq        BIGINT PRIMARY KEY,
    written_at BIGINT NOT NULL,
    kind       TEXT NOT NULL
) {KEYED};
CREATE INDEX audit_moment_written ON audit_moment (written_at, kind, seq);

-- One row for each thing that a record names: field is actor, model or node, value an id, a digest or a name.
CREATE TABLE audit_term (
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    seq   BIGINT NOT NULL,
    PRIMARY KEY (field, value, seq)
) {KEYED};

-- How far the log was looked through for records without these rows, and how far it must be until all that were written
-- before this step have them.
CREATE TABLE audit_indexed (
    id     BIGINT PRIMARY KEY,
    upto   BIGINT NOT NULL,
    wanted BIGINT NOT NULL
);
INSERT INTO audit_indexed (id, upto, wanted) SELECT 1, 0, size FROM audit_head WHERE id = 1;
