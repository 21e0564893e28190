use axum::Json;
use axum::extract::State;
use cloister_api::{Changed, TrustPolicy, TrustPolicyList, TrustPolicyRequest, paths};
use http::HeaderMap;

use super::expected_revision;
use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path};
use crate::api::operations::trust_policies;
use crate::api::{ApiError, ApiState};

/// All trust policies.
#[utoipa::path(get, path = paths::TRUST_POLICIES, tag = "signers", operation_id = "list_trust_policies",
    responses((status = 200, body = TrustPolicyList), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(State(api): State<ApiState>, _: Caller) -> Result<Json<TrustPolicyList>, ApiError> {
    trust_policies::list(&api).await.map(Json)
}

/// One trust policy.
#[utoipa::path(get, path = paths::TRUST_POLICY, tag = "signers", operation_id = "get_trust_policy",
    params(("name" = String, Path,)),
    responses((status = 200, body = TrustPolicy), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn get(
    State(api): State<ApiState>,
    _: Caller,
    Path(name): Path<String>,
) -> Result<Json<TrustPolicy>, ApiError> {
    trust_policies::get(&api, &name).await.map(Json)
}

/// Create a trust policy, or change it.
///
/// Models that no policy admits any more are no longer placed, and their replicas are drained. The
/// same request again changes nothing.
#[utoipa::path(put, path = paths::TRUST_POLICY, tag = "signers", operation_id = "put_trust_policy", request_body = TrustPolicyRequest,
    params(("name" = String, Path, description = "1 to 63 characters of `[a-z0-9-.]`"),
        ("If-Match" = Option<String>, Header, description = "`\"<revision>\"` to change only what you saw, `\"0\"` to create only")),
    responses((status = 200, body = TrustPolicy), Guarded, Checked, responses::Json, Conflicting,
        (status = 412, description = "It is at another revision than If-Match says", body = cloister_api::Problem, content_type = "application/problem+json")),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn put(
    State(api): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<TrustPolicyRequest>,
) -> Result<Json<TrustPolicy>, ApiError> {
    let revision = expected_revision(&headers)?;
    trust_policies::put(&api, &caller, &name, request, revision).await.map(Json)
}

/// Remove a trust policy; models that it alone admitted are drained.
#[utoipa::path(delete, path = paths::TRUST_POLICY, tag = "signers", operation_id = "remove_trust_policy",
    params(("name" = String, Path,),
        ("If-Match" = Option<String>, Header, description = "`\"<revision>\"` to remove only what you saw")),
    responses((status = 200, body = Changed), Guarded, Checked, Found,
        (status = 412, description = "It is at another revision than If-Match says", body = cloister_api::Problem, content_type = "application/problem+json")),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn remove(
    State(api): State<ApiState>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Changed>, ApiError> {
    let revision = expected_revision(&headers)?;
    trust_policies::remove(&api, &caller, &name, revision).await.map(Json)
}
