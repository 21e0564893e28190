//! What was used, summed up by day: written with the records that say so.

use crate::sql::Connection;
use crate::{StoreError, Usage};

use super::number;

const ADD: &str = "INSERT INTO inference_usage (day, tenant, actor_kind, actor_id, deployment, actor_name, requests, \
    interrupted, prompt_tokens, output_tokens, time_us, last_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
    ON CONFLICT (day, tenant, actor_kind, actor_id, deployment) DO UPDATE SET \
    actor_name = excluded.actor_name, \
    requests = inference_usage.requests + excluded.requests, \
    interrupted = inference_usage.interrupted + excluded.interrupted, \
    prompt_tokens = inference_usage.prompt_tokens + excluded.prompt_tokens, \
    output_tokens = inference_usage.output_tokens + excluded.output_tokens, \
    time_us = inference_usage.time_us + excluded.time_us, \
    last_at = CASE WHEN excluded.last_at > inference_usage.last_at THEN excluded.last_at \
    ELSE inference_usage.last_at END";

/// Adds to what is there.
pub(super) async fn add(db: &mut Connection<'_>, used: Vec<Usage>) -> Result<(), StoreError> {
    for row in used {
        let args = vec![
            row.day.into(),
            row.tenant.unwrap_or_default().into(),
            row.actor_kind.into(),
            row.actor_id.into(),
            row.deployment.into(),
            row.actor_name.into(),
            number(row.requests)?.into(),
            number(row.interrupted)?.into(),
            number(row.prompt_tokens)?.into(),
            number(row.output_tokens)?.into(),
            number(row.time_us)?.into(),
            row.last_at.into(),
        ];
        db.execute(ADD, args).await?;
    }
    Ok(())
}
