//! What is kept of a deployment's past.

use super::{ApplyError, json, name, number};
use crate::limits::MAX_REVISIONS_KEPT;
use crate::sql::{Arg, Connection};
use crate::{DeploymentRevision, Entity, Refusal};

pub(super) async fn keep_revision(
    db: &mut Connection<'_>,
    revision: &DeploymentRevision,
) -> Result<(), ApplyError> {
    db.execute(INSERT, columns(revision)?).await?;
    let sql = "DELETE FROM deployment_revision WHERE deployment_id = $1 AND revision <= $2";
    let oldest_kept = revision.intent.revision.saturating_sub(MAX_REVISIONS_KEPT);
    let oldest_kept = number(Entity::Deployment, &revision.intent.name, oldest_kept)?;
    db.execute(sql, vec![(&revision.intent.id).into(), oldest_kept]).await?;
    Ok(())
}

const INSERT: &str = "INSERT INTO deployment_revision (deployment_id, revision, model_digest, model_name, \
    replicas, context_length, max_sequences, kv_tokens, node_selector, jurisdiction, restarts, returned_to, \
    actor_kind, actor_id, actor_name, at, record_id) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

fn columns(revision: &DeploymentRevision) -> Result<Vec<Arg>, Refusal> {
    let entity = Entity::Deployment;
    let intent = &revision.intent;
    let id = &intent.name;
    Ok(vec![
        name(entity, &intent.id)?,
        number(entity, id, intent.revision)?,
        (&intent.model_digest).into(),
        name(entity, &revision.model_name)?,
        intent.replicas.into(),
        intent.context_length.into(),
        intent.max_sequences.into(),
        number(entity, id, intent.kv_tokens)?,
        json(entity, id, &intent.node_selector)?,
        name(entity, &intent.jurisdiction)?,
        number(entity, id, intent.restarts)?,
        revision.returned_to.map_or(Ok(Arg::Int(None)), |to| number(entity, id, to))?,
        name(entity, &revision.actor_kind)?,
        name(entity, &revision.actor_id)?,
        revision.actor_name.clone().into(),
        revision.at.into(),
        name(entity, &revision.record_id)?,
    ])
}

pub(super) async fn forget(db: &mut Connection<'_>, deployment_id: &str) -> Result<(), ApplyError> {
    let its = || vec![deployment_id.into()];
    db.execute("DELETE FROM deployment_revision WHERE deployment_id = $1", its()).await?;
    db.execute("DELETE FROM replica_event WHERE deployment_id = $1", its()).await?;
    Ok(())
}
