//! A whole controller in this process, on loopback, with a real store, ledger and TLS; the agents
//! are clients made from the wire contract.

mod agent;
mod attestation;
mod draining;
mod enrolment;
mod events;
pub(crate) mod fixture;
mod identity;
mod models;
mod placement;
mod replica_events;
mod sessions;
mod tls;
