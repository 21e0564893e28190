//! The rows that callers see.

mod fleet;
mod models;

pub use fleet::{Deployment, JoinToken, Key, KeyRole, Node, NodeState, Replica};
pub use models::{Model, ModelFile, Signer, TrustPolicy, TrustRule, TrustRuleSigner};
