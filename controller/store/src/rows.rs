//! The rows that callers see.

mod accounts;
mod fleet;
mod models;
mod samples;

pub use accounts::{Account, Identity, LoginLink, Session, Vouching};
pub use fleet::{Deployment, JoinToken, Key, KeyRole, Node, NodeState, Replica};
pub use models::{Model, ModelFile, Signer, TrustPolicy, TrustRule, TrustRuleSigner};
pub use samples::{FIRST_TOKEN_ENTRIES, Figures, FirstTokens, Sample, SampleSubject};
