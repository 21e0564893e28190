//! The rows that callers see.

mod accounts;
mod fleet;
mod histories;
mod models;
mod samples;
mod tenants;

pub use accounts::{Account, Identity, LoginLink, SecondFactor, Session, Vouching};
pub use fleet::{Deployment, JoinToken, Key, KeyRole, Node, NodeState, Replica, Scheduling};
pub use histories::{DeploymentRevision, ReplicaEvent};
pub use models::{Approval, Model, ModelFile, Retirement, Signer, TrustPolicy, TrustRule, TrustRuleSigner};
pub use samples::{FIRST_TOKEN_ENTRIES, Figures, FirstTokens, Sample, SampleSubject};
pub use tenants::{Tenant, Usage, UsageQuery};
