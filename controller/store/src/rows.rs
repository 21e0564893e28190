//! The rows that callers see.

mod accounts;
mod fleet;
mod histories;
mod models;

pub use accounts::{Account, Identity, LoginLink, Session, Vouching};
pub use fleet::{Deployment, JoinToken, Key, KeyRole, Node, NodeState, Replica};
pub use histories::{DeploymentRevision, ReplicaEvent};
pub use models::{Model, ModelFile, Signer, TrustPolicy, TrustRule, TrustRuleSigner};
