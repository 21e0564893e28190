//! A fleet's certificate authority.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, IsCa,
    Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
};

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = key();
        let mut parameters = parameters("test fleet", Duration::from_secs(3_600));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), pem }
    }

    /// Certificate and key of a server on loopback, PEM.
    pub(crate) fn server(&self) -> (String, String) {
        let key = key();
        let mut parameters = parameters("controller", Duration::from_secs(3_600));
        let address = |last| rcgen::SanType::IpAddress([127, 0, 0, last].into());
        parameters.subject_alt_names = vec![address(1), address(2)];
        (parameters.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// A node's certificate for the key of a request; DER, and when it ends.
    pub(crate) fn node(&self, csr_der: &[u8], lifetime: Duration) -> (Vec<u8>, i64) {
        let request = CertificateSigningRequestParams::from_der(&csr_der.into()).unwrap();
        let parameters = parameters("node-1", lifetime);
        let not_after = parameters.not_after.unix_timestamp();
        (parameters.signed_by(&request.public_key, &self.issuer).unwrap().der().to_vec(), not_after)
    }
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

fn parameters(name: &str, lifetime: Duration) -> CertificateParams {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = rcgen::date_time_ymd(1970, 1, 1) + now;
    let mut parameters = CertificateParams::default();
    // As a real controller does: clocks differ.
    parameters.not_before = now - Duration::from_secs(300);
    parameters.not_after = now + lifetime;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}
