//! Tenants, and what they and their keys and people use.

use jiff::Timestamp;

/// A part of an organisation that does not see the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub name: String,
    /// For people.
    pub title: String,
    pub created_at: Timestamp,
}

/// What one key or account asked of one deployment on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// UTC, as `2026-11-30`.
    pub day: String,
    /// `None`: the fleet's own.
    pub tenant: Option<String>,
    /// `api_key` or `account`.
    pub actor_kind: String,
    pub actor_id: String,
    pub actor_name: String,
    pub deployment: String,
    /// Whole answers and interrupted ones.
    pub requests: u64,
    /// Those that did not end well.
    pub interrupted: u64,
    pub prompt_tokens: u64,
    pub output_tokens: u64,
    /// From the request's arrival to the end of its answer, summed.
    pub time_us: u64,
    pub last_at: Timestamp,
}

/// Which usage to sum up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageQuery {
    /// Days, both included, as `2026-11-30`.
    pub from: String,
    pub to: String,
    /// Only this tenant's.
    pub tenant: Option<String>,
}
