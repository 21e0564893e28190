//! REST under `/api/v1`: axum in front of the operations, and the OpenAPI document of it all.

mod accounts;
mod audit;
mod configuration;
mod deployments;
mod events;
mod fleet;
mod history;
mod imports;
mod keys;
mod models;
mod nodes;
mod oidc;
mod openapi;
mod replicas;
mod responses;
mod second_factor;
mod session;
mod signers;
mod tenants;
mod trust_policies;
mod uploads;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{any, get};
use cloister_api::limits::JSON_BODY_MAX_BYTES;
use cloister_api::{ProblemKind, paths};
use http::{HeaderMap, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::guard;
use super::{ApiError, ApiState};

pub use openapi::document as openapi;

/// Everything under `/api`. Unknown paths there are problems too; what lies beside is not touched.
pub fn router(state: ApiState) -> Router {
    let (routes, _) = documented().split_for_parts();
    routes
        .route(paths::OPENAPI, get(openapi::serve))
        // Only for routes that exist, and before any of their bodies is read.
        .route_layer(middleware::from_fn_with_state(state.clone(), guard))
        .route("/api", any(unknown_path))
        .route("/api/", any(unknown_path))
        .route("/api/{*rest}", any(unknown_path))
        .layer(DefaultBodyLimit::max(JSON_BODY_MAX_BYTES))
        .with_state(state)
}

/// The routes that the OpenAPI document lists.
fn documented() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(fleet::version))
        .routes(routes!(fleet::status))
        .routes(routes!(history::fleet))
        .routes(routes!(events::stream))
        .routes(routes!(configuration::get))
        .routes(routes!(configuration::diagnostics))
        .routes(routes!(uploads::begin))
        .routes(routes!(uploads::get, uploads::remove))
        .routes(routes!(uploads::append))
        .routes(routes!(models::list, models::import))
        .routes(routes!(models::get, models::remove))
        .routes(routes!(models::approve))
        .routes(routes!(models::retire))
        .routes(routes!(imports::list, imports::begin))
        .routes(routes!(imports::get, imports::cancel))
        .routes(routes!(signers::list, signers::trust))
        .routes(routes!(signers::revoke))
        .routes(routes!(trust_policies::list))
        .routes(routes!(trust_policies::get, trust_policies::put, trust_policies::remove))
        .routes(routes!(deployments::list))
        .routes(routes!(deployments::get, deployments::put, deployments::remove))
        .routes(routes!(deployments::history::revisions))
        .routes(routes!(deployments::history::return_to))
        .routes(routes!(deployments::history::restart))
        .routes(routes!(deployments::history::events))
        .routes(routes!(replicas::list))
        .routes(routes!(replicas::explain))
        .routes(routes!(replicas::logs))
        .routes(routes!(nodes::list))
        .routes(routes!(nodes::create_join_token))
        .routes(routes!(nodes::schedule))
        .routes(routes!(nodes::preview))
        .routes(routes!(history::node))
        .routes(routes!(nodes::revoke))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(session::methods))
        .routes(routes!(session::own, session::start, session::end))
        .routes(routes!(session::set_password))
        .routes(routes!(second_factor::state, second_factor::offer, second_factor::confirm))
        .routes(routes!(second_factor::remove))
        .routes(routes!(oidc::begin))
        .routes(routes!(oidc::callback))
        .routes(routes!(session::list))
        .routes(routes!(session::end_other))
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::remove))
        .routes(routes!(tenants::usage))
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::disable))
        .routes(routes!(accounts::set_roles))
        .routes(routes!(accounts::create_link))
        .routes(routes!(accounts::reset_second_factor))
        .routes(routes!(audit::records))
        .routes(routes!(audit::timeline))
        .routes(routes!(audit::record))
        .routes(routes!(audit::record_evidence))
        .routes(routes!(audit::evidence))
        .routes(routes!(audit::checkpoint))
        .routes(routes!(audit::key))
}

async fn unknown_path() -> ApiError {
    ApiError::new(
        ProblemKind::NotFound,
        format!("there is no such path; every path is listed in {}", paths::OPENAPI),
    )
}

/// An entity tag (RFC 9110) whose text is the revision.
fn expected_revision(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text =
        value.to_str().ok().and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    text.map(Some).ok_or_else(|| {
        ApiError::invalid(
            "If-Match",
            "If-Match must be the revision you saw, in quotation marks: If-Match: \"3\"",
        )
    })
}
