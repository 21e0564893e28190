//! The real agent against a scripted controller: for what a healthy controller never does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod fetching;
mod joining;
mod links;
mod pods;
mod serving;
mod support;
