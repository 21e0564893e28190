//! The fleet's state and its audit log in a database: SQLite by default, PostgreSQL by URL, behind
//! one handle. The only crate that speaks SQL.
//!
//! Reads are methods of [`Store`]. There is no public way to write a row of the fleet's state by itself:
//! changes of it are [`Change`] values, and the ledger commits them together with the record that tells
//! of them through [`Store::ledger_append`]. What is no state and proves nothing is kept beside that: the register of
//! controllers, samples of how nodes are used, and events of replicas.

mod append;
mod apply;
mod audit;
mod change;
mod error;
mod events;
mod feed;
mod leadership;
pub mod limits;
mod migrations;
mod open;
mod reads;
mod register;
mod rows;
mod samples;
mod sql;
mod store;

pub use append::{AppendTransaction, LogRows};
pub use audit::{
    CheckpointRow, Head, OpenRequest, RecordFilter, RecordQuery, RecordRow, SaltRow, SearchField, SearchRow,
    SearchTerm, TileRow, TimelineCount, TimelineQuery, Unindexed,
};
pub use change::Change;
pub use error::{Entity, Refusal, StoreError};
pub use leadership::LeadershipTask;
pub use migrations::SCHEMA_VERSION;
pub use register::{ControllerRow, Registration};
pub use rows::{
    Account, Approval, Deployment, DeploymentRevision, FIRST_TOKEN_ENTRIES, Figures, FirstTokens, Identity,
    JoinToken, Key, KeyRole, LoginLink, Model, ModelFile, Node, NodeState, Replica, ReplicaEvent, Retirement,
    Sample, SampleSubject, Scheduling, SecondFactor, Session, Signer, Tenant, TrustPolicy, TrustRule,
    TrustRuleSigner, Usage, UsageQuery, Vouching,
};
pub use store::{Backend, Store};
