//! The controller: its API, identity of nodes and callers, reconcilers, and the wiring of the rest.

pub mod api;
mod clock;
mod console;
pub mod data_dir;
pub mod fleet;
mod history;
mod imports;
pub mod limits;
pub mod listen;
mod metrics;
pub mod models;
pub mod oidc;
pub mod options;
pub mod reconcile;
pub mod run;
mod second_factor;
pub mod sources;
pub mod stop_signal;
pub mod telemetry;
mod trust;

/// The one source of cryptography.
pub(crate) fn crypto_provider() -> rustls::crypto::CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

#[cfg(test)]
mod tests;
