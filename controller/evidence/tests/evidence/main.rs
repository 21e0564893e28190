//! Evidence files, from the writer to every verifier.

// Helpers are tests too: a panic there is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod audit_program;
mod golden;
mod independent;
mod sample;
mod stories;
mod tampering;
