//! How a controller was started, as far as that is no secret.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::FleetRole;

/// The configuration of the controller that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Configuration {
    pub version: String,
    /// When this controller was started.
    pub started_at: String,
    pub controller_id: String,
    pub database: DatabaseInForce,
    /// In the order of `--help`.
    pub options: Vec<OptionInForce>,
    pub identity_providers: Vec<IdentityProviderInForce>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatabaseInForce {
    pub kind: DatabaseKind,
    /// The newest step of the schema that this program knows.
    pub schema_version: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseKind {
    Sqlite,
    Postgres,
}

/// One option of `cloister-controller`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OptionInForce {
    /// e.g. `--http`.
    pub name: String,
    /// Absent for one that is not set, and for a secret one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<String>,
    pub source: OptionSource,
    /// Whether its value is kept back.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_secret: bool,
    pub help: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionSource {
    Default,
    Environment,
    CommandLine,
}

/// An identity provider that people may sign in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityProviderInForce {
    pub id: String,
    pub name: String,
    pub url: String,
    pub client_id: String,
    /// How often it is asked whether a person is still good.
    pub recheck_s: u64,
    pub groups: Vec<GroupRolesInForce>,
}

/// What a group at the provider may do here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupRolesInForce {
    pub group: String,
    pub roles: Vec<FleetRole>,
    /// Where people of the group belong; absent: to the fleet itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant: Option<String>,
}
