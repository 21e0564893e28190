-- Parts of an organisation that do not see each other. No tenant: the fleet's own.
CREATE TABLE tenant (
    name       TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
ALTER TABLE account ADD COLUMN tenant TEXT;
ALTER TABLE api_key ADD COLUMN tenant TEXT;
ALTER TABLE api_key ADD COLUMN last_used_at BIGINT;
ALTER TABLE deployment ADD COLUMN tenant TEXT;
ALTER TABLE audit_record ADD COLUMN tenant TEXT;
CREATE INDEX audit_record_tenant ON audit_record (tenant, seq);

-- What was asked, by UTC day: sums over the closing records, written with them. An empty tenant is the fleet's own.
CREATE TABLE inference_usage (
    day           TEXT NOT NULL,
    tenant        TEXT NOT NULL,
    actor_kind    TEXT NOT NULL,
    actor_id      TEXT NOT NULL,
    deployment    TEXT NOT NULL,
    actor_name    TEXT NOT NULL,
    requests      BIGINT NOT NULL,
    interrupted   BIGINT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    time_us       BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    PRIMARY KEY (day, tenant, actor_kind, actor_id, deployment)
);
CREATE INDEX inference_usage_actor ON inference_usage (actor_kind, actor_id, last_at);
