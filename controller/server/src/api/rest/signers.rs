use axum::Json;
use axum::extract::State;
use cloister_api::{Changed, Signer, SignerList, TrustSignerRequest, paths};
use http::StatusCode;

use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path};
use crate::api::operations::signers;
use crate::api::{ApiError, ApiState};

/// All signers, revoked ones too.
#[utoipa::path(get, path = paths::SIGNERS, tag = "signers", operation_id = "list_signers",
    responses((status = 200, body = SignerList), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(State(api): State<ApiState>, _: Caller) -> Result<Json<SignerList>, ApiError> {
    signers::list(&api).await.map(Json)
}

/// Trust the models that a key signed.
#[utoipa::path(post, path = paths::SIGNERS, tag = "signers", operation_id = "trust_signer", request_body = TrustSignerRequest,
    responses((status = 201, body = Signer), Guarded, Checked, responses::Json, Conflicting), security(("api_key" = []), ("session" = [])))]
pub(super) async fn trust(
    State(api): State<ApiState>,
    caller: Caller,
    JsonBody(request): JsonBody<TrustSignerRequest>,
) -> Result<(StatusCode, Json<Signer>), ApiError> {
    let signer = signers::trust(&api, &caller, request).await?;
    Ok((StatusCode::CREATED, Json(signer)))
}

/// Trust a signer no longer.
///
/// Its models stay, are no longer placed, and their replicas are drained.
#[utoipa::path(delete, path = paths::SIGNER, tag = "signers", operation_id = "revoke_signer",
    params(("key_id" = String, Path,)),
    responses((status = 200, body = Changed), Guarded, Checked, Found, Conflicting), security(("api_key" = []), ("session" = [])))]
pub(super) async fn revoke(
    State(api): State<ApiState>,
    caller: Caller,
    Path(key_id): Path<String>,
) -> Result<Json<Changed>, ApiError> {
    signers::revoke(&api, &caller, &key_id).await.map(Json)
}
