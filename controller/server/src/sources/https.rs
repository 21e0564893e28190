//! An archive over HTTPS, named by its digest.

use std::sync::Arc;

use cloister_api::limits::SOURCE_URL_MAX_BYTES;
use futures_util::FutureExt as _;
use reqwest::header::{CONTENT_LENGTH, RANGE};
use reqwest::{Client, Response, StatusCode, Url};

use super::egress::{client, failed};
use super::error::SourceError;
use super::{Form, Piece, SourceSettings, get};
use crate::limits::UPLOAD_MAX_BYTES;

/// A URL that can be fetched from, as far as its text tells.
///
/// # Errors
/// The end of a sentence that begins with the field's name.
pub(crate) fn check_url(text: &str) -> Result<Url, String> {
    if text.len() > SOURCE_URL_MAX_BYTES {
        return Err(format!("has {} bytes; at most {SOURCE_URL_MAX_BYTES} are taken", text.len()));
    }
    let url = Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
    if url.scheme() != "https" {
        return Err("must begin with https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must hold no user name or password: it is shown and kept on record".to_owned());
    }
    if url.fragment().is_some() {
        return Err("must have no part behind a #; the digest belongs into sha256".to_owned());
    }
    Ok(url)
}

pub(super) async fn open(
    settings: &SourceSettings,
    url: &str,
    sha256: &str,
) -> Result<Vec<Piece>, SourceError> {
    let url = check_url(url).map_err(|why| SourceError::invalid(format!("the URL {why}")))?;
    let mut digest = [0; 32];
    hex::decode_to_slice(sha256, &mut digest)
        .map_err(|_| SourceError::invalid("sha256 must be 64 hexadecimal digits"))?;
    settings.egress.check(&url)?;
    let client = client(&settings.egress, settings.options.source_ca.as_deref())?;
    let size_bytes = size(&client, &url).await?;
    let read = Arc::new(move |offset| {
        let (client, url) = (client.clone(), url.clone());
        async move {
            let response = get::from_offset(client.get(url), offset).send().await;
            let response = get::succeeded(response.map_err(|error| failed(&error))?, "archive")?;
            get::body_from(response, offset)
        }
        .boxed()
    });
    Ok(vec![Piece {
        name: "archive".to_owned(),
        size_bytes,
        sha256: Some(digest),
        read,
        form: Form::Archive,
    }])
}

/// Asks for one byte: servers that know ranges tell the whole size with it, others with their answer.
async fn size(client: &Client, url: &Url) -> Result<u64, SourceError> {
    let response = client.get(url.clone()).header(RANGE, "bytes=0-0").send().await;
    let response = get::succeeded(response.map_err(|error| failed(&error))?, "archive")?;
    match told_size(&response) {
        Some(0) => Err(SourceError::invalid("the archive is empty")),
        Some(size_bytes) if size_bytes <= UPLOAD_MAX_BYTES => Ok(size_bytes),
        Some(size_bytes) => Err(SourceError::invalid(format!(
            "the archive has {size_bytes} bytes; at most {UPLOAD_MAX_BYTES} are fetched"
        ))),
        None => Err(SourceError::invalid(
            "the source does not say how large the archive is (no Content-Length); serve it as a plain file",
        )),
    }
}

fn told_size(response: &Response) -> Option<u64> {
    match response.status() {
        StatusCode::PARTIAL_CONTENT => get::content_range(response)?.1,
        _ => response.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok(),
    }
}
