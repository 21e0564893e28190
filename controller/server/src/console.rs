//! The web console: its built files, inside this program. What they may do in a browser is said here.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../console/dist"]
#[allow_missing = true]
struct Files;

const PAGE: &str = "index.html";
/// Built files with a hash in their name, which therefore never change.
const HASHED: &str = "assets/";
/// Behind the name of a file: the same, packed when the console was built.
const PACKED: &str = ".gz";
const NOT_BUILT: &str = include_str!("console/not_built.html");
/// What that page does, in a file of its own: the policy lets nothing else run.
const LOOK_AGAIN: (&str, &str) = ("look_again.js", include_str!("console/look_again.js"));

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
        None if path == LOOK_AGAIN.0 => {
            ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], LOOK_AGAIN.1).into_response()
        }
        None => match Files::get(PAGE) {
            Some(page) => answer(PAGE, page, request),
            None => (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT)
                .into_response(),
        },
    }
}

fn answer(path: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let kind = file.metadata.mimetype().to_owned();
    let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind };
    let packed = takes_gzip(request).then(|| Files::get(&format!("{path}{PACKED}"))).flatten();
    let coding = packed.is_some().then_some((header::CONTENT_ENCODING, "gzip"));
    let file = packed.unwrap_or(file);
    let tag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let keep = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = request.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let vary = (header::VARY, "accept-encoding".to_owned());
    let about = [(header::ETAG, tag), (header::CACHE_CONTROL, keep.to_owned()), vary];
    if known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let coding = AppendHeaders(coding);
    (about, [(header::CONTENT_TYPE, kind)], coding, file.data.into_owned()).into_response()
}

/// Whether the request names gzip among what it takes, and does not rule it out (RFC 9110, section 12.5.3).
fn takes_gzip(request: &HeaderMap) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|text| text.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight != Some(0.0)
    })
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
    async fn the_page_that_stands_in_looks_again_by_a_script_of_this_host() {
        assert!(NOT_BUILT.contains(&format!(r#"<script src="/console/{}"></script>"#, LOOK_AGAIN.0)));
        let script = get(false, &format!("/console/{}", LOOK_AGAIN.0)).await;
        assert_eq!(script.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert!(script.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    }

    #[test]
    fn gzip_is_sent_to_whoever_names_it() {
        let cases = [
            (&[][..], false),
            (&["gzip, deflate, br, zstd"][..], true),
            (&["br;q=1.0, GZIP;q=0.8"][..], true),
            (&["br", "gzip"][..], true),
            (&["gzip;q=0"][..], false),
            (&["identity, x-gzip2"][..], false),
        ];
        for (values, expected) in cases {
            let headers = values.iter().map(|value| (header::ACCEPT_ENCODING, value.parse().unwrap()));
            assert_eq!(takes_gzip(&headers.collect()), expected, "{values:?}");
        }
    }

    /// Where the console is built; elsewhere there is nothing to send.
    #[tokio::test]
    async fn a_script_travels_packed_under_its_own_type_and_a_tag_of_its_own() {
        let is_packed_script = |name: &String| name.starts_with(HASHED) && name.ends_with(".js.gz");
        let Some(packed) = Files::iter().map(String::from).find(is_packed_script) else { return };
        let path = format!("/console/{}", packed.trim_end_matches(PACKED));
        let plain = get(false, &path).await;
        let asked = Request::get(&path).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
        let sent = router(false).oneshot(asked).await.unwrap();
        assert_eq!(sent.headers()[header::CONTENT_ENCODING], "gzip");
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        assert_ne!(sent.headers()[header::ETAG], plain.headers()[header::ETAG]);
        for response in [&sent, &plain] {
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
            assert_eq!(response.headers()[header::VARY], "accept-encoding");
        }
        let [sent, plain] =
            [sent, plain].map(|response| axum::body::to_bytes(response.into_body(), usize::MAX));
        let (sent, plain) = (sent.await.unwrap(), plain.await.unwrap());
        assert!(
            sent.starts_with(&[0x1f, 0x8b]) && sent.len() < plain.len(),
            "{} {}",
            sent.len(),
            plain.len()
        );
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
