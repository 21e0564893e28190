-- How often a deployment was restarted. A replica keeps the number that it was started for, so that one more
-- replaces it. Programs that know only the steps before this one leave it alone.
ALTER TABLE deployment ADD COLUMN restarts BIGINT NOT NULL DEFAULT 0;

-- What a deployment was meant to be, change by change. Of changes made by programs that know only the steps before
-- this one there is no row.
CREATE TABLE deployment_revision (
    deployment_id  TEXT NOT NULL,
    revision       BIGINT NOT NULL,
    model_digest   TEXT NOT NULL,
    model_name     TEXT NOT NULL,
    replicas       BIGINT NOT NULL,
    context_length BIGINT NOT NULL,
    max_sequences  BIGINT NOT NULL,
    kv_tokens      BIGINT NOT NULL,
    node_selector  TEXT NOT NULL,
    jurisdiction   TEXT NOT NULL,
    restarts       BIGINT NOT NULL,
    -- The revision whose intent this one took up again.
    returned_to    BIGINT,
    actor_kind     TEXT NOT NULL,
    actor_id       TEXT NOT NULL,
    actor_name     TEXT,
    at             BIGINT NOT NULL,
    record_id      TEXT NOT NULL,
    PRIMARY KEY (deployment_id, revision)
);

-- What became of the replicas of a deployment. No part of the audit log: old rows are dropped.
CREATE TABLE replica_event (
    -- Grows with time (ULID).
    id            TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL,
    replica_id    TEXT NOT NULL,
    node_name     TEXT,
    kind          TEXT NOT NULL,
    detail        TEXT NOT NULL,
    at            BIGINT NOT NULL
);
CREATE INDEX replica_event_of_deployment ON replica_event (deployment_id, id);
CREATE INDEX replica_event_of_replica ON replica_event (replica_id, id);
