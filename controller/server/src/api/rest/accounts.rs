use axum::Json;
use axum::extract::State;
use cloister_api::{
    AccountList, AccountRolesRequest, Changed, ChangedAccount, LoginLink, NewAccountRequest, paths,
};
use http::StatusCode;

use super::responses::{self, Checked, Conflicting, Found, Guarded};
use crate::api::auth::Caller;
use crate::api::extract::{JsonBody, Path};
use crate::api::operations::accounts;
use crate::api::{ApiError, ApiState};

/// All accounts, disabled ones too.
#[utoipa::path(get, path = paths::ACCOUNTS, tag = "accounts", operation_id = "list_accounts",
    responses((status = 200, body = AccountList), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(State(api): State<ApiState>, caller: Caller) -> Result<Json<AccountList>, ApiError> {
    accounts::list(&api, &caller).await.map(Json)
}

/// Make an account. Its owner gets in by a login link and chooses a password.
#[utoipa::path(post, path = paths::ACCOUNTS, tag = "accounts", operation_id = "create_account",
    request_body = NewAccountRequest,
    responses((status = 201, body = ChangedAccount), Guarded, Checked, responses::Json, Found, Conflicting),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn create(
    State(api): State<ApiState>,
    caller: Caller,
    JsonBody(request): JsonBody<NewAccountRequest>,
) -> Result<(StatusCode, Json<ChangedAccount>), ApiError> {
    let account = accounts::create(&api, &caller, request).await?;
    Ok((StatusCode::CREATED, Json(account)))
}

/// Give an account other roles. They hold from the next call of its sessions on.
#[utoipa::path(put, path = paths::ACCOUNT_ROLES, tag = "accounts", operation_id = "set_account_roles",
    params(("account" = String, Path, description = "Name or id")), request_body = AccountRolesRequest,
    responses((status = 200, body = ChangedAccount), Guarded, Checked, responses::Json, Found, Conflicting),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn set_roles(
    State(api): State<ApiState>,
    caller: Caller,
    Path(account): Path<String>,
    JsonBody(request): JsonBody<AccountRolesRequest>,
) -> Result<Json<ChangedAccount>, ApiError> {
    accounts::set_roles(&api, &caller, &account, request).await.map(Json)
}

/// Make a one-time login link for an account, good for 15 minutes. An earlier one is void.
#[utoipa::path(post, path = paths::LOGIN_LINK, tag = "accounts", operation_id = "create_login_link",
    params(("account" = String, Path, description = "Name or id")),
    responses((status = 201, body = LoginLink), Guarded, Checked, Found, Conflicting),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn create_link(
    State(api): State<ApiState>,
    caller: Caller,
    Path(account): Path<String>,
) -> Result<(StatusCode, Json<LoginLink>), ApiError> {
    let link = accounts::create_link(&api, &caller, &account).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

/// Reset the second factor of an account whose owner has lost it: the next sign-in asks for no code. Its sessions end.
#[utoipa::path(delete, path = paths::ACCOUNT_SECOND_FACTOR, tag = "accounts", operation_id = "reset_second_factor",
    params(("account" = String, Path, description = "Name or id")),
    responses((status = 200, body = Changed), Guarded, Checked, Found, Conflicting),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn reset_second_factor(
    State(api): State<ApiState>,
    caller: Caller,
    Path(account): Path<String>,
) -> Result<Json<Changed>, ApiError> {
    accounts::reset_second_factor(&api, &caller, &account).await.map(Json)
}

/// Disable an account. Its sessions end; its name stays taken.
#[utoipa::path(delete, path = paths::ACCOUNT, tag = "accounts", operation_id = "disable_account",
    params(("account" = String, Path, description = "Name or id")),
    responses((status = 200, body = Changed), Guarded, Checked, Found, Conflicting),
    security(("api_key" = []), ("session" = [])))]
pub(super) async fn disable(
    State(api): State<ApiState>,
    caller: Caller,
    Path(account): Path<String>,
) -> Result<Json<Changed>, ApiError> {
    accounts::disable(&api, &caller, &account).await.map(Json)
}
