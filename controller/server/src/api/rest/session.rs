use axum::Json;
use axum::extract::{FromRequest as _, Request, State};
use axum::response::{IntoResponse as _, Response};
use cloister_api::{
    Changed, NewPasswordRequest, NewSession, ProblemKind, Session, SessionList, SessionMethods, SignedOut,
    paths,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::responses::{self, Checked, Conflicting, Found, Guarded, Limited};
use crate::api::auth::{Caller, address_of, cookie_secret, is_same_site, remove_cookie, set_cookie};
use crate::api::extract::{JsonBody, Path, Query};
use crate::api::operations::session::{self, Origin};
use crate::api::{ApiError, ApiState};

/// How one can sign in.
#[utoipa::path(get, path = paths::SESSION_METHODS, tag = "session", operation_id = "get_session_methods",
    responses((status = 200, body = SessionMethods)))]
pub(super) async fn methods(State(api): State<ApiState>) -> Json<SessionMethods> {
    Json(session::methods(&api))
}

/// Sign in, with a one-time link or a password.
///
/// The answer sets the session's cookie. An account with a second factor is asked for a code (`code-needed`) once
/// password or link is right; the same call with the code then signs in. After several failures in a row an account
/// takes neither for a while.
#[utoipa::path(post, path = paths::SESSION, tag = "session", operation_id = "sign_in", request_body = NewSession,
    responses((status = 201, body = Session), responses::Entry, Checked, responses::Json, Limited))]
pub(super) async fn start(State(api): State<ApiState>, request: Request) -> Result<Response, ApiError> {
    if !is_same_site(request.headers()) {
        let detail = "signing in is possible from the console's own pages only";
        return Err(ApiError::new(ProblemKind::Forbidden, detail));
    }
    let origin = origin_of(&request);
    let JsonBody(wanted) = JsonBody::from_request(request, &api).await?;
    let started = session::start(&api, origin, wanted).await?;
    let cookie = set_cookie(api.sessions(), started.secret.expose_secret());
    Ok(with_cookie((StatusCode::CREATED, Json(started.session)).into_response(), &cookie))
}

/// The session that the request's cookie stands for.
#[utoipa::path(get, path = paths::SESSION, tag = "session", operation_id = "get_session",
    responses((status = 200, body = Session), Guarded), security(("session" = [])))]
pub(super) async fn own(State(api): State<ApiState>, caller: Caller) -> Result<Json<Session>, ApiError> {
    session::own(&api, &caller).map(Json)
}

#[derive(Deserialize)]
pub(super) struct HowEnded {
    #[serde(default)]
    idle: bool,
}

/// Sign out.
#[utoipa::path(delete, path = paths::SESSION, tag = "session", operation_id = "sign_out",
    params(("idle" = Option<bool>, Query, description = "The console does it because nobody is there; for the record")),
    responses((status = 200, body = SignedOut), Guarded, Checked), security(("session" = [])))]
pub(super) async fn end(
    State(api): State<ApiState>,
    caller: Caller,
    headers: HeaderMap,
    Query(HowEnded { idle }): Query<HowEnded>,
) -> Result<Response, ApiError> {
    let secret = cookie_secret(&headers);
    let ended = session::end(&api, &caller, secret.as_deref(), idle).await?;
    Ok(with_cookie(Json(ended).into_response(), &remove_cookie(api.sessions())))
}

/// Choose a new password for oneself. All other sessions of the account end.
#[utoipa::path(post, path = paths::SESSION_PASSWORD, tag = "session", operation_id = "set_password",
    request_body = NewPasswordRequest,
    responses((status = 200, body = Changed), Guarded, Checked, responses::Json, Conflicting, Limited),
    security(("session" = [])))]
pub(super) async fn set_password(
    State(api): State<ApiState>,
    caller: Caller,
    JsonBody(request): JsonBody<NewPasswordRequest>,
) -> Result<Json<Changed>, ApiError> {
    session::set_password(&api, &caller, request).await.map(Json)
}

/// All open sessions.
#[utoipa::path(get, path = paths::SESSIONS, tag = "session", operation_id = "list_sessions",
    responses((status = 200, body = SessionList), Guarded), security(("api_key" = []), ("session" = [])))]
pub(super) async fn list(State(api): State<ApiState>, caller: Caller) -> Result<Json<SessionList>, ApiError> {
    session::list(&api, &caller).await.map(Json)
}

/// End somebody's session.
#[utoipa::path(delete, path = paths::OPEN_SESSION, tag = "session", operation_id = "end_session",
    params(("session_id" = String, Path,)),
    responses((status = 200, body = Changed), Guarded, Checked, Found), security(("api_key" = []), ("session" = [])))]
pub(super) async fn end_other(
    State(api): State<ApiState>,
    caller: Caller,
    Path(session_id): Path<String>,
) -> Result<Json<Changed>, ApiError> {
    session::end_other(&api, &caller, &session_id).await.map(Json)
}

pub(super) fn origin_of(request: &Request) -> Origin {
    let client = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Origin { address: address_of(request), client: client.unwrap_or_default().to_owned() }
}

pub(super) fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}
