//! To an identity provider and back. Browsers come here by following links, so every outcome is an address to go on to.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use cloister_api::{ProblemKind, paths};
use cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::responses::{Checked, Found};
use super::session::{origin_of, with_cookie};
use crate::api::auth::{cookie_value, set_cookie};
use crate::api::extract::{Path, Query};
use crate::api::operations::session::provider::{NotSignedIn, Returned, finish};
use crate::api::{ApiError, ApiState};
use crate::oidc::{Attempt, Provider};

/// Of the cookie that holds an attempt. Lax: the browser comes back by a link on the provider's page.
const COOKIE: &str = "cloister-oidc";
const SECURE_COOKIE: &str = "__Host-cloister-oidc";
const COOKIE_SECONDS: i64 = 600;

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    next: String,
}

/// Sign in with an identity provider: sends the browser there.
#[utoipa::path(get, path = paths::SESSION_OIDC, tag = "session", operation_id = "begin_oidc",
    params(("issuer" = String, Path, description = "As in `/api/v1/session/methods`"),
        ("next" = Option<String>, Query, description = "Where in the console the browser goes afterwards")),
    responses((status = 303, description = "To the provider; or to the console's sign-in with `oidc_error`"),
        Checked, Found))]
pub(super) async fn begin(
    State(api): State<ApiState>,
    Path(issuer): Path<String>,
    Query(Wanted { next }): Query<Wanted>,
) -> Result<Response, ApiError> {
    let provider = find(&api, &issuer)?;
    let attempt = Attempt::begin(provider.id(), &next, Timestamp::now())
        .map_err(|_| ApiError::new(ProblemKind::Internal, "the system's random numbers cannot be read"))?;
    match provider.authorization_url(&attempt).await {
        Ok(url) => {
            let cookie = cookie_of(&api, &provider, attempt.to_cookie(), COOKIE_SECONDS);
            Ok(with_cookie(see_other(&url), &cookie))
        }
        Err(error) => {
            tracing::warn!(provider = provider.id(), %error, "nobody can sign in with a provider");
            Ok(not_signed_in(&NotSignedIn::Provider(error), attempt.next()))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// The identity provider sends the browser back here.
#[utoipa::path(get, path = paths::SESSION_OIDC_CALLBACK, tag = "session", operation_id = "finish_oidc",
    params(("issuer" = String, Path,), ("code" = Option<String>, Query,), ("state" = Option<String>, Query,),
        ("iss" = Option<String>, Query, description = "RFC 9207")),
    responses((status = 303, description = "Into the console; or to its sign-in with `oidc_error`"), Checked, Found))]
pub(super) async fn callback(
    State(api): State<ApiState>,
    Path(issuer): Path<String>,
    Query(answer): Query<Answer>,
    request: Request,
) -> Result<Response, ApiError> {
    let provider = find(&api, &issuer)?;
    let attempt = cookie_value(request.headers(), &[SECURE_COOKIE, COOKIE])
        .and_then(|value| Attempt::from_cookie(&value, provider.id(), Timestamp::now()));
    let next = attempt.as_ref().map_or("/console/", Attempt::next).to_owned();
    let returned = Returned { attempt, state: answer.state, code: answer.code, issuer: answer.iss };
    let response = match finish(&api, &origin_of(&request), &provider, returned).await {
        Ok(started) => {
            with_cookie(see_other(&next), &set_cookie(api.sessions(), started.secret.expose_secret()))
        }
        Err(why) => not_signed_in(&why, &next),
    };
    // An attempt is used once, however it ends.
    Ok(with_cookie(response, &cookie_of(&api, &provider, String::new(), 0)))
}

fn find(api: &ApiState, issuer: &str) -> Result<Arc<Provider>, ApiError> {
    api.oidc().find(issuer).cloned().ok_or_else(|| {
        let issuer: String = issuer.chars().take(64).collect();
        ApiError::not_found(format!(
            "there is no identity provider {issuer:?}; /api/v1/session/methods has them"
        ))
    })
}

fn cookie_of(api: &ApiState, provider: &Provider, value: String, seconds: i64) -> String {
    let secure = api.sessions().tls || provider.is_reached_over_tls();
    Cookie::build((if secure { SECURE_COOKIE } else { COOKIE }, value))
        .path("/")
        .http_only(true)
        .secure(secure)
        .same_site(SameSite::Lax)
        .max_age(cookie::time::Duration::seconds(seconds))
        .build()
        .to_string()
}

fn not_signed_in(why: &NotSignedIn, next: &str) -> Response {
    let within = next.strip_prefix("/console").filter(|within| *within != "/");
    let next = within.map(|within| ("next", within));
    let query = form_urlencoded([("oidc_error", why.code())].into_iter().chain(next));
    see_other(&format!("/console/login?{query}"))
}

fn form_urlencoded<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    reqwest::Url::parse_with_params("http://console.invalid/", pairs)
        .ok()
        .and_then(|url| url.query().map(str::to_owned))
        .unwrap_or_default()
}

/// What is answered here is for this browser at this moment.
fn see_other(url: &str) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::from_str(url) {
        Ok(location) => {
            headers.insert(header::LOCATION, location);
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(_) => {
            ApiError::new(ProblemKind::Internal, "there is an address that cannot be sent").into_response()
        }
    }
}
