-- Whose signature makes a model of a certain name acceptable.
CREATE TABLE trust_policy (
    name       TEXT PRIMARY KEY,
    rules      TEXT NOT NULL,
    revision   BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- `every_name`: trusted for every model, unless revoked. `policies`: known because a trust policy named
-- the key; by itself it is trusted for nothing, and `revoked_at` is set as well, so that a controller
-- of the version before, which does not know this column, does not trust it either.
ALTER TABLE signer ADD COLUMN scope TEXT NOT NULL DEFAULT 'every_name';
