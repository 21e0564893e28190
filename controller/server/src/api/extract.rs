//! Taking requests apart, so that everything wrong with one comes out as a problem document.

use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cloister_api::limits::JSON_BODY_MAX_BYTES;
use cloister_api::problem::MEDIA_TYPE;
use cloister_api::{Problem, ProblemKind};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;

use super::ApiError;
use super::auth::Caller;

/// Longest piece of a parser's message that is repeated to the caller.
const DETAIL_MAX_CHARS: usize = 400;

/// A JSON body of at most [`JSON_BODY_MAX_BYTES`].
pub(super) struct JsonBody<T>(pub(super) T);

/// Path parameters.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub(super) struct Path<T>(pub(super) T);

/// Query parameters.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub(super) struct Query<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        check_media_type(request.headers())?;
        let body = Bytes::from_request(request, state).await?;
        parse(&body).map(Self)
    }
}

fn check_media_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = value.split(';').next().unwrap_or("").trim();
    match essence.eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(ApiError::new(
            ProblemKind::UnsupportedMediaType,
            "the body must be JSON; send it with Content-Type: application/json",
        )),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // Serde would also take an array of the fields' values, which nobody documents.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(ApiError::invalid("body", "the body must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let why = shortened(&error.inner().to_string());
        match field.as_str() {
            "." | "?" => ApiError::invalid("body", format!("the body is not what is expected here: {why}")),
            _ => ApiError::invalid(field.clone(), format!("{field} is not what is expected here: {why}")),
        }
    })?;
    json.end()
        .map_err(|error| ApiError::invalid("body", format!("the body goes on after its end: {error}")))?;
    Ok(value)
}

fn shortened(text: &str) -> String {
    text.chars().take(DETAIL_MAX_CHARS).collect()
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        // The guard puts it there for every route that needs a key: a handler that asks for a caller
        // on a public route is a mistake, and gets none.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            ApiError::new(
                ProblemKind::Unauthenticated,
                "no API key was sent; send Authorization: Bearer <secret>",
            )
        })
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(
                ProblemKind::TooLarge,
                format!("the body is larger than {JSON_BODY_MAX_BYTES} bytes, the most that is read here"),
            ),
            _ => {
                Self::invalid("body", "the connection was lost before the whole body had come; send it again")
            }
        }
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self::invalid("path", format!("the path is not valid: {}", shortened(&rejection.body_text())))
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::invalid("query", format!("the query is not valid: {}", shortened(&rejection.body_text())))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem: &Problem = &self.0;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(problem).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        match self.kind() {
            ProblemKind::Unauthenticated | ProblemKind::CodeNeeded => {
                let challenge = HeaderValue::from_static("Bearer realm=\"cloister\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            ProblemKind::TooManyRequests | ProblemKind::Unavailable => {
                let seconds = problem.retry_after_s.unwrap_or(2);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloister_api::DeployRequest;

    #[test]
    fn bad_json_names_the_field_and_the_reason() {
        let cases: [(&[u8], &str, &str); 10] = [
            (b"", "body", "JSON object"),
            (b"{", "body", "EOF"),
            (b"[\"m\",1,0,0,{},\"\"]", "body", "JSON object"),
            (b"{}", "body", "missing field `model`"),
            (br#"{"model":1}"#, "model", "expected a string"),
            (br#"{"model":"m","replicas":-1}"#, "replicas", "-1"),
            (br#"{"model":"m","replicas":1e99}"#, "replicas", "1e+99"),
            (br#"{"model":"m","replicas":99999999999999999999}"#, "replicas", "expected u32"),
            (br#"{"model":"m","node_selector":{"a":1}}"#, "node_selector.a", "expected a string"),
            (b"{\"model\":\"\xff\"}", "model", "invalid unicode"),
        ];
        for (body, field, why) in cases {
            let problem = parse::<DeployRequest>(body).unwrap_err().0;
            assert_eq!(problem.field.as_deref(), Some(field), "{}", String::from_utf8_lossy(body));
            assert!(problem.detail.contains(why), "{}", problem.detail);
        }
        assert!(parse::<DeployRequest>(br#"{"model":"m"} x"#).is_err());
    }

    #[test]
    fn a_huge_wrong_value_is_not_repeated_in_full() {
        let body = format!(r#"{{"model":"m","replicas":"{}"}}"#, "x".repeat(100_000));
        let problem = parse::<DeployRequest>(body.as_bytes()).unwrap_err().0;
        assert!(problem.detail.len() < 1_000);
    }
}
