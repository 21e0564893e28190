//! The operator against a real Kubernetes API server. The fleet behind it is played in memory, so that tests can put it
//! into any state; the real one is walked in `tests/kubernetes`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test's own plumbing fails the test"
)]

mod api_server;
mod autoscaling;
mod deployments;
mod fleet;
mod gate;
mod identity;
mod kinds;
mod leases;
mod models;
mod nodes;
mod scale;
mod space;
mod tokens;
