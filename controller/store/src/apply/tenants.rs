//! Tenants.

use super::{ApplyError, exists, missing, name, touched};
use crate::sql::Connection;
use crate::{Entity, Refusal, Tenant};

pub(super) async fn add(db: &mut Connection<'_>, tenant: &Tenant) -> Result<(), ApplyError> {
    let sql = "INSERT INTO tenant (name, title, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let args = vec![
        name(Entity::Tenant, &tenant.name)?,
        name(Entity::Tenant, &tenant.title)?,
        tenant.created_at.into(),
    ];
    touched(db.execute(sql, args).await?, || exists(Entity::Tenant, &tenant.name))
}

/// One that nobody is in any more, and that has nothing any more.
pub(super) async fn remove(db: &mut Connection<'_>, tenant: &str) -> Result<(), ApplyError> {
    for (sql, kind) in HOLDS {
        if let Some(row) = db.fetch_optional(*sql, vec![tenant.into()]).await? {
            let by = format!("{kind} {}", row.text("name")?);
            return Err(Refusal::InUse { entity: Entity::Tenant, id: tenant.to_owned(), by }.into());
        }
    }
    let rows = db.execute("DELETE FROM tenant WHERE name = $1", vec![tenant.into()]).await?;
    touched(rows, || missing(Entity::Tenant, tenant))
}

const HOLDS: &[(&str, &str)] = &[
    ("SELECT name FROM deployment WHERE tenant = $1 ORDER BY name", "deployment"),
    ("SELECT name FROM account WHERE tenant = $1 AND disabled_at IS NULL ORDER BY name", "account"),
    ("SELECT name FROM api_key WHERE tenant = $1 AND revoked_at IS NULL ORDER BY name", "API key"),
];

pub(super) async fn must_exist(db: &mut Connection<'_>, tenant: Option<&str>) -> Result<(), ApplyError> {
    let Some(tenant) = tenant else { return Ok(()) };
    let row = db.fetch_optional("SELECT name FROM tenant WHERE name = $1", vec![tenant.into()]).await?;
    row.map(drop).ok_or_else(|| missing(Entity::Tenant, tenant).into())
}
