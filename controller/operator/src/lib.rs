//! Cloister's operator: the one crate that knows Kubernetes. It defines the kinds of group `fleet.cloister.dev`, turns
//! what people write into them into changes of the fleet, and says in their status what became of it. Beside it: who
//! leads ([`LeaderLease`]), what an agent's ServiceAccount token proves ([`TokenReviewer`]), and where the fleet's identity is
//! kept ([`IdentitySecret`]).
//!
//! The fleet is reached through [`FleetApi`] alone. Deciding is in `decide` and pure; doing is in `operator`.

mod client;
mod conditions;
pub mod crd;
mod decide;
mod fleet_api;
mod identity_secret;
mod lease;
mod limits;
mod metrics;
mod operator;
mod request_error;
mod token_review;

pub use client::{ConnectError, client, connect};
pub use conditions::{Row, TABLE, document};
pub use fleet_api::{ChangedThing, FleetApi, FleetError, FleetView, LastChange, ObservedNode, Origin};
pub use identity_secret::{CA_KEY, IdentityError, IdentityFile, IdentitySecret, Published};
pub use kube::Client;
pub use lease::LeaderLease;
pub use metrics::{OperatorMetrics, RequestLabels};
pub use operator::{Clock, Operator};
pub use token_review::{AGENT_AUDIENCE, AttestedPod, ReviewError, TokenReviewer};
