//! Tenants, and what is used.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of an organisation that does not see the others: its people, keys, deployments and records are its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tenant {
    pub name: String,
    /// For people.
    pub title: String,
    pub created_at: String,
    /// Accounts that may sign in.
    pub accounts: u32,
    /// API keys that are valid.
    pub keys: u32,
    pub deployments: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantList {
    pub tenants: Vec<Tenant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenantRequest {
    /// 1 to 63 characters of `[a-z0-9-]`, beginning and ending with a letter or digit.
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    pub name: String,
    /// For people, at most 120 characters. Empty: the name.
    #[serde(default)]
    pub title: String,
}

/// A tenant that was made, and the record of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangedTenant {
    pub tenant: Tenant,
    pub record_id: String,
}

/// By what usage is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsageGroup {
    Day,
    Tenant,
    /// The API key or the account that asked.
    Caller,
    Deployment,
}

/// What was asked of models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageReport {
    /// First and last day (UTC), both included.
    pub from: String,
    pub to: String,
    pub rows: Vec<UsageRow>,
    pub total: UsageSum,
    /// There were more figures than one answer takes; ask for fewer days.
    pub truncated: bool,
}

/// The sum of one group. Of the fields that name it, those are there that the report is grouped by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageRow {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub day: Option<String>,
    /// Absent for what is the fleet's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant: Option<String>,
    /// `api_key` or `account`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub caller_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub caller_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub caller_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deployment: Option<String>,
    #[serde(flatten)]
    pub sum: UsageSum,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageSum {
    /// Whole answers and interrupted ones.
    pub requests: u64,
    /// Of these, those that did not end well.
    pub interrupted: u64,
    pub prompt_tokens: u64,
    pub output_tokens: u64,
    /// From arrival to the end of the answer, of all requests together.
    pub time_ms: u64,
}
