//! Asking for a certificate.

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use secrecy::SecretString;

/// A fresh P-256 key and the request to certify it.
#[derive(Debug)]
pub(crate) struct KeyAndRequest {
    /// PKCS#8, PEM.
    pub key_pem: SecretString,
    /// PKCS#10, DER. It names nobody: the controller decides the name.
    pub csr_der: Vec<u8>,
}

impl KeyAndRequest {
    /// Makes a new key. Enrolment and every renewal use one of their own, so that a key that leaked is worth
    /// no more than the life of one certificate.
    ///
    /// # Errors
    ///
    /// The operating system has no randomness to give.
    pub(crate) fn generate() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        let csr_der = parameters.serialize_request(&key)?.der().to_vec();
        Ok(Self { key_pem: SecretString::from(key.serialize_pem()), csr_der })
    }
}
