//! What every database behind a `Store` must do. Each case runs on SQLite and on a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod accounts;
mod appending;
mod audit_log;
mod backends;
mod controllers;
mod deployments;
mod histories;
mod keys;
mod models;
mod nodes;
mod opening;
mod rows;
mod samples;
mod search;
mod second_factors;
mod tenants;
mod trust_policies;
