-- People who sign in to the console.
CREATE TABLE account (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    roles         TEXT NOT NULL,
    -- argon2id in PHC form; none until its owner has chosen one.
    password_hash TEXT,
    failed_logins BIGINT NOT NULL,
    locked_until  BIGINT,
    created_at    BIGINT NOT NULL,
    disabled_at   BIGINT
);

-- A one-time way in, for somebody who has no password yet or has lost it.
CREATE TABLE login_link (
    secret_hash {BYTES} PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES account (id),
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    used_at     BIGINT
);

-- Ended sessions stay, so that who was signed in when, and from where, can be told.
CREATE TABLE session (
    id           TEXT PRIMARY KEY,
    secret_hash  {BYTES} NOT NULL UNIQUE,
    account_id   TEXT NOT NULL REFERENCES account (id),
    address      TEXT NOT NULL,
    client       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    ended_at     BIGINT
);
CREATE INDEX session_of_account ON session (account_id, created_at);
