-- How nodes were used, at even steps of time. These are no records: they are thinned out and forgotten. No figure
-- is kept for what was not heard; an absent one was not reported.
CREATE TABLE sample (
    -- How long it covers, in seconds, and when that began, in seconds since 1970.
    step_s                 BIGINT NOT NULL,
    at_s                   BIGINT NOT NULL,
    -- The fleet (empty), a jurisdiction ('jurisdiction/DE') or a node ('node/<id>'). Who writes the fleet's
    -- row writes all the others of that time with it.
    subject                TEXT NOT NULL,
    nodes                  BIGINT NOT NULL,
    memory_total_bytes     BIGINT,
    memory_available_bytes BIGINT,
    cpu_busy_ticks         BIGINT,
    cpu_total_ticks        BIGINT,
    gpus                   BIGINT,
    gpu_busy_permille      BIGINT,
    gpu_memory_total_bytes BIGINT,
    gpu_memory_used_bytes  BIGINT,
    running                BIGINT,
    waiting                BIGINT,
    span_ms                BIGINT,
    prompt_tokens          BIGINT,
    output_tokens          BIGINT,
    finished               BIGINT,
    failed                 BIGINT,
    -- Where first tokens were counted: entry (1 byte) and count (4 bytes, big end first), for each that counted.
    first_token            {BYTES},
    PRIMARY KEY (step_s, at_s, subject)
) {KEYED};
