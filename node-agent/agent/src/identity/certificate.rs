//! Reading this node's own certificate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

/// From when until when a certificate is valid, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    /// The first second.
    pub not_before_unix_s: i64,
    /// The last second.
    pub not_after_unix_s: i64,
}

impl Validity {
    /// Whether the certificate has expired at `now_unix_s`.
    pub(crate) fn expired(&self, now_unix_s: i64) -> bool {
        now_unix_s > self.not_after_unix_s
    }

    /// Milliseconds from `now_unix_ms` until two thirds of the life that began at `certified_at_unix_s` are over;
    /// 0 if they are.
    pub(crate) fn renewal_due_in_ms(&self, certified_at_unix_s: i64, now_unix_ms: i64) -> u64 {
        let begin_unix_s = certified_at_unix_s
            .clamp(self.not_before_unix_s, self.not_after_unix_s.max(self.not_before_unix_s));
        let life_ms = self.not_after_unix_s.saturating_sub(begin_unix_s).max(0).saturating_mul(1_000);
        let due_unix_ms = begin_unix_s.saturating_mul(1_000).saturating_add(life_ms / 3 * 2);
        u64::try_from(due_unix_ms.saturating_sub(now_unix_ms)).unwrap_or(0)
    }
}

/// The first certificate of a chain.
pub(crate) struct Leaf {
    pub(crate) validity: Validity,
    public_key: Vec<u8>,
}

impl Leaf {
    pub(crate) fn parse(chain_pem: &str) -> Option<Self> {
        let (_, pem) = x509_parser::pem::parse_x509_pem(chain_pem.as_bytes()).ok()?;
        let certificate = pem.parse_x509().ok()?;
        let validity = Validity {
            not_before_unix_s: certificate.validity().not_before.timestamp(),
            not_after_unix_s: certificate.validity().not_after.timestamp(),
        };
        let public_key = certificate.public_key().subject_public_key.data.to_vec();
        Some(Self { validity, public_key })
    }

    pub(crate) fn belongs_to(&self, key_pem: &SecretString) -> bool {
        rcgen::KeyPair::from_pem(key_pem.expose_secret())
            .is_ok_and(|key| key.public_key_raw() == self.public_key)
    }
}

/// PEM of a chain of DER certificates, in the same order.
pub(crate) fn chain_to_pem(chain_der: &[Vec<u8>]) -> String {
    chain_der.iter().map(|der| certificate_to_pem(der)).collect()
}

fn certificate_to_pem(der: &[u8]) -> String {
    const LINE: usize = 64;
    let encoded = STANDARD.encode(der);
    // Base64 is ASCII, so every chunk is text.
    let lines: Vec<_> = encoded.as_bytes().chunks(LINE).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
