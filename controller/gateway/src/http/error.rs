//! Failures in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::failure::{Class, Failure};

#[derive(Serialize)]
pub(super) struct ErrorBody<'a> {
    error: ErrorDetail<'a>,
}

#[derive(Serialize)]
struct ErrorDetail<'a> {
    message: String,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'a str>,
    code: &'static str,
}

/// The body alone, as it is also sent inside a stream.
pub(super) fn body(failure: &Failure) -> ErrorBody<'_> {
    let error = ErrorDetail {
        message: failure.to_string(),
        kind: kind(failure.class()),
        param: failure.param(),
        code: failure.code(),
    };
    ErrorBody { error }
}

/// Status, headers and body.
pub(super) fn response(failure: &Failure) -> Response {
    let mut response = (status(failure.class()), Json(body(failure))).into_response();
    let headers = response.headers_mut();
    if let Some(seconds) = failure.retry_after_s() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if failure.class() == Class::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn status(class: Class) -> StatusCode {
    match class {
        Class::Unauthenticated => StatusCode::UNAUTHORIZED,
        Class::Forbidden => StatusCode::FORBIDDEN,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::Invalid | Class::Precondition => StatusCode::BAD_REQUEST,
        Class::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Class::TooSlow => StatusCode::REQUEST_TIMEOUT,
        Class::Exhausted => StatusCode::TOO_MANY_REQUESTS,
        Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Class::Deadline => StatusCode::GATEWAY_TIMEOUT,
        Class::Aborted => StatusCode::BAD_GATEWAY,
        Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The words that OpenAI's clients know.
fn kind(class: Class) -> &'static str {
    match class {
        Class::Unauthenticated => "authentication_error",
        Class::Forbidden => "permission_error",
        Class::Exhausted => "rate_limit_error",
        Class::NotFound | Class::Invalid | Class::Precondition | Class::TooLarge | Class::TooSlow => {
            "invalid_request_error"
        }
        Class::Unavailable | Class::Deadline | Class::Aborted | Class::Internal => "server_error",
    }
}

fn plain(status: StatusCode, message: &str, code: &'static str) -> Response {
    let error = ErrorDetail { message: message.to_owned(), kind: "invalid_request_error", param: None, code };
    (status, Json(ErrorBody { error })).into_response()
}

/// A path under `/v1` that is not there.
pub(super) async fn unknown_path() -> Response {
    let message = "there is no such path; this API has /v1/models, /v1/chat/completions and /v1/completions";
    plain(StatusCode::NOT_FOUND, message, "unknown_path")
}

/// A path that is there, with another method.
pub(super) async fn wrong_method() -> Response {
    let message = "wrong method: POST asks for an answer, GET lists models";
    plain(StatusCode::METHOD_NOT_ALLOWED, message, "wrong_method")
}
