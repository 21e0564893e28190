//! The fleet's certificate authority: it names nodes, and itself towards them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
    SerialNumber,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::clock::unix_now;
use crate::data_dir::{DataDir, DataDirError, read_optional, write_atomically};
use crate::limits;

const CA_LIFETIME: Duration = Duration::from_secs(10 * 365 * 86_400);
/// Longer than the rotation, so that a paused process still serves a valid one.
const SERVER_LIFETIME: Duration = Duration::from_secs(7 * 86_400);
/// Certificates are valid from a little before they are made: clocks differ.
pub(super) const CLOCK_SKEW: Duration = Duration::from_secs(300);
/// RFC 5280 4.1.2.2: at most 20 octets, positive.
const SERIAL_BYTES: usize = 16;
/// An uncompressed P-256 point (SEC 1, 2.3.3).
const P256_POINT_BYTES: usize = 65;

#[derive(Debug, thiserror::Error)]
pub enum CaError {
    #[error(transparent)]
    Files(#[from] DataDirError),
    #[error(
        "{path} does not hold what was written there ({source}); restore ca.key and ca.pem from a backup: every node trusts this authority"
    )]
    Damaged { path: String, source: rcgen::Error },
    #[error(
        "only one of ca.key and ca.pem is in the data folder; restore the other from a backup: every node trusts this authority"
    )]
    Incomplete,
    #[error("a certificate could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("the certificate does not fit its key: {0}")]
    Key(#[from] rustls::Error),
    #[error("the system's random number generator failed: {0}")]
    Random(getrandom::Error),
}

/// A signing request was refused; the sentence is for the agent's operator.
#[derive(Debug, thiserror::Error)]
pub enum CsrError {
    #[error("the signing request has {0} bytes, and may have {max}", max = limits::CSR_MAX_BYTES)]
    TooLarge(usize),
    #[error(
        "the signing request is not valid ({0}); it must be a DER PKCS#10 request signed with its own key"
    )]
    Invalid(rcgen::Error),
    #[error("the key of the signing request is not on the curve P-256")]
    Curve,
}

/// A public key that its holder proved to own.
pub struct NodeKey(rcgen::PublicKey);

impl NodeKey {
    /// Checks a signing request. Its subject and extensions are ignored: the controller names the node.
    ///
    /// # Errors
    /// [`CsrError`] with the reason.
    pub fn from_csr(der: &[u8]) -> Result<Self, CsrError> {
        if der.len() > limits::CSR_MAX_BYTES {
            return Err(CsrError::TooLarge(der.len()));
        }
        let csr = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(der))
            .map_err(CsrError::Invalid)?;
        let p256 = csr.public_key.algorithm() == &PKCS_ECDSA_P256_SHA256
            && rcgen::PublicKeyData::der_bytes(&csr.public_key).len() == P256_POINT_BYTES;
        p256.then_some(Self(csr.public_key)).ok_or(CsrError::Curve)
    }
}

/// A certificate as the node gets it.
pub struct NodeCertificate {
    /// Leaf, then the authority.
    pub chain_der: Vec<Vec<u8>>,
    /// Lower-case hex.
    pub serial: String,
    pub not_after_unix_s: i64,
}

pub struct FleetCa {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

impl FleetCa {
    /// Reads the authority of the data folder, or makes it on first start.
    ///
    /// # Errors
    /// [`CaError`]; a damaged authority is never replaced by a new one.
    pub fn open(data: &DataDir, fleet_name: &str) -> Result<Self, CaError> {
        let key = read_optional(&data.ca_key())?.map(Zeroizing::new);
        match (key, read_optional(&data.ca_pem())?) {
            (Some(key), Some(pem)) => Self::load(data, &key, pem),
            (None, None) => Self::create(data, fleet_name),
            _ => Err(CaError::Incomplete),
        }
    }

    fn load(data: &DataDir, key: &str, pem: String) -> Result<Self, CaError> {
        let damaged = |path: std::path::PathBuf| {
            move |source| CaError::Damaged { path: path.display().to_string(), source }
        };
        let key = KeyPair::from_pem(key).map_err(damaged(data.ca_key()))?;
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| rcgen::Error::CouldNotParseCertificate)
            .map_err(damaged(data.ca_pem()))?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(damaged(data.ca_pem()))?;
        Ok(Self { issuer, certificate, pem })
    }

    fn create(data: &DataDir, fleet_name: &str) -> Result<Self, CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params(&format!("Cloister fleet {fleet_name}"), CA_LIFETIME)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        let pem = certificate.pem();
        // The certificate first: a key alone is what a crash must not leave to be mistaken for a fleet.
        write_atomically(&data.ca_pem(), pem.as_bytes(), 0o644)?;
        write_atomically(&data.ca_key(), Zeroizing::new(key.serialize_pem()).as_bytes(), 0o600)?;
        Ok(Self { issuer: Issuer::new(params, key), certificate: certificate.der().clone(), pem })
    }

    /// The authority's certificate, for join tokens.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A key for `purpose`, the same on every controller of the fleet: all have the authority's key, and the database
    /// has it not (HKDF, RFC 5869).
    pub(super) fn derived_key(&self, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        let extracted = Salt::new(HKDF_SHA256, b"cloister/fleet").extract(self.issuer.key().serialized_der());
        let info = [purpose];
        let expanded = extracted.expand(&info, HKDF_SHA256);
        let mut key = Zeroizing::new([0; 32]);
        expanded
            .and_then(|okm| okm.fill(key.as_mut_slice()))
            .expect("HKDF yields up to 255 hashes (RFC 5869, section 2.3), and a key is as long as one");
        key
    }

    /// A fresh key and certificate for the agents listener, valid for `hosts` (names or addresses).
    ///
    /// # Errors
    /// A host is neither a DNS name nor an address.
    pub fn server_certificate(&self, hosts: &[String]) -> Result<Arc<rustls::sign::CertifiedKey>, CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params("Cloister controller", SERVER_LIFETIME)?;
        params.subject_alt_names = hosts.iter().map(|host| subject_name(host)).collect::<Result<_, _>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer)?;
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Ok(Arc::new(rustls::sign::CertifiedKey::from_der(chain, key, &crate::crypto_provider())?))
    }

    /// A fresh key and certificate (both PEM, the certificate with the authority behind it) with which one
    /// controller of the fleet calls another.
    ///
    /// # Errors
    /// The signing failed.
    pub fn peer_certificate(
        &self,
        fleet_id: &str,
        controller_id: &str,
    ) -> Result<(String, Zeroizing<String>), CaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params("Cloister controller", SERVER_LIFETIME)?;
        let uri = format!("{}{controller_id}", peer_uri_prefix(fleet_id));
        params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer)?;
        Ok((format!("{}{}", leaf.pem(), self.pem), Zeroizing::new(key.serialize_pem())))
    }

    /// A certificate that says: this key is that node of this fleet, for `lifetime` from now.
    ///
    /// # Errors
    /// The signing failed; nothing about the request can cause it.
    pub fn node_certificate(
        &self,
        key: &NodeKey,
        fleet_id: &str,
        node_id: &str,
        lifetime: Duration,
    ) -> Result<NodeCertificate, CaError> {
        let mut params = params(node_id, lifetime)?;
        let uri = format!("cloister://fleet/{fleet_id}/node/{node_id}");
        params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let serial = params.serial_number.as_ref().map(|s| hex::encode(s.as_ref())).unwrap_or_default();
        let not_after_unix_s = params.not_after.unix_timestamp();
        let leaf = params.signed_by(&key.0, &self.issuer)?;
        let chain_der = vec![leaf.der().to_vec(), self.certificate.to_vec()];
        Ok(NodeCertificate { chain_der, serial, not_after_unix_s })
    }
}

/// What the name of every controller of a fleet begins with, in its certificate.
pub(super) fn peer_uri_prefix(fleet_id: &str) -> String {
    format!("cloister://fleet/{fleet_id}/controller/")
}

fn params(common_name: &str, lifetime: Duration) -> Result<CertificateParams, CaError> {
    let now = rcgen::date_time_ymd(1970, 1, 1) + unix_now();
    let mut serial = [0u8; SERIAL_BYTES];
    getrandom::fill(&mut serial).map_err(CaError::Random)?;
    // Positive and without leading zeros, so that its hex form reads the same everywhere.
    serial[0] = (serial[0] & 0x7f) | 0x40;
    let mut params = CertificateParams::default();
    params.not_before = now - CLOCK_SKEW;
    params.not_after = now + lifetime;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    Ok(params)
}

fn subject_name(host: &str) -> Result<SanType, rcgen::Error> {
    match host.parse::<IpAddr>() {
        Ok(ip) => Ok(SanType::IpAddress(ip)),
        Err(_) => Ok(SanType::DnsName(host.try_into()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csr(key: &KeyPair) -> Vec<u8> {
        CertificateParams::default().serialize_request(key).unwrap().der().to_vec()
    }

    #[test]
    fn the_authority_survives_a_restart_and_half_of_it_is_never_replaced() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::open(temp.path()).unwrap();
        let pem = FleetCa::open(&data, "clinic").unwrap().pem().to_owned();
        assert_eq!(FleetCa::open(&data, "clinic").unwrap().pem(), pem);
        std::fs::remove_file(data.ca_key()).unwrap();
        assert!(matches!(FleetCa::open(&data, "clinic"), Err(CaError::Incomplete)));
    }

    #[test]
    fn a_node_certificate_names_node_and_fleet_and_lasts_as_long_as_told() {
        let temp = tempfile::tempdir().unwrap();
        let ca = FleetCa::open(&DataDir::open(temp.path()).unwrap(), "clinic").unwrap();
        let key = NodeKey::from_csr(&csr(&KeyPair::generate().unwrap())).unwrap();
        let issued = ca.node_certificate(&key, "f1", "n1", Duration::from_secs(60)).unwrap();
        let (_, leaf) = x509_parser::parse_x509_certificate(&issued.chain_der[0]).unwrap();
        let left_s = leaf.validity().not_after.timestamp() - i64::try_from(unix_now().as_secs()).unwrap();
        assert!((58..=60).contains(&left_s), "{left_s}");
        assert_eq!(leaf.raw_serial_as_string().replace(':', ""), issued.serial);
        let names = format!("{:?}", leaf.subject_alternative_name().unwrap().unwrap().value);
        assert!(names.contains("cloister://fleet/f1/node/n1"), "{names}");
        let other = ca.node_certificate(&key, "f1", "n1", Duration::from_secs(60)).unwrap();
        assert_ne!(other.serial, issued.serial);
    }

    #[test]
    fn only_p256_requests_signed_with_their_own_key_are_taken() {
        let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        assert!(matches!(NodeKey::from_csr(&csr(&p384)), Err(CsrError::Curve)));
        let mut forged = csr(&KeyPair::generate().unwrap());
        let last = forged.len() - 1;
        forged[last] ^= 1;
        assert!(matches!(NodeKey::from_csr(&forged), Err(CsrError::Invalid(_))));
        assert!(matches!(NodeKey::from_csr(b"not a request"), Err(CsrError::Invalid(_))));
        assert!(matches!(NodeKey::from_csr(&vec![0; 5000]), Err(CsrError::TooLarge(5000))));
    }
}
