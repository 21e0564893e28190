//! The rows that callers see.

mod accounts;
mod fleet;
mod models;

pub use accounts::{Account, Identity, LoginLink, Session, Vouching};
pub use fleet::{Deployment, JoinToken, Key, KeyRole, Node, NodeState, Replica};
pub use models::{Approval, Model, ModelFile, Retirement, Signer, TrustPolicy, TrustRule, TrustRuleSigner};
