//! A real OCI registry (Distribution) for tests. It listens on loopback, keeps its data in a folder
//! of its own, and ends when the process that started it ends, however that happens.

mod error;
mod registry;

pub use error::StartError;
pub use registry::Registry;
