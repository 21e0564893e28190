//! What the ledger is told at start.

/// Facts for `controller.started`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerOptions {
    /// Version of the controller.
    pub software_version: String,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self { software_version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}
