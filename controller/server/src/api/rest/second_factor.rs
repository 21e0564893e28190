use axum::Json;
use axum::extract::State;
use cloister_api::{
    Changed, ConfirmSecondFactorRequest, OfferedSecondFactor, RecoveryCodes, RemoveSecondFactorRequest,
    SecondFactor, paths,
};
use http::{HeaderValue, StatusCode, header};

use super::responses::{self, Checked, Conflicting, Guarded, Limited};
use crate::api::auth::Caller;
use crate::api::extract::JsonBody;
use crate::api::operations::session::second_factor;
use crate::api::{ApiError, ApiState};

/// What is shown once is kept by nobody on the way.
const NOT_KEPT: [(header::HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// Whether one has a second factor, and how many recovery codes are left.
#[utoipa::path(get, path = paths::SESSION_SECOND_FACTOR, tag = "session", operation_id = "get_second_factor",
    responses((status = 200, body = SecondFactor), Guarded), security(("session" = [])))]
pub(super) async fn state(
    State(api): State<ApiState>,
    caller: Caller,
) -> Result<Json<SecondFactor>, ApiError> {
    second_factor::state(&api, &caller).await.map(Json)
}

/// Begin to set up a second factor: what an authenticator app is told. It counts once a first code confirms it.
#[utoipa::path(post, path = paths::SESSION_SECOND_FACTOR, tag = "session", operation_id = "offer_second_factor",
    responses((status = 201, body = OfferedSecondFactor), Guarded, Conflicting), security(("session" = [])))]
pub(super) async fn offer(
    State(api): State<ApiState>,
    caller: Caller,
) -> Result<(StatusCode, [(header::HeaderName, HeaderValue); 1], Json<OfferedSecondFactor>), ApiError> {
    let offered = second_factor::offer(&api, &caller).await?;
    Ok((StatusCode::CREATED, NOT_KEPT, Json(offered)))
}

/// Confirm it with a first code. The answer has the recovery codes, once; all other sessions of the account end.
#[utoipa::path(put, path = paths::SESSION_SECOND_FACTOR, tag = "session", operation_id = "confirm_second_factor",
    request_body = ConfirmSecondFactorRequest,
    responses((status = 200, body = RecoveryCodes), Guarded, Checked, responses::Json, Conflicting),
    security(("session" = [])))]
pub(super) async fn confirm(
    State(api): State<ApiState>,
    caller: Caller,
    JsonBody(request): JsonBody<ConfirmSecondFactorRequest>,
) -> Result<([(header::HeaderName, HeaderValue); 1], Json<RecoveryCodes>), ApiError> {
    let codes = second_factor::confirm(&api, &caller, request).await?;
    Ok((NOT_KEPT, Json(codes)))
}

/// Remove one's second factor, with a code and the present password.
#[utoipa::path(post, path = paths::SESSION_SECOND_FACTOR_REMOVAL, tag = "session",
    operation_id = "remove_second_factor", request_body = RemoveSecondFactorRequest,
    responses((status = 200, body = Changed), Guarded, Checked, responses::Json, Conflicting, Limited),
    security(("session" = [])))]
pub(super) async fn remove(
    State(api): State<ApiState>,
    caller: Caller,
    JsonBody(request): JsonBody<RemoveSecondFactorRequest>,
) -> Result<Json<Changed>, ApiError> {
    second_factor::remove(&api, &caller, request).await.map(Json)
}
