//! Deployments and replicas.

use super::models::require_approved;
use super::{ApplyError, exists, histories, json, missing, name, number, tenants, touched};
use crate::sql::{Arg, Connection};
use crate::{Deployment, Entity, Refusal, Replica, reads};

pub(super) async fn put(db: &mut Connection<'_>, deployment: &Deployment) -> Result<(), ApplyError> {
    let sql = "SELECT * FROM deployment WHERE id = $1";
    let before = db.fetch_optional(sql, vec![(&deployment.id).into()]).await?;
    let before = before.as_ref().map(reads::deployment).transpose()?;
    require_approved(db, before.as_ref(), deployment).await?;
    let current = before.map_or(0, |before| before.revision);
    tenants::must_exist(db, deployment.tenant.as_deref()).await?;
    if current.checked_add(1) != Some(deployment.revision) {
        return Err(Refusal::Stale {
            entity: Entity::Deployment,
            id: deployment.name.clone(),
            current,
            proposed: deployment.revision,
        }
        .into());
    }
    let sql = if current == 0 { INSERT } else { UPDATE };
    let rows = db.execute(sql, columns(deployment)?).await?;
    touched(rows, || exists(Entity::Deployment, &deployment.name))
}

const INSERT: &str = "INSERT INTO deployment (id, name, model_digest, replicas, context_length, \
    max_sequences, kv_tokens, node_selector, jurisdiction, revision, created_at, restarts, tenant) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING";

/// Name, time of creation and tenant stay what they were.
const UPDATE: &str = "UPDATE deployment SET model_digest = $3, replicas = $4, \
    context_length = $5, max_sequences = $6, kv_tokens = $7, node_selector = $8, \
    jurisdiction = $9, revision = $10, restarts = $12 WHERE id = $1 AND name = $2 AND created_at = $11 \
    AND coalesce(tenant, '') = coalesce($13, '')";

fn columns(deployment: &Deployment) -> Result<Vec<Arg>, Refusal> {
    let entity = Entity::Deployment;
    let id = &deployment.name;
    Ok(vec![
        name(entity, &deployment.id)?,
        name(entity, &deployment.name)?,
        (&deployment.model_digest).into(),
        deployment.replicas.into(),
        deployment.context_length.into(),
        deployment.max_sequences.into(),
        number(entity, id, deployment.kv_tokens)?,
        json(entity, id, &deployment.node_selector)?,
        name(entity, &deployment.jurisdiction)?,
        number(entity, id, deployment.revision)?,
        deployment.created_at.into(),
        number(entity, id, deployment.restarts)?,
        deployment.tenant.clone().into(),
    ])
}

pub(super) async fn remove(db: &mut Connection<'_>, id: &str) -> Result<(), ApplyError> {
    let rows = db.execute("DELETE FROM deployment WHERE id = $1", vec![id.into()]).await?;
    histories::forget(db, id).await?;
    touched(rows, || missing(Entity::Deployment, id))
}

pub(super) async fn put_replica(db: &mut Connection<'_>, replica: &Replica) -> Result<(), ApplyError> {
    if let Some(node_id) = &replica.node_id {
        let sql = "SELECT id FROM node WHERE id = $1 AND state = 'enrolled'";
        let node = db.fetch_optional(sql, vec![node_id.into()]).await?;
        node.ok_or_else(|| missing(Entity::Node, node_id))?;
    }
    let sql = "INSERT INTO replica (id, deployment_id, node_id, generation, reasons, memory_bytes) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET \
               node_id = excluded.node_id, generation = excluded.generation, \
               reasons = excluded.reasons, memory_bytes = excluded.memory_bytes";
    let entity = Entity::Replica;
    let args = vec![
        name(entity, &replica.id)?,
        name(entity, &replica.deployment_id)?,
        replica.node_id.clone().into(),
        number(entity, &replica.id, replica.generation)?,
        json(entity, &replica.id, &replica.reasons)?,
        number(entity, &replica.id, replica.memory_bytes)?,
    ];
    db.execute(sql, args).await?;
    Ok(())
}

pub(super) async fn remove_replica(db: &mut Connection<'_>, id: &str) -> Result<(), ApplyError> {
    let rows = db.execute("DELETE FROM replica WHERE id = $1", vec![id.into()]).await?;
    touched(rows, || missing(Entity::Replica, id))
}
