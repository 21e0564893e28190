//! The problems that operations can answer with, for the OpenAPI document. Each set is named after
//! the kind of operation that has it.

use cloister_api::Problem;
use utoipa::IntoResponses;

/// Of every operation that needs a key.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive alone")]
pub(super) enum Guarded {
    #[response(
        status = 401,
        description = "No API key or session, or one that is unknown, expired, ended or revoked",
        content_type = "application/problem+json"
    )]
    Unauthenticated(Problem),
    #[response(
        status = 403,
        description = "The key is no admin key, no role of the account allows it, or x-cloister-csrf is missing",
        content_type = "application/problem+json"
    )]
    Forbidden(Problem),
    #[response(
        status = 500,
        description = "A fault of the controller",
        content_type = "application/problem+json"
    )]
    Internal(Problem),
    #[response(
        status = 503,
        description = "The state or the audit record cannot be read or written now; nothing was changed",
        content_type = "application/problem+json"
    )]
    Unavailable(Problem),
}

/// Of signing in, for which no key is needed.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive alone")]
pub(super) enum Entry {
    #[response(
        status = 401,
        description = "Name, password, link or code is wrong; or a code is needed (`code-needed`)",
        content_type = "application/problem+json"
    )]
    Unauthenticated(Problem),
    #[response(
        status = 403,
        description = "The call comes from a page that is not the console's",
        content_type = "application/problem+json"
    )]
    Forbidden(Problem),
    #[response(
        status = 500,
        description = "A fault of the controller",
        content_type = "application/problem+json"
    )]
    Internal(Problem),
    #[response(
        status = 503,
        description = "The state or the audit record cannot be read or written now; nobody was signed in",
        content_type = "application/problem+json"
    )]
    Unavailable(Problem),
}

/// Of operations that check passwords.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive alone")]
pub(super) enum Limited {
    #[response(
        status = 429,
        description = "Too many attempts; `retry_after_s` says for how long",
        content_type = "application/problem+json"
    )]
    TooManyRequests(Problem),
}

/// Of operations that hold something open.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive alone")]
pub(super) enum Crowded {
    #[response(
        status = 429,
        description = "As many are open already as there may be",
        content_type = "application/problem+json"
    )]
    TooManyRequests(Problem),
}

/// Of operations that take parameters or a body.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive alone")]
pub(super) enum Checked {
    #[response(
        status = 400,
        description = "A field or parameter is wrong; `field` names it",
        content_type = "application/problem+json"
    )]
    Invalid(Problem),
}

/// Of operations that take a JSON body.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive alone")]
pub(super) enum Json {
    #[response(
        status = 413,
        description = "The body is larger than 1 MiB",
        content_type = "application/problem+json"
    )]
    TooLarge(Problem),
    #[response(
        status = 415,
        description = "The body is not sent as application/json",
        content_type = "application/problem+json"
    )]
    UnsupportedMediaType(Problem),
}

/// Of operations on one thing.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive alone")]
pub(super) enum Found {
    #[response(
        status = 404,
        description = "There is no such thing",
        content_type = "application/problem+json"
    )]
    NotFound(Problem),
}

/// Of operations that the present state may not allow.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive alone")]
pub(super) enum Conflicting {
    #[response(
        status = 409,
        description = "The present state does not allow this; `type` and `detail` say why",
        content_type = "application/problem+json"
    )]
    Conflict(Problem),
}
