//! The inference front door: OpenAI-compatible HTTP and gRPC over one path. Every request is
//! authenticated, checked, routed, put on record, dispatched, streamed back and put on record again,
//! in that order; see `ARCHITECTURE.md`, "the life of a request".

mod authenticate;
mod balance;
mod core;
pub mod dispatch;
mod failure;
mod gateway;
mod grpc;
mod http;
mod inference;
mod journal;
pub mod limits;
mod metrics;
pub mod options;
mod request;
pub mod routes;
mod trace;
mod validate;

pub use dispatch::{DispatchError, Dispatcher, RunFailed, RunStream};
pub use gateway::Gateway;
pub use grpc::InferenceFront;
pub use options::Options;
pub use routes::{Grant, ReplicaRoute, Route, Routes};
