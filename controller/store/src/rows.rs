//! The rows that callers see.

mod accounts;
mod fleet;
mod models;

pub use accounts::{Account, Identity, LoginLink, SecondFactor, Session, Vouching};
pub use fleet::{Deployment, JoinToken, Key, KeyRole, Node, NodeState, Replica};
pub use models::{Model, ModelFile, Signer, TrustPolicy, TrustRule, TrustRuleSigner};
