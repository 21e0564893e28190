//! The schema, step by step. Steps that were released never change; new ones are added.
//!
//! Controllers of two versions meet on one database while a fleet is updated, so a program also works
//! on a schema with steps that it does not know, unless the database says that it must know them: the
//! setting `schema_compatible_from` holds the newest step that no program can do without.

use std::borrow::Cow;

use sqlx::{
    AssertSqlSafe, SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::sql::Connection;
use crate::{Backend, StoreError};

const FLEET: &str = include_str!("../migrations/0001_fleet.sql");
const AUDIT: &str = include_str!("../migrations/0002_audit.sql");
const APPEND_ONLY_SQLITE: &str = include_str!("../migrations/0003_append_only.sqlite.sql");
const APPEND_ONLY_POSTGRES: &str = include_str!("../migrations/0003_append_only.postgres.sql");
const CONTROLLERS: &str = include_str!("../migrations/0004_controllers.sql");
const TRUST_POLICIES: &str = include_str!("../migrations/0005_trust_policies.sql");
const ACCOUNTS: &str = include_str!("../migrations/0006_accounts.sql");
const IDENTITIES: &str = include_str!("../migrations/0007_identities.sql");
const SECOND_FACTORS: &str = include_str!("../migrations/0008_second_factors.sql");
const SCHEDULING: &str = include_str!("../migrations/0009_scheduling.sql");
const SAMPLES: &str = include_str!("../migrations/0010_samples.sql");
const HISTORIES: &str = include_str!("../migrations/0011_histories.sql");
const APPROVAL_AND_SEARCH: &str = include_str!("../migrations/0012_approval_and_search.sql");
const TENANTS: &str = include_str!("../migrations/0013_tenants.sql");

/// The newest step that this program knows.
pub const SCHEMA_VERSION: u32 = 13;
pub(crate) const NEWEST: i64 = SCHEMA_VERSION as i64;

/// The steps up to `known` for one kind of database. They differ in the name of the byte-string type, in
/// the language of triggers, and in how a table is kept in the order of its key.
pub(crate) fn migrator(backend: Backend, known: i64) -> Migrator {
    let (bytes, append_only, keyed) = match backend {
        Backend::Sqlite => ("BLOB", APPEND_ONLY_SQLITE, "WITHOUT ROWID"),
        Backend::Postgres => ("BYTEA", APPEND_ONLY_POSTGRES, ""),
    };
    let steps = [
        (1, "fleet", FLEET),
        (2, "audit", AUDIT),
        (3, "append only", append_only),
        (4, "controllers", CONTROLLERS),
        (5, "trust policies", TRUST_POLICIES),
        (6, "accounts", ACCOUNTS),
        (7, "identities", IDENTITIES),
        (8, "second factors", SECOND_FACTORS),
        (9, "scheduling", SCHEDULING),
        (10, "samples", SAMPLES),
        (11, "histories", HISTORIES),
        (12, "approval and search", APPROVAL_AND_SEARCH),
        (NEWEST, "tenants", TENANTS),
    ];
    let steps = steps.into_iter().filter(|(version, ..)| *version <= known);
    let written = |sql: &str| sql.replace("{BYTES}", bytes).replace("{KEYED}", keyed);
    let mut migrator = Migrator::with_migrations(
        steps.map(|(version, name, sql)| step(version, name, &written(sql))).collect(),
    );
    migrator.set_ignore_missing(true);
    migrator
}

fn step(version: i64, name: &'static str, sql: &str) -> Migration {
    Migration::new(
        version,
        Cow::Borrowed(name),
        MigrationType::Simple,
        AssertSqlSafe(sql.to_owned()).into_sql_str(),
        false,
    )
}

/// Refuses a schema that a program which knows the steps up to `known` cannot work on.
pub(crate) async fn assert_compatible(db: &mut Connection<'_>, known: i64) -> Result<(), StoreError> {
    let sql = "SELECT value FROM setting WHERE name = 'schema_compatible_from'";
    let Some(row) = db.fetch_optional(sql, Vec::new()).await? else { return Ok(()) };
    let needed = row.text("value")?;
    let needed: i64 = needed.parse().map_err(|e| StoreError::corrupt("schema_compatible_from", e))?;
    if needed > known { Err(StoreError::SchemaTooNew { needed, known }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
