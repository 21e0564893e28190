//! The OpenAPI document: built from the routes themselves.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use cloister_api::{ChangedTopics, Hello, Problem, Topic};
use http::header;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder};
use utoipa::{PartialSchema as _, ToSchema as _};

/// The name under which the document knows the API key.
pub(super) const KEY: &str = "api_key";
/// And the session of somebody who is signed in.
pub(super) const SESSION: &str = "session";

/// The whole document.
pub fn document() -> OpenApi {
    let (_, mut paths) = super::documented().split_for_parts();
    let own = OpenApiBuilder::new().info(info()).components(Some(components())).build();
    paths.info = own.info.clone();
    own.merge_from(paths)
}

fn info() -> utoipa::openapi::Info {
    InfoBuilder::new()
        .title("Cloister")
        .version("v1")
        .description(Some(
            "Running a fleet of local language models. Every change commits together with its audit record, or not \
             at all. Every error is a problem document (RFC 9457); an HTTP status not listed for an operation does \
             not come from it. Times are RFC 3339 in UTC.",
        ))
        .license(Some(License::new("Apache-2.0")))
        .build()
}

fn components() -> utoipa::openapi::Components {
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description = Some("An API key with the role admin.".to_owned());
    let cookie = ApiKeyValue::with_description(
        "cloister",
        "The cookie that signing in sets; over TLS it is called `__Host-cloister`. Calls that change something also \
         send the session's `csrf_token` as `x-cloister-csrf`.",
    );
    ComponentsBuilder::new()
        .security_scheme(KEY, SecurityScheme::Http(bearer))
        .security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)))
        .schema(Problem::name(), Problem::schema())
        // What the stream of events is made of; an operation can only name the whole of it.
        .schema(Topic::name(), Topic::schema())
        .schema(Hello::name(), Hello::schema())
        .schema(ChangedTopics::name(), ChangedTopics::schema())
        .build()
}

pub(super) async fn serve() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_json().unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}
