//! `/api/v1/tenants` and `/api/v1/usage`.

use axum::Json;
use axum::extract::State;
use cloister_api::{Changed, ChangedTenant, NewTenantRequest, TenantList, UsageGroup, UsageReport, paths};
use http::StatusCode;
use serde::Deserialize;

use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path, Query};
use crate::api::operations::{tenants, usage};
use crate::api::{ApiError, ApiState};

#[utoipa::path(get, path = paths::TENANTS, tag = "tenants", operation_id = "list_tenants",
    responses((status = 200, body = TenantList), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(State(api): State<ApiState>, caller: Caller) -> Result<Json<TenantList>, ApiError> {
    tenants::list(&api, &caller).await.map(Json)
}

#[utoipa::path(post, path = paths::TENANTS, tag = "tenants", operation_id = "create_tenant",
    request_body = NewTenantRequest,
    responses((status = 201, body = ChangedTenant), Guarded, Checked, responses::Json, Conflicting),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn create(
    State(api): State<ApiState>,
    caller: Caller,
    JsonBody(request): JsonBody<NewTenantRequest>,
) -> Result<(StatusCode, Json<ChangedTenant>), ApiError> {
    let tenant = tenants::create(&api, &caller, request).await?;
    Ok((StatusCode::CREATED, Json(tenant)))
}

#[utoipa::path(delete, path = paths::TENANT, tag = "tenants", operation_id = "remove_tenant",
    params(("tenant" = String, Path,)),
    responses((status = 200, body = Changed), Guarded, Checked, Found, Conflicting),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn remove(
    State(api): State<ApiState>,
    caller: Caller,
    Path(tenant): Path<String>,
) -> Result<Json<Changed>, ApiError> {
    tenants::remove(&api, &caller, &tenant).await.map(Json)
}

#[derive(Deserialize)]
pub(super) struct Narrow {
    from: Option<String>,
    to: Option<String>,
    by: Option<UsageGroup>,
    tenant: Option<String>,
}

#[utoipa::path(get, path = paths::USAGE, tag = "tenants", operation_id = "get_usage",
    params(("from" = Option<String>, Query, description = "First day (UTC), as `2026-11-30`; default: 30 days"),
        ("to" = Option<String>, Query, description = "Last day (UTC); default: today"),
        ("by" = inline(Option<UsageGroup>), Query, description = "What is summed up; default `caller`"),
        ("tenant" = Option<String>, Query, description = "Only this tenant's")),
    responses((status = 200, body = UsageReport), Guarded, Checked), security(("api_key" = []), ("session" = [])))]
pub(super) async fn usage(
    State(api): State<ApiState>,
    caller: Caller,
    Query(narrow): Query<Narrow>,
) -> Result<Json<UsageReport>, ApiError> {
    let Narrow { from, to, by, tenant } = narrow;
    usage::report(&api, &caller, usage::Selection { from, to, by, tenant }).await.map(Json)
}
