//! Simulated nodes for scale tests: as many agents as asked for, in one process, against a real controller over its
//! real agents port.
//!
//! To the controller each of them is a node: it enrols with a join token of its own, keeps one session and one
//! inference stream over mutual TLS, reports, obeys, and refuses orders that are older than what it obeyed. What
//! is not there is the machine: nothing is fetched, verified or computed. Replicas take a moment for each phase
//! and answer with a few fixed tokens.
//!
//! The same seed gives the same fleet: names, places, sizes and pauses. Keys are random.

mod answer;
mod backoff;
mod board;
mod cli;
mod error;
mod fleet;
mod identity;
mod join;
mod limits;
mod link;
mod node;
mod open_files;
mod orders;
mod profile;
mod progress;
mod replicas;

pub use cli::Options;
pub use error::SimError;
pub use fleet::run;
