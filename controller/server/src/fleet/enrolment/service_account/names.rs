//! What tokens and names of k8s nodes may look like.

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::fleet::attestation::AttestationError;
use crate::fleet::enrolment::refused::Refused;
use crate::limits::{NODE_NAME_MAX_BYTES, PLATFORM_NODE_MAX_BYTES, SERVICE_ACCOUNT_TOKEN_MAX_BYTES};

/// Hex digits of its digest that keep a shortened name apart from others.
const DIGEST_CHARS: usize = 8;

/// Long or shapeless texts do not bother the cluster: a token is a JWT in its compact form (RFC 7519).
pub(super) fn check_token(token: &SecretString) -> Result<(), Refused> {
    let text = token.expose_secret();
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if text.len() <= SERVICE_ACCOUNT_TOKEN_MAX_BYTES
        && text.split('.').count() == 3
        && text.split('.').all(plain)
    {
        return Ok(());
    }
    Err(AttestationError::TokenUnknown.into())
}

/// A DNS subdomain (RFC 1123), as names of k8s nodes are.
pub(super) fn is_platform_node(text: &str) -> bool {
    (1..=PLATFORM_NODE_MAX_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
}

/// A display name for a k8s node: dots become hyphens, and what is too long ends in a part of its digest.
pub(super) fn display_name(platform_node: &str) -> String {
    let plain = platform_node.replace('.', "-");
    if plain.len() <= NODE_NAME_MAX_BYTES {
        return plain;
    }
    let digest = hex::encode(Sha256::digest(platform_node.as_bytes()));
    let kept: String = plain.chars().take(NODE_NAME_MAX_BYTES - 1 - DIGEST_CHARS).collect();
    format!("{kept}-{}", digest.chars().take(DIGEST_CHARS).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_k8s_node_has_a_display_name_and_long_ones_stay_apart() {
        assert_eq!(display_name("worker-1"), "worker-1");
        assert_eq!(display_name("ip-10-0-0-1.eu.internal"), "ip-10-0-0-1-eu-internal");
        let (a, b) = (format!("{}.a", "n".repeat(70)), format!("{}.b", "n".repeat(70)));
        for name in [&a, &b] {
            assert!(is_platform_node(name));
            assert!(crate::options::is_dns_label(&display_name(name)), "{}", display_name(name));
        }
        assert_ne!(display_name(&a), display_name(&b));
        for bad in ["", "Node", "a_b", &"n".repeat(254)] {
            assert!(!is_platform_node(bad), "{bad}");
        }
    }

    #[test]
    fn only_what_looks_like_a_token_is_asked_about() {
        assert!(check_token(&"eyJh.eyJz_-9.c2ln".to_owned().into()).is_ok());
        let long = format!("a.b.{}", "c".repeat(SERVICE_ACCOUNT_TOKEN_MAX_BYTES));
        for bad in ["x", "a.b", "a..c", "a.b.c.d", "a.b.c d", &long] {
            let refused = check_token(&bad.to_owned().into()).err().unwrap();
            assert_eq!(refused.class, "service_account_token_unknown");
        }
    }
}
