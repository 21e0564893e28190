//! Whom this node believes.

use cloister_provenance::{Bundle, TrustedSigner, VerifiedManifest};

use super::ArtifactError;

/// The signers that this node accepts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signers {
    /// Chosen by the node's owner; while there are any, the controller's list does not count.
    pins: Vec<TrustedSigner>,
}

impl Signers {
    pub(crate) fn new(pins: Vec<TrustedSigner>) -> Self {
        Self { pins }
    }

    pub(crate) fn pinned(&self) -> bool {
        !self.pins.is_empty()
    }

    /// Checks who signed `bundle`, and that it is the model that was ordered.
    pub(crate) fn verify(
        &self,
        bundle: &[u8],
        controllers_pem: &[String],
        ordered_digest: &str,
    ) -> Result<VerifiedManifest, ArtifactError> {
        let bundle = Bundle::parse(bundle).map_err(ArtifactError::refused)?;
        let manifest = match self.pinned() {
            true => bundle.verify_signature(&self.pins),
            false => bundle.verify_signature(&parse(controllers_pem)),
        };
        let manifest = manifest.map_err(ArtifactError::refused)?;
        if manifest.model_digest != ordered_digest {
            return Err(ArtifactError::refused(format!(
                "the signature is of model {}, but {ordered_digest} was ordered",
                manifest.model_digest
            )));
        }
        Ok(manifest)
    }
}

fn parse(pem: &[String]) -> Vec<TrustedSigner> {
    let signer = |pem: &String| match TrustedSigner::from_pem("trusted by the controller", pem) {
        Ok(signer) => Some(signer),
        Err(error) => {
            // One key less to believe: never a reason to believe more.
            tracing::warn!("the controller sent a signer's key that cannot be read: {error}");
            None
        }
    };
    pem.iter().filter_map(signer).collect()
}
