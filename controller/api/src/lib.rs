//! What callers and the controller agree on over REST: request and response bodies, the paths they
//! travel on, the limits both sides check, and the problem document that every error is.
//!
//! The same operations exist over gRPC (`cloister.admin.v1`); names and meanings are the same.
//! Times are RFC 3339 in UTC. Sizes are bytes. Nothing here does any work.

pub mod account;
pub mod configuration;
pub mod deployment;
pub mod event;
pub mod fleet;
pub mod history;
pub mod import;
pub mod key;
pub mod limits;
pub mod model;
pub mod node;
pub mod node_preview;
pub mod paths;
pub mod problem;
pub mod record;
pub mod replica;
pub mod replica_event;
pub mod second_factor;
pub mod session;
pub mod signer;
pub mod tenant;
pub mod trust_policy;
pub mod upload;

pub use account::{
    Account, AccountList, AccountRolesRequest, ChangedAccount, FleetRole, LoginLink, NewAccountRequest,
    NewPasswordRequest,
};
pub use configuration::{
    Configuration, DatabaseInForce, DatabaseKind, GroupRolesInForce, IdentityProviderInForce, OptionInForce,
    OptionSource,
};
pub use deployment::{
    DeployRequest, Deployment, DeploymentList, DeploymentRevision, DeploymentRevisionList, ReturnRequest,
};
pub use event::{ChangedTopics, Hello, Topic};
pub use fleet::{Changed, Status, Version};
pub use history::History;
pub use import::{
    HttpsSource, Import, ImportList, ImportPhase, ImportProblem, ImportReason, ImportSource, NewImport,
    OciSource, PathSource,
};
pub use key::{Key, KeyList, NewKey, NewKeyRequest, Role};
pub use model::{
    Approval, ImportRequest, Model, ModelApproval, ModelDetail, ModelFacts, ModelFile, ModelList,
    RetireModelRequest,
};
pub use node::{
    Drain, JoinToken, JoinTokenRequest, Node, NodeList, NodeState, SchedulingRequest, SchedulingState,
};
pub use node_preview::{NodeChange, NodePreview, Outcome, Prospect};
pub use problem::{Problem, ProblemKind};
pub use record::{LogCheckpoint, Record, RecordPage, Timeline, TimelineBucket};
pub use replica::{
    Explanation, NodeVerdict, OutputLine, Phase, Replica, ReplicaList, ReplicaOutput, ReplicaSpeed,
};
pub use replica_event::{EventKind, ReplicaEvent, ReplicaEventPage};
pub use second_factor::{
    ConfirmSecondFactorRequest, OfferedSecondFactor, RecoveryCodes, RemoveSecondFactorRequest, SecondFactor,
};
pub use session::{
    NewSession, OpenSession, Session, SessionAccount, SessionList, SessionMethods, SignInIssuer, SignedOut,
};
pub use signer::{Signer, SignerList, TrustSignerRequest};
pub use tenant::{
    ChangedTenant, NewTenantRequest, Tenant, TenantList, UsageGroup, UsageReport, UsageRow, UsageSum,
};
pub use trust_policy::{PolicySigner, TrustPolicy, TrustPolicyList, TrustPolicyRequest, TrustRule};
pub use upload::{NewUpload, NewUploadFile, Upload, UploadFile};

#[cfg(test)]
mod tests;
