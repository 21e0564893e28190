//! Who is calling? An API key's secret is looked up by its digest in the snapshot.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::failure::Failure;
use crate::limits;
use crate::routes::{Grant, Routes};

/// A caller whose key is good, and the snapshot that said so.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) grant: Grant,
    pub(crate) routes: Arc<Routes>,
}

/// Takes whom somebody in front of the gateway has let in already, or else checks the value of an `Authorization`
/// header.
///
/// # Errors
/// As [`authenticate`].
pub(crate) fn admitted(
    routes: Arc<Routes>,
    grant: Option<&Grant>,
    authorization: Option<&str>,
) -> Result<Caller, Failure> {
    match grant {
        Some(grant) => Ok(Caller { grant: grant.clone(), routes }),
        None => authenticate(routes, authorization),
    }
}

/// Checks the value of an `Authorization` header.
///
/// # Errors
/// `KeyMissing`, `KeyUnknown` or `KeyExpired`.
pub(crate) fn authenticate(routes: Arc<Routes>, authorization: Option<&str>) -> Result<Caller, Failure> {
    let secret = authorization.and_then(bearer).ok_or(Failure::KeyMissing)?;
    if secret.len() > limits::MAX_KEY_SECRET_BYTES {
        return Err(Failure::KeyUnknown);
    }
    let grant = routes.key(secret).ok_or(Failure::KeyUnknown)?.clone();
    if grant.expired(now_unix_s()) {
        return Err(Failure::KeyExpired);
    }
    Ok(Caller { grant, routes })
}

/// The credentials of the scheme `Bearer`, whose name is case-insensitive (RFC 9110, section 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, credentials) = header.trim().split_once(' ')?;
    let credentials = credentials.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !credentials.is_empty()).then_some(credentials)
}

/// Seconds since 1970; 0 if the clock is set before.
pub(crate) fn now_unix_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn routes(expires_unix_s: Option<i64>) -> Arc<Routes> {
        let mut routes = Routes::default();
        let grant = Grant {
            kind: cloister_evidence::record::ActorKind::ApiKey,
            id: "k1".into(),
            name: "ward 3".into(),
            admin: false,
            tenant: None,
            models: Vec::new(),
            expires_unix_s,
        };
        routes.keys.insert(Sha256::digest(b"clk_right").into(), grant);
        Arc::new(routes)
    }

    #[test]
    fn only_a_known_unexpired_bearer_key_gets_in() {
        let long = format!("Bearer {}", "x".repeat(300));
        let cases = [
            (None, None, Err(Failure::KeyMissing)),
            (None, Some(""), Err(Failure::KeyMissing)),
            (None, Some("Bearer "), Err(Failure::KeyMissing)),
            (None, Some("Basic clk_right"), Err(Failure::KeyMissing)),
            (None, Some("Bearer clk_wrong"), Err(Failure::KeyUnknown)),
            (None, Some(long.as_str()), Err(Failure::KeyUnknown)),
            (Some(1), Some("Bearer clk_right"), Err(Failure::KeyExpired)),
            (Some(i64::MAX), Some("Bearer clk_right"), Ok("k1")),
            (None, Some("Bearer clk_right"), Ok("k1")),
            (None, Some("bearer  clk_right "), Ok("k1")),
        ];
        for (expires, header, expected) in cases {
            let found = authenticate(routes(expires), header).map(|caller| caller.grant.id);
            assert_eq!(found, expected.map(str::to_owned), "{header:?}");
        }
    }
}
