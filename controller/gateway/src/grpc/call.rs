//! What a call's metadata says.

use std::time::Duration;

use tonic::Request;
use tonic::metadata::MetadataMap;

use crate::failure::Failure;
use crate::limits;
use crate::request::Call;

pub(super) fn authorization(metadata: &MetadataMap) -> Option<&str> {
    metadata.get("authorization").and_then(|value| value.to_str().ok())
}

/// Address, deadline and trace.
///
/// # Errors
/// `Invalid` for a deadline that is not written as the protocol says.
pub(super) fn read<T>(request: &Request<T>) -> Result<Call, Failure> {
    let text = |name: &str| request.metadata().get(name).and_then(|value| value.to_str().ok());
    let timeout = match text("grpc-timeout") {
        None => None,
        Some(stated) => Some(timeout(stated).ok_or_else(|| {
            Failure::invalid("grpc-timeout", "must be 1 to 8 digits and one of H, M, S, m, u, n")
        })?),
    };
    Ok(Call {
        address: request.remote_addr().map(|address| address.ip().to_string()),
        timeout,
        traceparent: text("traceparent").map(str::to_owned),
    })
}

/// `TimeoutValue TimeoutUnit` of the gRPC-over-HTTP/2 protocol. Longer than the longest is cut.
fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    let timeout = match unit {
        "H" => Duration::from_secs(value.saturating_mul(3_600)),
        "M" => Duration::from_secs(value.saturating_mul(60)),
        "S" => Duration::from_secs(value),
        "m" => Duration::from_millis(value),
        "u" => Duration::from_micros(value),
        "n" => Duration::from_nanos(value),
        _ => return None,
    };
    Some(timeout.min(limits::MAX_TIMEOUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_protocol_writes_them() {
        let cases = [
            ("5S", Some(Duration::from_secs(5))),
            ("250m", Some(Duration::from_millis(250))),
            ("1H", Some(limits::MAX_TIMEOUT)),
            ("99999999H", Some(limits::MAX_TIMEOUT)),
            ("0n", Some(Duration::ZERO)),
            ("123456789S", None),
            ("-5S", None),
            ("5", None),
            ("S", None),
            ("", None),
            ("5é", None),
            ("5s", None),
        ];
        for (text, expected) in cases {
            assert_eq!(timeout(text), expected, "{text}");
        }
    }
}
