//! The node agent: makes one machine a node of a fleet.
//!
//! It connects out to every controller and stays connected ([`links`], each a [`session`]); fetches the models that it is ordered
//! to run ([`artifact`]), verifies them itself over the very bytes that are computed with, and runs one
//! walled-in worker process per replica ([`supervisor`]). Requests reach the workers through a [`tunnel`].
//!
//! What it never does: listen on a port, run a model that its signers did not sign, obey an order older than
//! one it has obeyed, or write a prompt or an answer anywhere.

mod address;
mod artifact;
mod backoff;
mod channel;
pub mod cli;
mod controllers;
mod enrol;
mod files;
pub mod health;
mod identity;
mod inventory;
mod limits;
mod link;
mod links;
pub mod quality;
mod renewal;
pub mod run;
mod session;
mod state;
pub mod stop_signal;
mod supervisor;
pub mod telemetry;
mod token;
mod tunnel;
mod work;
pub mod worker;
