//! Signing keys and the keys that a fleet trusts: ECDSA on P-256 with SHA-256.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey,
    },
};
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer, pem::PemObject as _};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    digest::Sha256Digest,
    error::{KeyError, SignError},
    limits::MAX_KEY_PEM_BYTES,
};

/// Length of an uncompressed P-256 point.
const POINT_BYTES: usize = 65;

/// DER head of a SubjectPublicKeyInfo for an uncompressed P-256 point (RFC 5480): the only encoding of
/// such a key that is accepted, so that one key has one key id.
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A P-256 public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    point: [u8; POINT_BYTES],
}

impl PublicKey {
    /// Reads the first `PUBLIC KEY` block of a PEM text.
    ///
    /// # Errors
    /// No such block, or not a P-256 key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        check_size(pem)?;
        let spki =
            SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoPublicKey)?;
        let point = spki.strip_prefix(&SPKI_HEAD).ok_or(KeyError::NotP256)?;
        Self::from_point(point)
    }

    fn from_point(point: &[u8]) -> Result<Self, KeyError> {
        let point: [u8; POINT_BYTES] = point.try_into().map_err(|_| KeyError::NotP256)?;
        // Refuses a point that is not on the curve now, not at the first signature.
        ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).map_err(|_| KeyError::NotP256)?;
        Ok(Self { point })
    }

    /// The canonical PEM text: 64 columns, `\n`, final newline.
    pub fn to_pem(&self) -> String {
        encode_pem("PUBLIC KEY", [&SPKI_HEAD[..], &self.point[..]].concat())
    }

    /// SHA-256, in hexadecimal, of [`PublicKey::to_pem`]: what a signature bundle carries as key hint.
    pub fn key_id(&self) -> String {
        Sha256Digest::of(self.to_pem().as_bytes()).to_string()
    }

    /// Whether `signature` (DER) is this key's signature over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.point)
            .is_ok_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.key_id())
    }
}

/// A public key whose signatures a fleet accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedSigner {
    /// What an administrator calls the signer.
    pub name: String,
    pub key: PublicKey,
}

impl TrustedSigner {
    /// A signer called `name` whose public key is the first `PUBLIC KEY` block of `pem`.
    ///
    /// # Errors
    /// As [`PublicKey::from_pem`].
    pub fn from_pem(name: impl Into<String>, pem: &str) -> Result<Self, KeyError> {
        Ok(Self { name: name.into(), key: PublicKey::from_pem(pem)? })
    }

    /// Key id of the signer's public key.
    pub fn key_id(&self) -> String {
        self.key.key_id()
    }
}

/// A P-256 private key. Its bytes live in the cryptographic library and never appear in `Debug`.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Reads the first private key of a PEM text: PKCS#8 (`PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`),
    /// as OpenSSL and Python write them, unencrypted.
    ///
    /// # Errors
    /// No private key, an encrypted one, or not a P-256 key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        check_size(pem)?;
        if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        let mut der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoPrivateKey)?;
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der.secret_der())
            .map_err(|_| KeyError::NotP256);
        der.zeroize();
        Self::from_pair(pair?)
    }

    fn from_pair(pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let public = PublicKey::from_point(pair.public_key().as_ref())?;
        Ok(Self { pair, public })
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// DER signature over `message`.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| SignError::Signature)?;
        Ok(signature.as_ref().to_vec())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, secret)", self.public.key_id())
    }
}

/// A new key pair as texts to be written to files.
pub struct GeneratedKey {
    /// PKCS#8 PEM. Write it with mode 0600; it is wiped from memory when dropped.
    pub private_pem: Zeroizing<String>,
    /// SubjectPublicKeyInfo PEM.
    pub public_pem: String,
    /// Key id of the public key.
    pub key_id: String,
}

/// Generates a key pair.
///
/// # Errors
/// The system's random generator failed.
pub fn keygen() -> Result<GeneratedKey, KeyError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| KeyError::Generation)?;
    let document = pair.to_pkcs8v1().map_err(|_| KeyError::Generation)?;
    let private_pem = Zeroizing::new(encode_pem("PRIVATE KEY", document.as_ref().to_vec()));
    let public = SigningKey::from_pair(pair)?.public;
    Ok(GeneratedKey { private_pem, public_pem: public.to_pem(), key_id: public.key_id() })
}

fn encode_pem(tag: &str, der: Vec<u8>) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    let block = pem::Pem::new(tag, der);
    let text = pem::encode_config(&block, config);
    let mut der = block.into_contents();
    der.zeroize();
    text
}

fn check_size(pem: &str) -> Result<(), KeyError> {
    if pem.len() > MAX_KEY_PEM_BYTES {
        return Err(KeyError::TooLarge { bytes: pem.len() });
    }
    Ok(())
}
