-- People whom an identity provider vouches for: the provider's issuer and its own id of the person (OpenID Connect
-- Core 1.0, section 2, iss and sub). Neither for local accounts.
ALTER TABLE account ADD COLUMN issuer TEXT;
ALTER TABLE account ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX account_of_identity ON account (issuer, subject);

-- How somebody signed in: link, password or oidc.
ALTER TABLE session ADD COLUMN method TEXT NOT NULL DEFAULT 'password';

-- What a provider said when a session began, and is asked for again while it lasts.
CREATE TABLE vouching (
    session_id    TEXT PRIMARY KEY REFERENCES session (id),
    -- The provider's tokens, sealed under a key that only the session's cookie yields.
    sealed_tokens {BYTES} NOT NULL,
    vouched_at    BIGINT NOT NULL,
    recheck_at    BIGINT NOT NULL
);
