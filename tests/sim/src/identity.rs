//! The controller's door, and what a node shows there.

use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use secrecy::{ExposeSecret as _, SecretString};
use tonic::transport::{Certificate as Pem, Channel, ClientTlsConfig, Endpoint, Error, Identity as PemPair};

use cloister_proto::agent::v1::Certificate;

use crate::limits::CONNECT_TIMEOUT;

/// Where agents connect, and which authority vouches for who answers there.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) agents_url: String,
    pub(crate) ca_pem: String,
    /// In the certificate, if it is another than the URL's.
    pub(crate) server_name: Option<String>,
}

impl Door {
    /// A connection with a node's certificate, or as a stranger, who can only enrol.
    pub(crate) async fn connect(&self, identity: Option<&Identity>) -> Result<Channel, Error> {
        let tls = ClientTlsConfig::new().ca_certificate(Pem::from_pem(&self.ca_pem)).timeout(CONNECT_TIMEOUT);
        let tls = self.server_name.iter().fold(tls, ClientTlsConfig::domain_name);
        let tls = identity.map(Identity::pem).into_iter().fold(tls, ClientTlsConfig::identity);
        let endpoint = Endpoint::from_shared(self.agents_url.clone())?.tls_config(tls)?;
        endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true).connect().await
    }
}

/// A fresh P-256 key, and the request to certify it: PKCS#10, DER. It names nobody.
pub(crate) struct KeyAndRequest {
    key: KeyPair,
    pub(crate) csr_der: Vec<u8>,
}

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Identity {
    certificate_pem: String,
    key_pem: SecretString,
    certified_at_unix_s: i64,
    not_after_unix_s: i64,
}

impl KeyAndRequest {
    /// # Errors
    /// The system has no randomness to give.
    pub(crate) fn generate() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        let csr_der = parameters.serialize_request(&key)?.der().to_vec();
        Ok(Self { key, csr_der })
    }

    /// With what the controller answered.
    pub(crate) fn certified(self, certificate: Certificate, now_unix_s: i64) -> Identity {
        let pems = certificate.chain_der.into_iter().map(|der| pem::Pem::new("CERTIFICATE", der));
        Identity {
            certificate_pem: pem::encode_many(&pems.collect::<Vec<_>>()),
            key_pem: self.key.serialize_pem().into(),
            certified_at_unix_s: now_unix_s,
            not_after_unix_s: certificate.not_after_unix_s,
        }
    }
}

impl Identity {
    fn pem(&self) -> PemPair {
        PemPair::from_pem(&self.certificate_pem, self.key_pem.expose_secret())
    }

    /// Seconds until two thirds of the certificate's life are over.
    pub(crate) fn renewal_due_in_s(&self, now_unix_s: i64) -> u64 {
        let life_s = self.not_after_unix_s.saturating_sub(self.certified_at_unix_s).max(0);
        let due_unix_s = self.certified_at_unix_s.saturating_add(life_s / 3 * 2);
        u64::try_from(due_unix_s.saturating_sub(now_unix_s)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_when_two_thirds_of_its_life_are_over() {
        let certificate = Certificate { chain_der: vec![vec![0]], not_after_unix_s: 4_000 };
        let identity = KeyAndRequest::generate().unwrap().certified(certificate, 1_000);
        let due = [1_000, 2_999, 3_000, 9_999].map(|now| identity.renewal_due_in_s(now));
        assert_eq!(due, [2_000, 1, 0, 0]);
    }
}
