//! Signature bundles: from bytes to a verified list of files.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    digest::Sha256Digest,
    dsse::pre_authentication_encoding,
    error::{BundleError, VerifyError, quoted},
    json::{BUNDLE_MEDIA_TYPE, BundleJson, EnvelopeJson, MaterialJson, PAYLOAD_TYPE, SignatureJson},
    key::TrustedSigner,
    limits::{MAX_BUNDLE_BYTES, MAX_SIGNATURE_BYTES},
    manifest::VerifiedManifest,
    statement,
};

/// A signature bundle of the right shape. Nothing in it is verified yet, and nothing but
/// [`Bundle::signer_hint`] can be read before it is.
#[derive(Debug, Clone)]
pub struct Bundle {
    payload: Vec<u8>,
    signature: Vec<u8>,
    hint: String,
}

impl Bundle {
    /// Reads a signature bundle: sigstore bundle v0.3, method *key*, one DSSE signature over an in-toto
    /// statement.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.is_empty() {
            return Err(BundleError::Empty);
        }
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge { bytes: bytes.len() });
        }
        let bundle: BundleJson = serde_json::from_slice(bytes)
            .map_err(|error| BundleError::NotABundle { reason: quoted(&error.to_string()) })?;
        if bundle.media_type != BUNDLE_MEDIA_TYPE {
            return Err(BundleError::MediaType { found: quoted(&bundle.media_type) });
        }
        let hint = read_hint(&bundle.verification_material)?;
        if bundle.message_signature.is_some() {
            return Err(BundleError::NoEnvelope);
        }
        let envelope = bundle.dsse_envelope.ok_or(BundleError::NoEnvelope)?;
        let (payload, signature) = read_envelope(&envelope)?;
        Ok(Self { payload, signature, hint })
    }

    /// Key id of the key that claims to have signed; unverified, for messages only.
    pub fn signer_hint(&self) -> &str {
        &self.hint
    }

    /// SHA-256 of the payload as `sha256:<hex>`: what the model's identity will be if the signature is
    /// good. Unverified.
    pub fn claimed_model_digest(&self) -> String {
        Sha256Digest::of(&self.payload).to_prefixed()
    }

    /// Checks that one of `trusted` signed the payload, then reads the list of files from it.
    ///
    /// # Errors
    /// Bad signature, untrusted signer, altered key hint, or a signed statement that is not acceptable.
    pub fn verify_signature(&self, trusted: &[TrustedSigner]) -> Result<VerifiedManifest, VerifyError> {
        let signer = self.find_signer(trusted)?;
        let statement = statement::read(&self.payload)?;
        Ok(VerifiedManifest {
            model_digest: self.claimed_model_digest(),
            signer_key_id: signer.key_id(),
            signer_name: signer.name.clone(),
            model_name: statement.model_name,
            files: statement.files,
        })
    }

    /// The trusted signer whose signature this is.
    pub(crate) fn find_signer<'a>(
        &self,
        trusted: &'a [TrustedSigner],
    ) -> Result<&'a TrustedSigner, VerifyError> {
        let message = pre_authentication_encoding(PAYLOAD_TYPE, &self.payload);
        let actual = trusted.iter().find(|signer| signer.key.verifies(&message, &self.signature));
        match actual {
            Some(signer) if signer.key_id() == self.hint => Ok(signer),
            Some(signer) => {
                Err(VerifyError::HintMismatch { claimed: self.hint.clone(), actual: signer.key_id() })
            }
            None if trusted.iter().any(|signer| signer.key_id() == self.hint) => {
                Err(VerifyError::BadSignature { key_id: self.hint.clone() })
            }
            // Neither hint nor signature leads to a known key: nothing can be said about the signature.
            None => Err(VerifyError::UntrustedSigner { key_id: self.hint.clone() }),
        }
    }
}

fn read_hint(material: &MaterialJson) -> Result<String, BundleError> {
    let unsupported = |method| Err(BundleError::UnsupportedMethod { method });
    if material.x509_certificate_chain.is_some() {
        return unsupported("certificate chain (method \"certificate\")");
    }
    if material.certificate.is_some() || !material.tlog_entries.is_empty() {
        return unsupported("sigstore identity (method \"sigstore\")");
    }
    let hint = material.public_key.as_ref().map(|key| key.hint.as_str()).unwrap_or_default();
    if hint.is_empty() {
        return Err(BundleError::NoKeyHint);
    }
    let digest: Sha256Digest = hint.parse().map_err(|_| BundleError::KeyHintMalformed)?;
    Ok(digest.to_string())
}

fn read_envelope(envelope: &EnvelopeJson) -> Result<(Vec<u8>, Vec<u8>), BundleError> {
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(BundleError::PayloadType { found: quoted(&envelope.payload_type) });
    }
    let signature = read_signature(&envelope.signatures)?;
    let payload = STANDARD.decode(&envelope.payload).map_err(|_| BundleError::PayloadEncoding)?;
    Ok((payload, signature))
}

fn read_signature(signatures: &[SignatureJson]) -> Result<Vec<u8>, BundleError> {
    match signatures {
        [] => Err(BundleError::Unsigned),
        [only] if only.sig.is_empty() => Err(BundleError::Unsigned),
        [only] => STANDARD
            .decode(&only.sig)
            .ok()
            .filter(|signature| signature.len() <= MAX_SIGNATURE_BYTES)
            .ok_or(BundleError::SignatureEncoding),
        several => Err(BundleError::SeveralSignatures { count: several.len() }),
    }
}
