//! The fleet's state and its audit log in a database: SQLite by default, PostgreSQL by URL, behind
//! one handle. The only crate that speaks SQL.
//!
//! Reads are methods of [`Store`]. There is no public way to write a row by itself: state changes
//! are [`Change`] values, and the ledger commits them together with the record that tells of them
//! through [`Store::ledger_append`]. What proves nothing is kept beside that: the register of controllers, and
//! events of replicas.

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
mod sql;
mod store;

pub use append::{AppendTransaction, LogRows};
pub use audit::{CheckpointRow, Head, OpenRequest, RecordQuery, RecordRow, SaltRow, TileRow};
pub use change::Change;
pub use error::{Entity, Refusal, StoreError};
pub use leadership::LeadershipTask;
pub use migrations::SCHEMA_VERSION;
pub use register::{ControllerRow, Registration};
pub use rows::{
    Account, Deployment, DeploymentRevision, Identity, JoinToken, Key, KeyRole, LoginLink, Model, ModelFile,
    Node, NodeState, Replica, ReplicaEvent, Session, Signer, TrustPolicy, TrustRule, TrustRuleSigner,
    Vouching,
};
pub use store::{Backend, Store};
