//! The harness of the end-to-end tests: it starts the real programs, on loopback, each fleet in a folder
//! of its own, and stops them by process id. Nothing here stands in for a part of the product.
//!
//! Failing to start is a panic with the log's last lines: a test has no better use for the error.
#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, clippy::print_stderr)]

pub mod client;
pub mod fleet;
pub mod models;
pub mod process;
pub mod python;
pub mod wait;

pub use client::Client;
pub use fleet::{Agent, Database, Fleet, FleetOptions};
pub use process::{Program, program};
pub use wait::until;
