//! The node agent: makes one machine a node of a fleet.
//!
//! It connects out to the controller and stays connected ([`session`]); fetches the models that it is ordered
//! to run ([`artifact`]), verifies them itself over the very bytes that are computed with, and runs one
//! walled-in worker process per replica ([`supervisor`]). Requests reach the workers through a [`tunnel`].
//!
//! What it never does: listen on a port, run a model that its signers did not sign, obey an order older than
//! one it has obeyed, or write a prompt or an answer anywhere.

mod artifact;
mod backoff;
mod channel;
pub mod cli;
mod enrol;
mod files;
mod identity;
mod inventory;
mod limits;
mod link;
pub mod quality;
pub mod run;
mod session;
mod state;
pub mod stop_signal;
mod supervisor;
pub mod telemetry;
mod token;
mod tunnel;
pub mod worker;
