-- One leaf of the log: its bytes verbatim, and columns copied out of them to search by.
CREATE TABLE audit_record (
    seq        BIGINT PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    time       TEXT NOT NULL,
    subject_id TEXT,
    intent     TEXT,
    leaf       {BYTES} NOT NULL,
    leaf_hash  {BYTES} NOT NULL
);
CREATE INDEX audit_record_kind ON audit_record (kind, seq);
CREATE INDEX audit_record_subject ON audit_record (subject_id, seq);
CREATE INDEX audit_record_intent ON audit_record (intent);

-- Full tiles of the tree (256 hashes, C2SP tlog-tiles); what is not full yet follows from them and
-- from the leaves. `root` is the hash of the subtree that the tile spans.
CREATE TABLE audit_tile (
    level  BIGINT NOT NULL,
    idx    BIGINT NOT NULL,
    root   {BYTES} NOT NULL,
    hashes {BYTES} NOT NULL,
    PRIMARY KEY (level, idx)
);

-- Every signed head that was ever handed out.
CREATE TABLE audit_checkpoint (
    size BIGINT PRIMARY KEY,
    note TEXT NOT NULL
);

-- The one row that writers lock. `writer` is the controller process that wrote last: whoever started
-- last has taken the log over, and an earlier one that is still running must not write any more.
CREATE TABLE audit_head (
    id     BIGINT PRIMARY KEY,
    size   BIGINT NOT NULL,
    writer TEXT NOT NULL
);
INSERT INTO audit_head (id, size, writer) VALUES (1, 0, '');

-- Requests whose closing record is not written yet.
CREATE TABLE audit_open (
    request_id TEXT PRIMARY KEY,
    seq        BIGINT NOT NULL
);

-- What opens a commitment. May be deleted: the log stays whole, the commitment stays shut.
CREATE TABLE audit_salt (
    record_id TEXT NOT NULL,
    name      TEXT NOT NULL,
    salt      {BYTES} NOT NULL,
    PRIMARY KEY (record_id, name)
);
