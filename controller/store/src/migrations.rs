//! The schema, step by step. Steps that were released never change; new ones are added.

use std::borrow::Cow;

use sqlx::{
    AssertSqlSafe, SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::Backend;

const FLEET: &str = include_str!("../migrations/0001_fleet.sql");
const AUDIT: &str = include_str!("../migrations/0002_audit.sql");
const TRUST_POLICIES: &str = include_str!("../migrations/0005_trust_policies.sql");
const APPEND_ONLY_SQLITE: &str = include_str!("../migrations/0003_append_only.sqlite.sql");
const APPEND_ONLY_POSTGRES: &str = include_str!("../migrations/0003_append_only.postgres.sql");

/// The steps for one kind of database. They differ in the name of the byte-string type and in the
/// language of triggers.
pub(crate) fn migrator(backend: Backend) -> Migrator {
    let (bytes, append_only) = match backend {
        Backend::Sqlite => ("BLOB", APPEND_ONLY_SQLITE),
        Backend::Postgres => ("BYTEA", APPEND_ONLY_POSTGRES),
    };
    let steps = [
        (1, "fleet", FLEET),
        (2, "audit", AUDIT),
        (3, "append only", append_only),
        (5, "trust policies", TRUST_POLICIES),
    ];
    Migrator::with_migrations(
        steps.map(|(version, name, sql)| step(version, name, &sql.replace("{BYTES}", bytes))).into(),
    )
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
