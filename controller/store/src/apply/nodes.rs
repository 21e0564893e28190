//! Nodes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{ApplyError, exists, json, missing, name, number, touched};
use crate::sql::Connection;
use crate::{Entity, Node, Refusal, Scheduling};

pub(super) async fn add(db: &mut Connection<'_>, node: &Node) -> Result<(), ApplyError> {
    let entity = Entity::Node;
    let sql = "INSERT INTO node (id, name, region, jurisdiction, labels, certificate_serial, \
               certificate_not_after, generation, state, scheduling, enrolled_at, revoked_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";
    let args = vec![
        name(entity, &node.id)?,
        name(entity, &node.name)?,
        name(entity, &node.region)?,
        name(entity, &node.jurisdiction)?,
        json(entity, &node.name, &node.labels)?,
        name(entity, &node.certificate_serial)?,
        node.certificate_not_after.into(),
        number(entity, &node.name, node.generation)?,
        node.state.as_str().into(),
        node.scheduling.as_str().into(),
        node.enrolled_at.into(),
        node.revoked_at.into(),
    ];
    touched(db.execute(sql, args).await?, || exists(entity, &node.name))
}

pub(super) async fn set_certificate(
    db: &mut Connection<'_>,
    node_id: &str,
    serial: &str,
    not_after: Timestamp,
) -> Result<(), ApplyError> {
    let sql = "UPDATE node SET certificate_serial = $2, certificate_not_after = $3 \
               WHERE id = $1 AND state = 'enrolled'";
    let args = vec![node_id.into(), name(Entity::Node, serial)?, not_after.into()];
    let rows = db.execute(sql, args).await?;
    if rows == 0 {
        return Err(absent_or_revoked(db, node_id).await?.into());
    }
    Ok(())
}

pub(super) async fn set_locality(
    db: &mut Connection<'_>,
    node_id: &str,
    region: &str,
    jurisdiction: &str,
    labels: &BTreeMap<String, String>,
) -> Result<(), ApplyError> {
    let sql = "UPDATE node SET region = $2, jurisdiction = $3, labels = $4 \
               WHERE id = $1 AND state = 'enrolled'";
    let entity = Entity::Node;
    let labels = json(entity, node_id, labels)?;
    let args = vec![node_id.into(), name(entity, region)?, name(entity, jurisdiction)?, labels];
    let rows = db.execute(sql, args).await?;
    if rows == 0 {
        return Err(absent_or_revoked(db, node_id).await?.into());
    }
    Ok(())
}

pub(super) async fn set_enrolled_at(
    db: &mut Connection<'_>,
    node_id: &str,
    at: Timestamp,
) -> Result<(), ApplyError> {
    let sql = "UPDATE node SET enrolled_at = $2 WHERE id = $1 AND state = 'enrolled'";
    if db.execute(sql, vec![node_id.into(), at.into()]).await? == 0 {
        return Err(absent_or_revoked(db, node_id).await?.into());
    }
    Ok(())
}

pub(super) async fn set_scheduling(
    db: &mut Connection<'_>,
    node_id: &str,
    scheduling: Scheduling,
) -> Result<(), ApplyError> {
    let sql = "UPDATE node SET scheduling = $2 WHERE id = $1 AND state = 'enrolled'";
    if db.execute(sql, vec![node_id.into(), scheduling.as_str().into()]).await? == 0 {
        return Err(absent_or_revoked(db, node_id).await?.into());
    }
    Ok(())
}

pub(super) async fn revoke(db: &mut Connection<'_>, node_id: &str, at: Timestamp) -> Result<(), ApplyError> {
    let sql = "UPDATE node SET state = 'revoked', revoked_at = $2 \
               WHERE id = $1 AND state = 'enrolled'";
    let rows = db.execute(sql, vec![node_id.into(), at.into()]).await?;
    if rows == 0 {
        return Err(absent_or_revoked(db, node_id).await?.into());
    }
    Ok(())
}

/// Revoked nodes may still be ordered to run nothing.
pub(super) async fn set_generation(
    db: &mut Connection<'_>,
    node_id: &str,
    generation: u64,
) -> Result<(), ApplyError> {
    let sql = "UPDATE node SET generation = $2 WHERE id = $1 AND generation < $2";
    let args = vec![node_id.into(), number(Entity::Node, node_id, generation)?];
    if db.execute(sql, args).await? == 1 {
        return Ok(());
    }
    let sql = "SELECT generation FROM node WHERE id = $1";
    let row = db.fetch_optional(sql, vec![node_id.into()]).await?;
    let current = row.ok_or_else(|| missing(Entity::Node, node_id))?.u64("generation")?;
    let id = node_id.to_owned();
    Err(Refusal::Stale { entity: Entity::Node, id, current, proposed: generation }.into())
}

async fn absent_or_revoked(db: &mut Connection<'_>, id: &str) -> Result<Refusal, ApplyError> {
    let row = db.fetch_optional("SELECT id FROM node WHERE id = $1", vec![id.into()]).await?;
    Ok(match row {
        None => missing(Entity::Node, id),
        Some(_) => Refusal::Revoked { entity: Entity::Node, id: id.to_owned() },
    })
}
