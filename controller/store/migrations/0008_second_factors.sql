-- The second factor of a local account: what its authenticator app makes codes from (TOTP, RFC 6238).
CREATE TABLE second_factor (
    account_id    TEXT PRIMARY KEY REFERENCES account (id),
    -- Sealed under a key that the fleet's controllers have and the database has not.
    sealed_secret {BYTES} NOT NULL,
    offered_at    BIGINT NOT NULL,
    -- None until a first code was right: until then it is asked of nobody.
    set_at        BIGINT,
    -- The newest time step whose code was accepted: that one and those before it are accepted no more.
    last_step     BIGINT
);

-- For whoever has lost the app: each lets in once.
CREATE TABLE recovery_code (
    account_id TEXT NOT NULL REFERENCES account (id),
    -- SHA-256; the codes themselves are random enough that it leads back to none.
    code_hash  {BYTES} NOT NULL,
    used_at    BIGINT,
    PRIMARY KEY (account_id, code_hash)
);
