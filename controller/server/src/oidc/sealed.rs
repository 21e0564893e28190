//! A provider's tokens at rest: under a key that only the session's cookie yields, so that a copy of the database
//! opens none of them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::flow::Tokens;

#[derive(Serialize, Deserialize)]
struct Plain {
    refresh_token: String,
    id_token: String,
}

/// `None` if the cryptographic library refuses, which has no cause that anybody could mend.
pub(crate) fn seal(cookie_secret: &str, session_id: &str, tokens: &Tokens) -> Option<Vec<u8>> {
    let plain = Plain {
        refresh_token: tokens.refresh.as_ref()?.expose_secret().to_owned(),
        id_token: tokens.id.expose_secret().to_owned(),
    };
    let mut bytes = serde_json::to_vec(&plain).ok()?;
    let aad = Aad::from(session_id.as_bytes());
    let nonce = key(cookie_secret)?.seal_in_place_append_tag(aad, &mut bytes).ok()?;
    Some([nonce.as_ref().as_slice(), &bytes].concat())
}

/// `None` if it was not sealed for this session with this cookie.
pub(crate) fn open(cookie_secret: &str, session_id: &str, sealed: &[u8]) -> Option<Tokens> {
    let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut bytes = Zeroizing::new(bytes.to_vec());
    let aad = Aad::from(session_id.as_bytes());
    let plain = key(cookie_secret)?.open_in_place(nonce, aad, &mut bytes).ok()?;
    let plain: Plain = serde_json::from_slice(plain).ok()?;
    Some(Tokens {
        refresh: Some(SecretString::from(plain.refresh_token)),
        id: SecretString::from(plain.id_token),
    })
}

fn key(cookie_secret: &str) -> Option<RandomizedNonceKey> {
    // The secret has 256 random bits; HKDF (RFC 5869) only sets this use of it apart from others.
    let extracted = Salt::new(HKDF_SHA256, b"cloister/session").extract(cookie_secret.as_bytes());
    let expanded = extracted.expand(&[b"provider tokens"], HKDF_SHA256).ok()?;
    let mut bytes = Zeroizing::new([0; 32]);
    expanded.fill(bytes.as_mut_slice()).ok()?;
    RandomizedNonceKey::new(&AES_256_GCM, bytes.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_open_for_their_session_and_cookie_alone() {
        let tokens = Tokens { refresh: Some("refresh".into()), id: "id".into() };
        let sealed = seal("cookie", "s1", &tokens).unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"refresh"));
        let opened = open("cookie", "s1", &sealed).unwrap();
        assert_eq!((opened.refresh.unwrap().expose_secret(), opened.id.expose_secret()), ("refresh", "id"));
        assert!(open("another", "s1", &sealed).is_none());
        assert!(open("cookie", "s2", &sealed).is_none());
        let mut altered = sealed.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(open("cookie", "s1", &altered).is_none());
        assert!(open("cookie", "s1", b"short").is_none());
    }
}
