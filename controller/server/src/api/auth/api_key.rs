//! An API key, looked up by the digest of its secret.

use cloister_api::Role;
use cloister_store::{Key, KeyRole};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::api::{ApiError, ApiState};

/// Longest `Authorization` value that is looked at; a secret has 47 characters.
const AUTHORIZATION_MAX_BYTES: usize = 256;

/// The use of a key is written down no more often.
const USE_NOTED_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// Why a key is not accepted. The caller is not told more than that it is not; the record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    Missing,
    Malformed,
    Unknown,
    Revoked,
    Expired,
}

impl NoKey {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Missing => "key_missing",
            Self::Malformed => "key_malformed",
            Self::Unknown => "key_unknown",
            Self::Revoked => "key_revoked",
            Self::Expired => "key_expired",
        }
    }

    pub(super) fn detail(self) -> &'static str {
        match self {
            Self::Missing => "no API key was sent; send Authorization: Bearer <secret> with an admin key",
            Self::Malformed => "the Authorization header is not of the form Bearer <secret>",
            Self::Unknown | Self::Revoked | Self::Expired => {
                "the API key is unknown, expired or revoked; ask whoever runs the fleet for a new one"
            }
        }
    }
}

pub(super) async fn identify(
    api: &ApiState,
    authorization: Option<&[u8]>,
    now: Timestamp,
) -> Result<Result<Key, NoKey>, ApiError> {
    let Some(value) = authorization else { return Ok(Err(NoKey::Missing)) };
    let Some(secret) = bearer(value) else { return Ok(Err(NoKey::Malformed)) };
    // The database compares digests: how long that takes tells nothing about a secret.
    let hash: [u8; 32] = Sha256::digest(secret).into();
    let Some(key) = api.store().key_by_hash(&hash).await? else { return Ok(Err(NoKey::Unknown)) };
    if key.revoked_at.is_some() {
        return Ok(Err(NoKey::Revoked));
    }
    if key.expires_at.is_some_and(|expires| expires <= now) {
        return Ok(Err(NoKey::Expired));
    }
    let is_noted = |at: Timestamp| now.duration_since(at) < USE_NOTED_EVERY;
    if !key.last_used_at.is_some_and(is_noted) {
        api.store().touch_key(&key.id, now).await?;
    }
    Ok(Ok(key))
}

/// The credentials of `Bearer <credentials>` (RFC 6750); the scheme's case does not matter.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    if value.len() > AUTHORIZATION_MAX_BYTES {
        return None;
    }
    let (scheme, rest) = value.split_at_checked(b"bearer ".len())?;
    let secret = rest.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer ") && !secret.is_empty()).then_some(secret)
}

pub(super) fn role(key: &Key) -> Role {
    match key.role {
        KeyRole::Admin => Role::Admin,
        KeyRole::Inference => Role::Inference,
    }
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn only_a_bearer_secret_is_taken() {
        let cases: [(&[u8], Option<&[u8]>); 8] = [
            (b"Bearer clk_x", Some(b"clk_x")),
            (b"bearer  clk_x ", Some(b"clk_x")),
            (b"Basic clk_x", None),
            (b"Bearer", None),
            (b"Bearer ", None),
            (b"", None),
            (b"Bearerclk_x", None),
            (&[b'B'; 300], None),
        ];
        for (value, secret) in cases {
            assert_eq!(bearer(value), secret, "{:?}", String::from_utf8_lossy(value));
        }
    }
}
