//! What is accepted as a signed model, and every reason for which one is not.

// Helpers are tests too: a panic there is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bundles;
mod directories;
mod forge;
mod keys;
mod mutations;
mod reports;
mod statements;
mod trust;
