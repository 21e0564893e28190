//! The web console: its built files, inside this program. What they may do in a browser is said here.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../console/dist"]
#[allow_missing = true]
struct Files;

const PAGE: &str = "index.html";
/// Built files with a hash in their name, which therefore never change.
const HASHED: &str = "assets/";
const NOT_BUILT: &str = include_str!("console/not_built.html");

/// Everything from this host, nothing from another, no script or style inside a page. WebAssembly checks proofs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
);

const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// `/console/` and below; `/` leads there. `tls`: whether the browser reaches it encrypted, and shall from now on
/// do nothing else.
pub(crate) fn router(tls: bool) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/console/") }))
        .route("/console", get(|| async { Redirect::permanent("/console/") }))
        .route("/console/", get(|state, headers| serve(state, Path(String::new()), headers)))
        .route("/console/{*path}", get(serve))
        .with_state(tls)
}

async fn serve(State(tls): State<bool>, Path(path): Path<String>, request: HeaderMap) -> Response {
    let mut response = find(&path, &request);
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    if tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
    response
}

/// A file, or the page: which view it shows, the console decides by its address.
fn find(path: &str, request: &HeaderMap) -> Response {
    match Files::get(path).filter(|_| path != PAGE) {
        Some(file) => answer(path, file, request),
        None if path.starts_with(HASHED) => StatusCode::NOT_FOUND.into_response(),
        None => match Files::get(PAGE) {
            Some(page) => answer(PAGE, page, request),
            None => (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT)
                .into_response(),
        },
    }
}

fn answer(path: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let keep = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = request.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let about = [(header::ETAG, tag), (header::CACHE_CONTROL, keep.to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let kind = file.metadata.mimetype().to_owned();
    let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind };
    (about, [(header::CONTENT_TYPE, kind)], file.data.into_owned()).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn get(tls: bool, path: &str) -> Response {
        router(tls).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn every_view_is_the_same_page_and_a_missing_file_is_none() {
        let page = get(false, "/console/").await.status();
        assert!([StatusCode::OK, StatusCode::NOT_FOUND].contains(&page), "built or told how to build");
        assert_eq!(get(false, "/console/nodes/muc-1").await.status(), page);
        assert_eq!(get(false, "/console/assets/gone.js").await.status(), StatusCode::NOT_FOUND);
        assert_eq!(get(false, "/").await.headers()[header::LOCATION], "/console/");
    }

    #[tokio::test]
    async fn nothing_of_another_host_may_run_and_no_other_page_may_frame_it() {
        for path in ["/console/", "/console/nodes", "/console/assets/gone.js"] {
            let response = get(false, path).await;
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; "), "{policy}");
            assert!(
                policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-inline"),
                "{policy}"
            );
            assert!(!policy.contains("http"), "{policy}");
            assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert!(!response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
        }
        assert!(get(true, "/console/").await.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
    }
}
