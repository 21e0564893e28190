//! What a request's headers say.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::ConnectInfo;
use http::request::Parts;

use crate::failure::Failure;
use crate::limits;
use crate::request::Call;

const TIMEOUT_HEADER: &str = "x-cloister-timeout-ms";

/// A header that is text and appears once.
pub(super) fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    let mut values = head.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Address, deadline and trace.
///
/// # Errors
/// `Invalid` for a deadline that is not 1 to 3,600,000.
pub(super) fn read(head: &Parts) -> Result<Call, Failure> {
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>();
    Ok(Call {
        address: peer.map(|ConnectInfo(address)| address.ip().to_string()),
        timeout: timeout(head)?,
        traceparent: header(head, "traceparent").map(str::to_owned),
    })
}

fn timeout(head: &Parts) -> Result<Option<Duration>, Failure> {
    if !head.headers.contains_key(TIMEOUT_HEADER) {
        return Ok(None);
    }
    let stated = header(head, TIMEOUT_HEADER).and_then(|text| text.trim().parse().ok());
    let timeout = stated.map(Duration::from_millis);
    match timeout.filter(|timeout| !timeout.is_zero() && *timeout <= limits::MAX_TIMEOUT) {
        Some(timeout) => Ok(Some(timeout)),
        None => Err(Failure::invalid(
            TIMEOUT_HEADER,
            format!("must be a header with an integer from 1 to {}", limits::MAX_TIMEOUT.as_millis()),
        )),
    }
}
