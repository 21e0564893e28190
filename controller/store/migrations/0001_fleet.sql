CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE signer (
    key_id         TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    public_key_pem TEXT NOT NULL,
    trusted_at     BIGINT NOT NULL,
    revoked_at     BIGINT
);

CREATE TABLE model (
    digest        TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    bundle        {BYTES} NOT NULL,
    signer_key_id TEXT NOT NULL REFERENCES signer (key_id),
    files         TEXT NOT NULL,
    facts         TEXT NOT NULL,
    size_bytes    BIGINT NOT NULL,
    imported_at   BIGINT NOT NULL
);

CREATE TABLE deployment (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    model_digest   TEXT NOT NULL REFERENCES model (digest),
    replicas       BIGINT NOT NULL,
    context_length BIGINT NOT NULL,
    max_sequences  BIGINT NOT NULL,
    kv_tokens      BIGINT NOT NULL,
    node_selector  TEXT NOT NULL,
    jurisdiction   TEXT NOT NULL,
    revision       BIGINT NOT NULL,
    created_at     BIGINT NOT NULL
);

CREATE TABLE node (
    id                    TEXT PRIMARY KEY,
    name                  TEXT NOT NULL,
    region                TEXT NOT NULL,
    jurisdiction          TEXT NOT NULL,
    labels                TEXT NOT NULL,
    certificate_serial    TEXT NOT NULL UNIQUE,
    certificate_not_after BIGINT NOT NULL,
    generation            BIGINT NOT NULL,
    state                 TEXT NOT NULL,
    enrolled_at           BIGINT NOT NULL,
    revoked_at            BIGINT
);
-- The name of a revoked node may be taken again.
CREATE UNIQUE INDEX node_name ON node (name) WHERE state = 'enrolled';

-- Outlives its deployment until it is off its node, hence no reference.
CREATE TABLE replica (
    id            TEXT PRIMARY KEY,
    deployment_id TEXT NOT NULL,
    node_id       TEXT REFERENCES node (id),
    generation    BIGINT NOT NULL,
    reasons       TEXT NOT NULL,
    memory_bytes  BIGINT NOT NULL
);

CREATE TABLE join_token (
    secret_hash {BYTES} PRIMARY KEY,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_by     TEXT
);

CREATE TABLE api_key (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    secret_hash {BYTES} NOT NULL UNIQUE,
    role        TEXT NOT NULL,
    models      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT,
    revoked_at  BIGINT
);
