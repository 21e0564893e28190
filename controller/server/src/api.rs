//! Running the fleet: one set of operations, spoken over REST and gRPC.
//!
//! `operations` decide and change; `rest` and `grpc` only translate. Who may do what is one table
//! (`access`); a route that is not in it is refused.

mod access;
mod ask;
mod auth;
mod denials;
mod error;
mod events;
mod extract;
mod grpc;
#[cfg(feature = "kubernetes")]
mod kubernetes;
mod names;
mod operations;
mod passwords;
mod rest;
mod second_factors;
mod state;

pub use ask::let_people_ask;
pub use auth::SessionSettings;
pub use error::ApiError;
pub use rest::{openapi, router};
pub use state::{ApiSettings, ApiState};

use cloister_proto::admin::v1::admin_service_server::AdminServiceServer;

/// The gRPC service over the same operations as [`router`].
pub fn grpc_service(
    state: ApiState,
) -> AdminServiceServer<impl cloister_proto::admin::v1::admin_service_server::AdminService> {
    AdminServiceServer::new(grpc::Admin::new(state))
        .max_decoding_message_size(cloister_api::limits::JSON_BODY_MAX_BYTES)
}

#[cfg(test)]
mod tests;
