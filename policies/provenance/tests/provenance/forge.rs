//! Bundles that no signing tool would make, really signed.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloister_provenance::{
    Bundle, Sha256Digest, SigningKey, TrustedSigner, VerifiedManifest, VerifyError, keygen,
};
use serde_json::{Value, json};

pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A signer of the test, trusted under the name "ward".
pub(crate) struct Forger {
    pub(crate) key: SigningKey,
    pub(crate) private_pem: String,
    pub(crate) trusted: TrustedSigner,
}

impl Forger {
    pub(crate) fn new() -> Self {
        let generated = keygen().unwrap();
        Self {
            key: SigningKey::from_pem(&generated.private_pem).unwrap(),
            private_pem: generated.private_pem.to_string(),
            trusted: TrustedSigner::from_pem("ward", &generated.public_pem).unwrap(),
        }
    }

    pub(crate) fn key_id(&self) -> String {
        self.trusted.key_id()
    }

    /// A bundle over any payload, its signature good.
    pub(crate) fn bundle(&self, payload: &[u8]) -> Value {
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": self.key_id()}, "tlogEntries": []},
            "dsseEnvelope": {
                "payload": STANDARD.encode(payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": STANDARD.encode(self.signature(payload)), "keyid": ""}],
            },
        })
    }

    fn signature(&self, payload: &[u8]) -> Vec<u8> {
        let message = [format!("DSSEv1 28 {PAYLOAD_TYPE} {} ", payload.len()).as_bytes(), payload].concat();
        let der = pem::parse(&self.private_pem).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.contents()).unwrap();
        pair.sign(&SystemRandom::new(), &message).unwrap().as_ref().to_vec()
    }

    /// Signs `payload`, reads the bundle back and verifies it.
    pub(crate) fn verify(&self, payload: &[u8]) -> Result<VerifiedManifest, VerifyError> {
        let bytes = serde_json::to_vec(&self.bundle(payload)).unwrap();
        Bundle::parse(&bytes).unwrap().verify_signature(std::slice::from_ref(&self.trusted))
    }
}

/// An acceptable statement over `files` (name, content), to be bent by a test.
pub(crate) fn statement(files: &[(&str, &[u8])]) -> Value {
    let digests: Vec<Sha256Digest> = files.iter().map(|(_, content)| Sha256Digest::of(content)).collect();
    let root: Vec<u8> = digests.iter().flat_map(|digest| digest.0).collect();
    let resources = files.iter().zip(&digests).map(
        |((name, _), digest)| json!({"name": name, "digest": digest.to_string(), "algorithm": "sha256"}),
    );
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": Sha256Digest::of(&root).to_string()}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "resources": resources.collect::<Vec<_>>(),
            "serialization": {
                "method": "files", "hash_type": "sha256", "allow_symlinks": false, "ignore_paths": [],
            },
        },
    })
}
