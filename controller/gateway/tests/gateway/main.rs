//! The front door as a caller, a replica and an auditor see it: a real ledger on SQLite, real HTTP
//! and gRPC, and replicas that follow a script.

// What a test calls may panic like the test itself.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bad_requests;
mod chat;
mod completions;
mod ends;
mod grpc;
mod limits;
mod records;
mod replicas;
mod rig;
mod scopes;
