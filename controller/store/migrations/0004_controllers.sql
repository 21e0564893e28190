-- The controllers that share this database. Times are the database's own clock, in microseconds.
CREATE TABLE controller (
    id         TEXT PRIMARY KEY,
    address    TEXT,
    version    TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

-- Which controller opened the request. Programs that know only the steps before this one leave it empty:
-- they do not register, and lose the log for good at the first commit of a controller that does. So a
-- request without a writer has nobody left to close it, and is closed as one of a controller that is gone.
ALTER TABLE audit_open ADD COLUMN writer TEXT NOT NULL DEFAULT '';

-- The newest step that a program must know to work on this schema. A step that older programs cannot
-- live with sets it to its own number; all others leave it alone.
INSERT INTO setting (name, value) VALUES ('schema_compatible_from', '3');
