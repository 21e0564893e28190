//! The inference front door: OpenAI-compatible HTTP and gRPC over one path. Every request is
//! authenticated, checked, routed, put on record, dispatched, streamed back and put on record again,
//! in that order; see `ARCHITECTURE.md`, "the life of a request".

pub mod dispatch;
pub mod limits;
pub mod options;
pub mod routes;

pub use dispatch::{DispatchError, Dispatcher, RunFailed, RunStream};
pub use options::Options;
pub use routes::{KeyGrant, ReplicaRoute, Route, Routes};
